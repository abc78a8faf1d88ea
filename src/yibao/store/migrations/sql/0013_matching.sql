-- What clerks decide about pairs that may be one person, and how gaps of insurance are resolved.

CREATE SCHEMA matching;
GRANT USAGE ON SCHEMA matching TO yibao_app;

-- --- pairs -----------------------------------------------------------------------------------

-- A pair is named by the keys of its records, `person:ID` of ours, `REGION:NUMBER` of another
-- region's. The newest decision counts; that two are one person is not taken back, for cover has
-- ended by it.
CREATE TABLE matching.decision (
  decision_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  left_key    text        NOT NULL CHECK (left_key LIKE '%:%'),
  right_key   text        NOT NULL CHECK (right_key LIKE '%:%'),
  outcome     text        NOT NULL CHECK (outcome IN ('same', 'different')),
  kept        text        CHECK (kept IN (left_key, right_key)),
  last        date,                               -- of the cover that ends
  left_to_do  jsonb       NOT NULL DEFAULT '[]',  -- refunds, balances …
  reason      text        NOT NULL CHECK (reason <> ''),
  actor       text        NOT NULL,
  decided_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (left_key < right_key COLLATE "C"),
  CHECK ((outcome = 'same') = (kept IS NOT NULL AND last IS NOT NULL))
);
CREATE INDEX ON matching.decision (left_key, right_key);
CREATE UNIQUE INDEX ON matching.decision (left_key, right_key) WHERE outcome = 'same';
CALL ops.make_append_only('matching.decision');

-- --- gaps ------------------------------------------------------------------------------------

-- Somebody of a population who should be insured, as the newest population file has them.
CREATE TABLE matching.gap (
  gap_id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  identity_number text   NOT NULL UNIQUE CHECK (identity_number <> ''),
  name            text   NOT NULL,
  division        text   NOT NULL,
  street          text   NOT NULL,
  people          text   NOT NULL,                -- workers, students …
  kind            text   NOT NULL CHECK (kind IN ('missing', 'lapsed', 'duplicate')),
  seen_on         date   NOT NULL                 -- the day compared
);
CREATE INDEX ON matching.gap (division, street);
GRANT SELECT, INSERT ON matching.gap TO yibao_app;
GRANT UPDATE (name, division, street, people, kind, seen_on) ON matching.gap TO yibao_app;

-- What became of it; the newest counts.
CREATE TABLE matching.gap_step (
  step_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  gap_id  bigint      NOT NULL REFERENCES matching.gap,
  state   text        NOT NULL CHECK (state IN
            ('open', 'called', 'visited', 'elsewhere', 'exempt', 'enrolled')),
  on_day  date        NOT NULL,
  note    text        NOT NULL,                   -- what was said; where insured; why exempt
  proof   text        NOT NULL,                   -- of being insured elsewhere
  actor   text        NOT NULL,
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (state NOT IN ('called', 'visited', 'elsewhere', 'exempt') OR note <> ''),
  CHECK (state <> 'elsewhere' OR proof <> '')
);
CREATE INDEX ON matching.gap_step (gap_id, step_id);
CALL ops.make_append_only('matching.gap_step');
