-- Sealed columns take the place of the plain ones. Dropping a column leaves what it held in the
-- file of the table; changing the type of another writes the table anew, without it.

ALTER TABLE enrolment.person DROP COLUMN identity_number, DROP COLUMN name, DROP COLUMN phone;
ALTER TABLE enrolment.person RENAME sealed_identity TO identity_number;
ALTER TABLE enrolment.person RENAME sealed_name TO name;
ALTER TABLE enrolment.person RENAME sealed_phone TO phone;
ALTER TABLE enrolment.person
  ALTER birth_date TYPE date USING birth_date + 0,
  ADD CHECK ((identity_type = 'none') = (identity_number IS NULL)),
  ADD CHECK ((identity_number IS NULL) = (identity_index IS NULL)),
  ADD CHECK (identity_number <> ''),
  ADD CHECK (octet_length(identity_index) = 16),
  ADD CHECK (octet_length(name_index) = CASE WHEN name = '' THEN 0 ELSE 16 END),
  ADD UNIQUE (identity_index);
CREATE INDEX ON enrolment.person (name_index, birth_date) WHERE name_index <> '';
GRANT UPDATE (identity_number, identity_index, name, name_index, phone)
  ON enrolment.person TO yibao_app;

ALTER TABLE enrolment.elsewhere DROP COLUMN identity_number;
ALTER TABLE enrolment.elsewhere RENAME sealed_identity TO identity_number;
ALTER TABLE enrolment.elsewhere
  ALTER first TYPE date USING first + 0,
  ALTER identity_number SET NOT NULL,
  ADD CHECK (identity_number <> ''),
  ADD CHECK (octet_length(identity_index) = 16),
  ADD PRIMARY KEY (identity_index, region, scheme, first);
GRANT UPDATE (identity_number) ON enrolment.elsewhere TO yibao_app;

ALTER TABLE matching.gap DROP COLUMN identity_number, DROP COLUMN name;
ALTER TABLE matching.gap RENAME sealed_identity TO identity_number;
ALTER TABLE matching.gap RENAME sealed_name TO name;
ALTER TABLE matching.gap
  ALTER seen_on TYPE date USING seen_on + 0,
  ALTER identity_number SET NOT NULL,
  ALTER identity_index SET NOT NULL,
  ADD CHECK (identity_number <> ''),
  ADD CHECK (octet_length(identity_index) = 16),
  ADD UNIQUE (identity_index);
GRANT UPDATE (identity_number, name) ON matching.gap TO yibao_app;
