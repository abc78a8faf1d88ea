-- Who people are is sealed: identity numbers, names, telephones. Beside what must be found stands a
-- blind index, a keyed hash of 16 bytes (yibao.store.vault). Columns for both, filled by the
-- migration, which has the keys; 0018_sealed.sql puts them in the place of the plain ones.

-- By what a database knows its keys; number 0 is the key of the indexes.
CREATE TABLE ops.key (
  key_id  smallint    PRIMARY KEY CHECK (key_id >= 0),
  suite   text        NOT NULL,
  proof   bytea       NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('ops.key');  -- the working role may add: `yibao key rotate` does

ALTER TABLE enrolment.person
  ADD sealed_identity bytea,
  ADD identity_index  bytea,
  ADD sealed_name     bytea NOT NULL DEFAULT '',
  ADD name_index      bytea NOT NULL DEFAULT '',
  ADD sealed_phone    bytea NOT NULL DEFAULT '';

ALTER TABLE enrolment.elsewhere
  ADD sealed_identity bytea,
  ADD identity_index  bytea;

ALTER TABLE matching.gap
  ADD sealed_identity bytea,
  ADD identity_index  bytea,
  ADD sealed_name     bytea NOT NULL DEFAULT '';

-- Ids of persons who bring none. They say nothing, and identity numbers are no ids any more.
CREATE SEQUENCE enrolment.person_id;
GRANT USAGE ON SEQUENCE enrolment.person_id TO yibao_app;
CREATE FUNCTION enrolment.new_person_id() RETURNS text LANGUAGE plpgsql AS $$
DECLARE made text;
BEGIN
  LOOP
    made := 'R' || lpad(nextval('enrolment.person_id')::text, 10, '0');
    EXIT WHEN NOT EXISTS (SELECT FROM enrolment.person WHERE person_id = made);
  END LOOP;
  RETURN made;
END $$;
