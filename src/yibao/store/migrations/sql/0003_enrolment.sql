-- Persons, what holds of them when, bills and receipts of contributions, personal accounts.
--
-- What holds for a period has two times: `valid`, the days, and `known`, since and until when we
-- believed it. A correction closes `known` and adds rows; nothing else of a row ever changes.

CREATE SCHEMA enrolment;
CREATE SCHEMA contributions;
CREATE SCHEMA accounts;
GRANT USAGE ON SCHEMA enrolment, contributions, accounts TO yibao_app;

-- Texts that may not overlap stand in a constraint beside periods as ranges of one.
CREATE TYPE enrolment.text_range AS RANGE (subtype = text, collation = "C");

CREATE FUNCTION enrolment.only_close() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND upper_inf(OLD.known) AND NOT upper_inf(NEW.known)
     -- `slot` is worked out from the rest after this.
     AND to_jsonb(OLD) - '{known,slot}'::text[] = to_jsonb(NEW) - '{known,slot}'::text[] THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION '%.%: a period is corrected by closing what was known and a new row',
    TG_TABLE_SCHEMA, TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;

-- Rows of periods of one person: each told by `told_apart_by`, of which no two believed ones overlap.
CREATE PROCEDURE enrolment.make_periods(of regclass, told_apart_by text DEFAULT NULL)
LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format(
    'ALTER TABLE %s '
    'ADD COLUMN valid daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)), '
    'ADD COLUMN known tstzrange NOT NULL DEFAULT tstzrange(clock_timestamp(), NULL), '
    'ADD EXCLUDE USING gist (int8range(person_no, person_no, ''[]'') WITH &&, %s valid WITH &&) '
    'WHERE (upper_inf(known))',
    of, CASE WHEN told_apart_by IS NULL THEN ''
        ELSE format('enrolment.text_range(%1$I, %1$I, ''[]'') WITH &&,', told_apart_by) END);
  EXECUTE format('CREATE INDEX ON %s (person_no) WHERE upper_inf(known)', of);
  EXECUTE format('CREATE TRIGGER only_close BEFORE UPDATE OR DELETE ON %s FOR EACH ROW '
                 'EXECUTE FUNCTION enrolment.only_close()', of);
  EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                 'EXECUTE FUNCTION ops.refuse_change()', of);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE (known) ON %s TO yibao_app', of);
END $$;

-- --- persons ---------------------------------------------------------------------------------

CREATE TABLE enrolment.person (
  person_no       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id       text   NOT NULL UNIQUE CHECK (person_id ~ '^[^:]+$'),
  identity_type   text   NOT NULL CHECK (identity_type IN
                    ('resident_id', 'passport', 'permit_hk_mo', 'permit_tw', 'other', 'none')),
  identity_number text   UNIQUE CHECK ((identity_type = 'none') = (identity_number IS NULL)),
  name            text   NOT NULL DEFAULT '',
  sex             text   NOT NULL DEFAULT '' CHECK (sex IN ('', 'male', 'female')),
  birth_date      date   NOT NULL,
  division        text   NOT NULL DEFAULT '' CHECK (division ~ '^([0-9]{6})?$'),
  phone           text   NOT NULL DEFAULT '',
  died_on         date   CHECK (died_on >= birth_date)
);
CREATE INDEX ON enrolment.person (name, birth_date) WHERE name <> '';
GRANT SELECT, INSERT ON enrolment.person TO yibao_app;
GRANT UPDATE (identity_type, identity_number, name, sex, division, phone, died_on)
  ON enrolment.person TO yibao_app;

-- The row that is locked for everything about a person. The balance equals the ledger's.
CREATE TABLE enrolment.person_lock (
  person_id       text   PRIMARY KEY REFERENCES enrolment.person (person_id),
  account_balance bigint NOT NULL DEFAULT 0 CHECK (account_balance >= 0)
);
GRANT SELECT, INSERT, UPDATE ON enrolment.person_lock TO yibao_app;
CREATE FUNCTION enrolment.make_lock() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO enrolment.person_lock (person_id) VALUES (NEW.person_id);
  RETURN NULL;
END $$;
CREATE TRIGGER has_lock AFTER INSERT ON enrolment.person
  FOR EACH ROW EXECUTE FUNCTION enrolment.make_lock();

CREATE TABLE enrolment.employer (
  employer_id text PRIMARY KEY CHECK (employer_id ~ '^[^:]+$'),
  name        text NOT NULL,
  kind        text NOT NULL,                      -- vocabulary: employer_kind
  division    text NOT NULL DEFAULT '' CHECK (division ~ '^([0-9]{6})?$')
);
GRANT SELECT, INSERT, UPDATE (name, kind, division) ON enrolment.employer TO yibao_app;

-- Membership of a scheme. `contributor` is who one is without an employment.
CREATE TABLE enrolment.membership (
  membership_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no          bigint NOT NULL REFERENCES enrolment.person,
  scheme             text   NOT NULL CHECK (scheme IN ('employee', 'resident')),
  category           text   NOT NULL,
  contribution_tier  text   NOT NULL DEFAULT 'none',
  contributor        text   NOT NULL DEFAULT 'none',
  household_id       text   NOT NULL DEFAULT '',
  household_register text   NOT NULL DEFAULT 'local',
  permit_until       date,                        -- last day of the residence permit
  county             text   NOT NULL DEFAULT 'none',
  pays_every         smallint NOT NULL DEFAULT 1 CHECK (pays_every IN (1, 3, 12)),
  newborn            boolean NOT NULL DEFAULT false,
  pension            bigint CHECK (pension >= 0), -- fen a month
  within_collection_period boolean NOT NULL DEFAULT true
);
CALL enrolment.make_periods('enrolment.membership');

CREATE TABLE enrolment.employment (
  employment_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no     bigint NOT NULL REFERENCES enrolment.person,
  employer_id   text   NOT NULL REFERENCES enrolment.employer,
  wage          bigint NOT NULL CHECK (wage >= 0) -- fen a month, as declared
);
CALL enrolment.make_periods('enrolment.employment');

-- What else rules look at: identities, registered diseases, flags, institutions chosen.
CREATE TABLE enrolment.fact (
  fact_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no bigint NOT NULL REFERENCES enrolment.person,
  attribute text   NOT NULL CHECK (attribute IN (
    'identities', 'registered_diseases', 'large_expense_paid', 'family_doctor_signed',
    'insured_two_years', 'insulin_user', 'chosen_institution', 'contracted_institution')),
  value     text   NOT NULL CHECK (value <> ''),
  source    text   NOT NULL,
  slot      text   NOT NULL GENERATED ALWAYS AS (
    CASE WHEN attribute IN ('identities', 'registered_diseases')
         THEN attribute || ':' || value ELSE attribute END) STORED
);
CALL enrolment.make_periods('enrolment.fact', 'slot');

-- When there are benefits: worked out from payments, or stated by who kept the register before.
CREATE TABLE enrolment.coverage (
  coverage_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no         bigint NOT NULL REFERENCES enrolment.person,
  scheme            text   NOT NULL,
  category          text   NOT NULL,
  contribution_tier text   NOT NULL,
  reason            text   NOT NULL               -- stated, in_time, covered_back
);
CALL enrolment.make_periods('enrolment.coverage');

-- Enrolments elsewhere, as other regions and schemes report them.
CREATE TABLE enrolment.elsewhere (
  identity_number text      NOT NULL,
  region          text      NOT NULL,
  scheme          text      NOT NULL,
  first           date      NOT NULL,
  last            date      CHECK (last >= first),
  PRIMARY KEY (identity_number, region, scheme, first)
);
GRANT SELECT, INSERT, UPDATE (last) ON enrolment.elsewhere TO yibao_app;

-- Moves between regions: what goes along.
CREATE TABLE enrolment.transfer (
  transfer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id   text   NOT NULL REFERENCES enrolment.person (person_id),
  direction   text   NOT NULL CHECK (direction IN ('in', 'out')),
  region      text   NOT NULL,
  reference   text   NOT NULL,
  on_day      date   NOT NULL,
  months      int    NOT NULL CHECK (months >= 0),   -- of contribution
  balance     bigint NOT NULL CHECK (balance >= 0),  -- of the personal account, fen
  UNIQUE (direction, region, reference)
);
CALL ops.make_append_only('enrolment.transfer');

-- --- contributions ---------------------------------------------------------------------------

-- What a person's months cost, by the rules of a day. Months are numbered year * 12 + month - 1.
CREATE TABLE contributions.bill (
  bill_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no    bigint NOT NULL REFERENCES enrolment.person,
  household_id text   NOT NULL,
  scheme       text   NOT NULL,
  item         text   NOT NULL,
  months       int4range NOT NULL CHECK (NOT isempty(months)),
  day          date   NOT NULL,
  billed_on    date   NOT NULL,
  facts        jsonb  NOT NULL,                    -- what the rules could look at
  amounts      jsonb  NOT NULL,                    -- what they started from, fen or counts
  gives        jsonb  NOT NULL,                    -- their other results, fen or counts
  entry_id     bigint NOT NULL,
  cancelled_by bigint,                             -- the entry that took it back
  CONSTRAINT billed_once EXCLUDE USING gist (
    int8range(person_no, person_no, '[]') WITH &&,
    enrolment.text_range(scheme || ':' || item, scheme || ':' || item, '[]') WITH &&,
    months WITH &&) WHERE (cancelled_by IS NULL)
);
CREATE INDEX ON contributions.bill (person_no);
CREATE INDEX ON contributions.bill (household_id) WHERE household_id <> '';
GRANT SELECT, INSERT, UPDATE (cancelled_by) ON contributions.bill TO yibao_app;

CREATE TRIGGER taken_back_once BEFORE UPDATE ON contributions.bill FOR EACH ROW
  WHEN (OLD.cancelled_by IS NOT NULL) EXECUTE FUNCTION ops.refuse_change();

CREATE TABLE contributions.part (
  bill_id  bigint NOT NULL REFERENCES contributions.bill,
  name     text   NOT NULL,                        -- vocabulary: payers of `contribution`
  payer    text   NOT NULL,                        -- who owes it: a party of the ledger
  fen      bigint NOT NULL CHECK (fen > 0),
  received bigint NOT NULL DEFAULT 0 CHECK (received BETWEEN 0 AND fen),
  PRIMARY KEY (bill_id, name)
);
CREATE INDEX ON contributions.part (payer) WHERE received < fen;
GRANT SELECT, INSERT, UPDATE (received) ON contributions.part TO yibao_app;

CREATE TABLE contributions.receipt (
  receipt_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reference   text   NOT NULL UNIQUE,              -- the bank's
  payer       text   NOT NULL,
  received_on date   NOT NULL,
  fen         bigint NOT NULL CHECK (fen > 0),
  entry_id    bigint NOT NULL
);
CALL ops.make_append_only('contributions.receipt');

CREATE TABLE contributions.share (
  receipt_id bigint NOT NULL REFERENCES contributions.receipt,
  bill_id    bigint NOT NULL,
  name       text   NOT NULL,
  fen        bigint NOT NULL CHECK (fen > 0),
  PRIMARY KEY (receipt_id, bill_id, name),
  FOREIGN KEY (bill_id, name) REFERENCES contributions.part
);
CREATE INDEX ON contributions.share (bill_id);
CALL ops.make_append_only('contributions.share');

-- --- personal accounts -----------------------------------------------------------------------

-- What moved an account. `period` makes a month's credit, a year's interest, a use happen once.
CREATE TABLE accounts.movement (
  movement_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id   text   NOT NULL REFERENCES enrolment.person (person_id),
  kind        text   NOT NULL,                     -- credit, use, withdrawal, interest, closing, …
  period      text   NOT NULL,
  on_day      date   NOT NULL,
  came_in     bigint NOT NULL DEFAULT 0 CHECK (came_in >= 0),
  went_out    bigint NOT NULL DEFAULT 0 CHECK (went_out >= 0),
  balance     bigint NOT NULL CHECK (balance >= 0),  -- afterwards
  detail      jsonb  NOT NULL,
  entry_id    bigint NOT NULL,
  UNIQUE (person_id, kind, period)
);
CALL ops.make_append_only('accounts.movement');

-- Whose account may pay for whom.
CREATE TABLE accounts.family (
  family_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no bigint NOT NULL REFERENCES enrolment.person,      -- the holder
  relative  text   NOT NULL REFERENCES enrolment.person (person_id),
  relation  text   NOT NULL
    CHECK (relation IN ('spouse', 'parent', 'child', 'near_relative', 'other_relative'))
);
CALL enrolment.make_periods('accounts.family', 'relative');
