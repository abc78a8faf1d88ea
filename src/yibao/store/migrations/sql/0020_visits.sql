-- Visits as institutions tell of them while they last: who came, what was found, what was charged.
-- What of it is settled stands with the desk.

CREATE SCHEMA visits;
GRANT USAGE ON SCHEMA visits TO yibao_app;

CREATE TABLE visits.visit (
  visit_id       bigint    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind           text      NOT NULL CHECK (kind IN ('outpatient', 'pharmacy', 'stay')),
  institution_id text      NOT NULL CHECK (institution_id <> ''),
  person_id      text      NOT NULL REFERENCES enrolment.person (person_id),
  scheme         text      NOT NULL,
  number         text      NOT NULL,               -- the institution's own
  begun_at       timestamp NOT NULL,               -- local time, as all here
  ended_at       timestamp,
  visit          text      NOT NULL,               -- what kind of care; '' while nobody has said
  facts          jsonb     NOT NULL,               -- what rules may look at
  left_with      jsonb     NOT NULL DEFAULT '{}',  -- the same, told at the discharge
  says           jsonb     NOT NULL,               -- what else was told, under its teller's names
  state          text      NOT NULL CHECK (state IN ('open', 'discharged', 'withdrawn')),
  CHECK (kind = 'stay' OR state <> 'discharged'),
  CHECK (state <> 'discharged' OR ended_at >= begun_at)
);
CREATE INDEX ON visits.visit (person_id);
CREATE INDEX ON visits.visit (institution_id, begun_at);
GRANT SELECT, INSERT, UPDATE ON visits.visit TO yibao_app;

-- Nobody is in two hospitals at once.
CREATE UNIQUE INDEX one_stay ON visits.visit (person_id) WHERE kind = 'stay' AND state = 'open';

CREATE TABLE visits.diagnosis (
  visit_id        bigint    NOT NULL REFERENCES visits.visit,
  made_at         text      NOT NULL CHECK (made_at IN ('visit', 'admission', 'discharge')),
  kind            text      NOT NULL,
  number          text      NOT NULL,
  code            text      NOT NULL,
  name            text      NOT NULL,
  main            boolean   NOT NULL,
  department      text      NOT NULL,
  practitioner_id text      NOT NULL,
  diagnosed_at    timestamp NOT NULL,
  PRIMARY KEY (visit_id, made_at, kind, number)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON visits.diagnosis TO yibao_app;

-- What was charged, in fen, as it was priced when it came. A line that gives back a part of another
-- has a quantity and amounts below zero. `settlement_id`: the last one that took it; while that
-- stands, the line is settled.
CREATE TABLE visits.fee (
  fee_id           bigint    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  visit_id         bigint    NOT NULL REFERENCES visits.visit,
  number           text      NOT NULL,             -- the institution's own
  batch            text      NOT NULL,
  gives_back       text      NOT NULL DEFAULT '',  -- the number of the line that it takes from
  item_kind        text      NOT NULL,
  code             text      NOT NULL,
  local_code       text      NOT NULL,
  quantity         numeric   NOT NULL CHECK (quantity <> 0 AND (quantity < 0) = (gives_back <> '')),
  price            numeric   NOT NULL CHECK (price >= 0),
  charged_at       timestamp NOT NULL,
  practitioner_id  text      NOT NULL,
  approval         text      NOT NULL,
  item_class       text      NOT NULL,
  standard         numeric,
  rate             numeric   NOT NULL,
  total            bigint    NOT NULL,
  out_of_catalogue bigint    NOT NULL,
  over_limit       bigint    NOT NULL,
  first_self_pay   bigint    NOT NULL,
  in_scope         bigint    NOT NULL,
  reason           text      NOT NULL,
  says             jsonb     NOT NULL,
  withdrawn        boolean   NOT NULL DEFAULT false,
  settlement_id    bigint,
  CHECK (total = out_of_catalogue + over_limit + first_self_pay + in_scope)
);
CREATE UNIQUE INDEX fee_number ON visits.fee (visit_id, number) WHERE NOT withdrawn;
GRANT SELECT, INSERT, UPDATE (withdrawn, settlement_id) ON visits.fee TO yibao_app;

-- Settlements of visits. An interim one is of a stay that goes on.
CREATE TABLE visits.settled (
  settlement_id bigint  PRIMARY KEY,
  visit_id      bigint  NOT NULL REFERENCES visits.visit,
  batch         text    NOT NULL,
  interim       boolean NOT NULL
);
CREATE INDEX ON visits.settled (visit_id);
CALL ops.make_append_only('visits.settled');

-- Boxes of drugs that were handed out with a settlement, by the codes that tell each from all others.
CREATE TABLE visits.box (
  settlement_id bigint  NOT NULL REFERENCES visits.settled,
  number        text    NOT NULL,                  -- of the line
  trace_code    text    NOT NULL CHECK (trace_code <> ''),
  opened        boolean NOT NULL,                  -- not handed out whole
  PRIMARY KEY (settlement_id, number, trace_code)
);
CREATE INDEX ON visits.box (trace_code);
CALL ops.make_append_only('visits.box');
