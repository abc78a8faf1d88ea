-- Registers: who and what exists, in versions by validity. Agreements and designation.

CREATE SCHEMA registry;
GRANT USAGE ON SCHEMA registry TO yibao_app;

-- What a version was before it was changed: ended, corrected. So every earlier state can be told.
CREATE TABLE registry.former (
  former_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  of_table    text        NOT NULL,
  version_id  bigint      NOT NULL,
  version     jsonb       NOT NULL,
  replaced_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON registry.former (of_table, version_id);
CALL ops.make_append_only('registry.former');

CREATE FUNCTION registry.keep_former() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO registry.former (of_table, version_id, version)
  VALUES (TG_TABLE_NAME, OLD.version_id, to_jsonb(OLD));
  RETURN NEW;
END $$;

-- A point that stands for a key in an exclusion constraint. Two keys of a million share one with a
-- probability of 10^-8; then the second is refused, never mixed up with the first.
CREATE FUNCTION registry.spot(VARIADIC key text[]) RETURNS int8range
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  RETURN int8range(hashtextextended(array_to_string(key, chr(31)), 0) >> 1,
                   hashtextextended(array_to_string(key, chr(31)), 0) >> 1, '[]');

-- Make a table's rows versions: each in force for a period, two of a key never on one day.
CREATE PROCEDURE registry.make_versioned(of regclass, VARIADIC key text[]) LANGUAGE plpgsql AS $$
DECLARE keys text := array_to_string(key, ', ');
BEGIN
  EXECUTE format('ALTER TABLE %s ADD version_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, '
                 'ADD valid daterange NOT NULL '
                 'CHECK (NOT isempty(valid) AND lower(valid) IS NOT NULL), '
                 'ADD recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(), '
                 'ADD CONSTRAINT %I EXCLUDE USING gist '
                 '(registry.spot(%s) WITH &&, valid WITH &&)', of,
                 replace(of::text, 'registry.', '') || '_one_at_a_time', keys);
  EXECUTE format('CREATE INDEX ON %s (%s)', of, keys);
  EXECUTE format('CREATE TRIGGER keep_former BEFORE UPDATE ON %s FOR EACH ROW '
                 'EXECUTE FUNCTION registry.keep_former()', of);
  EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO yibao_app', of);
END $$;

CREATE TABLE registry.institution (
  institution_id           text    NOT NULL,
  name                     text    NOT NULL,
  kind                     text    NOT NULL CHECK (kind IN ('hospital', 'pharmacy')),
  division                 char(6) NOT NULL,
  level                    text    NOT NULL DEFAULT 'none' CHECK (level IN ('none', '1', '2', '3')),
  institution_class        text    NOT NULL DEFAULT 'none',
  primary_institution      boolean NOT NULL DEFAULT false,
  tcm_institution          boolean NOT NULL DEFAULT false,
  reformed_public_hospital boolean NOT NULL DEFAULT false,
  private                  boolean NOT NULL DEFAULT false,
  credit_code              text    NOT NULL DEFAULT ''
);
CALL registry.make_versioned('registry.institution', 'institution_id');

CREATE TABLE registry.department (
  institution_id text NOT NULL,
  department     text NOT NULL,
  name           text NOT NULL
);
CALL registry.make_versioned('registry.department', 'institution_id', 'department');

CREATE TABLE registry.ward (
  institution_id text NOT NULL,
  ward           text NOT NULL,
  name           text NOT NULL,
  beds           int  NOT NULL DEFAULT 0 CHECK (beds >= 0),
  dental_chairs  int  NOT NULL DEFAULT 0 CHECK (dental_chairs >= 0)
);
CALL registry.make_versioned('registry.ward', 'institution_id', 'ward');

CREATE TABLE registry.practitioner (
  practitioner_id text NOT NULL,
  name            text NOT NULL,
  profession      text NOT NULL,
  roster_status   text NOT NULL CHECK (roster_status IN ('listed', 'suspended', 'removed')),
  licence         text NOT NULL DEFAULT ''
);
CALL registry.make_versioned('registry.practitioner', 'practitioner_id');

CREATE TABLE registry.practice_site (
  practitioner_id text NOT NULL,
  institution_id  text NOT NULL,
  department      text NOT NULL DEFAULT ''
);
CALL registry.make_versioned('registry.practice_site', 'practitioner_id', 'institution_id');
CREATE INDEX ON registry.practice_site (institution_id);

-- All catalogues. `standard` is what the fund accepts for a unit, in fen; NULL: no such limit.
CREATE TABLE registry.item (
  kind            text    NOT NULL
                  CHECK (kind IN ('drug', 'service', 'consumable', 'preparation', 'herbal')),
  code            text    NOT NULL,
  name            text    NOT NULL,
  class           text    NOT NULL CHECK (class IN ('A', 'B', 'C')),
  first_self_pay  numeric NOT NULL CHECK (first_self_pay BETWEEN 0 AND 1),
  standard        bigint  CHECK (standard >= 0),
  unit            text    NOT NULL DEFAULT '',
  tags            text[]  NOT NULL DEFAULT '{}',
  least_level     text    NOT NULL DEFAULT 'none' CHECK (least_level IN ('none', '1', '2', '3')),
  sex             text    NOT NULL DEFAULT 'any' CHECK (sex IN ('any', 'male', 'female')),
  age_from        int,                               -- completed years
  age_below       int,
  restriction     text    NOT NULL DEFAULT '',       -- in words, for those who review
  approval_number text    NOT NULL DEFAULT '',
  source          text    NOT NULL DEFAULT 'national' CHECK (source IN ('national', 'local')),
  batch           text    NOT NULL DEFAULT '',
  review          text    NOT NULL DEFAULT 'none' CHECK (review IN ('none', 'general', 'complex'))
);
CALL registry.make_versioned('registry.item', 'kind', 'code');
CREATE INDEX ON registry.item (batch) WHERE batch <> '';

CREATE TABLE registry.supplement_batch (
  batch      text NOT NULL,
  name       text NOT NULL,
  removal_on date NOT NULL                           -- last day on which its items are payable
);
CALL registry.make_versioned('registry.supplement_batch', 'batch');

CREATE TABLE registry.preparation_site (
  code           text NOT NULL,
  institution_id text NOT NULL
);
CALL registry.make_versioned('registry.preparation_site', 'code', 'institution_id');

CREATE TABLE registry.local_code (
  institution_id text NOT NULL,
  kind           text NOT NULL,
  local_code     text NOT NULL,
  code           text NOT NULL
);
CALL registry.make_versioned('registry.local_code', 'institution_id', 'kind', 'local_code');

CREATE TABLE registry.device (
  device_identifier text NOT NULL,
  code              text NOT NULL
);
CALL registry.make_versioned('registry.device', 'device_identifier');

CREATE TABLE registry.diagnosis (
  code text NOT NULL,
  name text NOT NULL
);
CALL registry.make_versioned('registry.diagnosis', 'code');

CREATE TABLE registry.procedure (
  code text NOT NULL,
  name text NOT NULL
);
CALL registry.make_versioned('registry.procedure', 'code');

-- Chronic and special diseases of outpatients. Of two that overlap the more specific one counts.
CREATE TABLE registry.disease (
  code            text    NOT NULL,
  name            text    NOT NULL,
  class           text    NOT NULL CHECK (class IN ('none', 'A', 'B')),
  schemes         text[]  NOT NULL,
  icd             text    NOT NULL DEFAULT '',
  age_from        int,
  age_below       int,
  overlap_group   text    NOT NULL DEFAULT '',
  specificity     int     NOT NULL DEFAULT 0,
  standard_set    boolean NOT NULL DEFAULT true      -- false: who pays what is still to be set
);
CALL registry.make_versioned('registry.disease', 'code');

CREATE TABLE registry.appraisal_centre (
  institution_id text NOT NULL,
  disease        text NOT NULL,
  role           text NOT NULL CHECK (role IN ('assessment', 're_examination'))
);
CALL registry.make_versioned('registry.appraisal_centre', 'institution_id', 'disease', 'role');

-- Institutions of other regions that count as designated here.
CREATE TABLE registry.recognition (
  institution_id text NOT NULL,
  document       text NOT NULL DEFAULT ''
);
CALL registry.make_versioned('registry.recognition', 'institution_id');

CREATE TABLE registry.quota (
  division char(6) NOT NULL,
  kind     text    NOT NULL,
  places   int     NOT NULL CHECK (places >= 0)
);
CALL registry.make_versioned('registry.quota', 'division', 'kind');

CREATE TABLE registry.step_limit (
  step text NOT NULL,
  days int  NOT NULL CHECK (days > 0)
);
CALL registry.make_versioned('registry.step_limit', 'step');

CREATE TABLE registry.setting (
  name  text    NOT NULL,
  value boolean NOT NULL
);
CALL registry.make_versioned('registry.setting', 'name');

CREATE TABLE registry.expert (
  expert_id      text NOT NULL,
  name           text NOT NULL,
  field          text NOT NULL,
  institution_id text NOT NULL DEFAULT ''            -- where the expert works
);
CALL registry.make_versioned('registry.expert', 'expert_id');

-- --- agreements ------------------------------------------------------------------------------

-- What an institution's agreement covers, in versions: each act begins a new one.
CREATE TABLE registry.agreement (
  institution_id text    NOT NULL,
  agreement_id   text    NOT NULL,
  visits         text[]  NOT NULL,
  schemes        text[]  NOT NULL,
  suspended      boolean NOT NULL DEFAULT false
);
CALL registry.make_versioned('registry.agreement', 'institution_id');
CREATE INDEX ON registry.agreement (agreement_id);

CREATE TABLE registry.agreement_event (
  event_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agreement_id text        NOT NULL,
  on_day       date        NOT NULL,                 -- the first day on which it holds
  kind         text        NOT NULL CHECK (kind IN
               ('sign', 'amend', 'suspend', 'resume', 'terminate', 'assess', 'breach')),
  detail       jsonb       NOT NULL DEFAULT '{}',
  actor        text        NOT NULL,
  recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON registry.agreement_event (agreement_id);
-- An agreement is signed and terminated once, and assessed once for a year.
CREATE UNIQUE INDEX ON registry.agreement_event (agreement_id, kind)
  WHERE kind IN ('sign', 'terminate');
CREATE UNIQUE INDEX ON registry.agreement_event (agreement_id, (detail ->> 'year'))
  WHERE kind = 'assess';
CALL ops.make_append_only('registry.agreement_event');

-- Why a claim of that day is refused, NULL where an agreement covers it.
CREATE FUNCTION registry.agreement_refusal(institution text, day date, visit text, scheme text)
  RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE
    WHEN a.agreement_id IS NULL THEN 'no_agreement'
    WHEN a.suspended THEN 'suspended'
    WHEN NOT visit = ANY (a.visits) THEN 'visit_not_covered'
    WHEN NOT scheme = ANY (a.schemes) THEN 'scheme_not_covered'
  END
  FROM (VALUES (1)) AS one
  LEFT JOIN registry.agreement a ON a.institution_id = institution AND a.valid @> day
$$;

-- --- designation -----------------------------------------------------------------------------

CREATE TABLE registry.application (
  application_id text NOT NULL PRIMARY KEY,
  institution_id text NOT NULL
);
CREATE INDEX ON registry.application (institution_id);
CALL ops.make_append_only('registry.application');

-- Each step is taken once, in order: apply, assess, negotiate, sign; a refusal ends it.
CREATE TABLE registry.application_event (
  application_id text        NOT NULL REFERENCES registry.application,
  number         smallint    NOT NULL CHECK (number BETWEEN 1 AND 5),
  step           text        NOT NULL CHECK (step IN
                 ('apply', 'assess', 'negotiate', 'sign', 'refuse')),
  on_day         date        NOT NULL,
  detail         jsonb       NOT NULL DEFAULT '{}',
  actor          text        NOT NULL,
  recorded_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (application_id, number),
  UNIQUE (application_id, step)
);
CALL ops.make_append_only('registry.application_event');
