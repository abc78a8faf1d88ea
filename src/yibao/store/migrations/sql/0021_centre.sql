-- What the centre of the national interface keeps besides what the agency has.

-- Operators of institutions sign in and out.
CREATE TABLE ops.sign_in (
  number         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id text        NOT NULL,
  operator       text        NOT NULL,
  mac            text        NOT NULL,
  address        text        NOT NULL,
  signed_in_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  signed_out_at  timestamptz CHECK (signed_out_at >= signed_in_at)
);
GRANT SELECT, INSERT, UPDATE (signed_out_at) ON ops.sign_in TO yibao_app;

-- Files that institutions send and fetch; institution_id '': for whoever knows the number.
CREATE TABLE ops.file (
  number         text        PRIMARY KEY,
  institution_id text        NOT NULL,
  name           text        NOT NULL,
  content        bytea       NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  until          date        NOT NULL,
  rows           int         NOT NULL   -- 0: nobody has counted them
);
CREATE INDEX ON ops.file (institution_id, name);
CREATE INDEX ON ops.file (until);
GRANT SELECT, INSERT, DELETE ON ops.file TO yibao_app;

-- Institutions ask for a month's clearing of some visits, each once. Fen.
CREATE TABLE clearing.request (
  request_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id text        NOT NULL,
  month          date        NOT NULL CHECK (extract(day FROM month) = 1),
  visits         text[]      NOT NULL,
  settlements    int         NOT NULL,
  refunds        int         NOT NULL,
  total          bigint      NOT NULL,
  fund_pay       bigint      NOT NULL,
  account_pay    bigint      NOT NULL,
  cash_pay       bigint      NOT NULL,
  actor          text        NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  withdrawn_at   timestamptz
);
CREATE UNIQUE INDEX ON clearing.request (institution_id, month, visits)
  WHERE withdrawn_at IS NULL;
GRANT SELECT, INSERT, UPDATE (withdrawn_at) ON clearing.request TO yibao_app;

-- Accidents that care is claimed for.
CREATE TABLE filing.accident (
  accident_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      text        NOT NULL REFERENCES enrolment.person (person_id),
  institution_id text        NOT NULL,
  happened_on    date,
  place          text        NOT NULL,
  cause          text        NOT NULL,
  valid          daterange   NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
  says           jsonb       NOT NULL,
  filed_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON filing.accident (person_id);
CALL ops.make_append_only('filing.accident');

-- Movements of stock, as institutions report them. Quantities in the unit of sale, prices in fen.
CREATE SCHEMA stock;
GRANT USAGE ON SCHEMA stock TO yibao_app;
CREATE TABLE stock.movement (
  movement_id    bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind           text        NOT NULL CHECK (kind IN
                 ('count', 'change', 'purchase', 'purchase_return', 'sale', 'sale_return')),
  institution_id text        NOT NULL,
  batch          text        NOT NULL,               -- the institution's number of the report
  code           text        NOT NULL,
  local_code     text        NOT NULL,
  name           text        NOT NULL,
  quantity       numeric     NOT NULL CHECK (quantity >= 0),
  at             timestamp   NOT NULL,               -- local time
  price          numeric     CHECK (price >= 0),
  lot            text        NOT NULL,
  made_on        date,
  expires_on     date        CHECK (expires_on >= made_on),
  prescription   boolean     NOT NULL,
  gives_back     bigint      REFERENCES stock.movement
                 CHECK (gives_back IS NULL OR kind IN ('purchase_return', 'sale_return')),
  settlement_id  bigint,
  person_id      text        NOT NULL,
  trace_codes    text[]      NOT NULL,
  says           jsonb       NOT NULL,
  reported_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  withdrawn_at   timestamptz
);
CREATE UNIQUE INDEX ON stock.movement (institution_id, batch, kind) WHERE withdrawn_at IS NULL;
CREATE INDEX ON stock.movement (gives_back) WHERE gives_back IS NOT NULL;
CREATE INDEX ON stock.movement USING gin (trace_codes);
GRANT SELECT, INSERT, UPDATE (withdrawn_at) ON stock.movement TO yibao_app;

-- What rules of use found in orders, or could not tell; what institutions did about it.
CREATE SCHEMA review;
GRANT USAGE ON SCHEMA review TO yibao_app;
CREATE TABLE review.finding (
  finding_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id text        NOT NULL,
  stage          text        NOT NULL CHECK (stage IN ('before', 'during')),
  patient_id     text        NOT NULL,              -- the institution's own
  rule           text        NOT NULL,
  verdict        text        NOT NULL CHECK (verdict IN ('broken', 'not_evaluated')),
  orders         jsonb       NOT NULL,
  found_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON review.finding (institution_id, finding_id);
CALL ops.make_append_only('review.finding');
CREATE TABLE review.answer (
  answer_id   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  finding_id  bigint      NOT NULL REFERENCES review.finding,
  did         text        NOT NULL,
  reason      text        NOT NULL,
  answered_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON review.answer (finding_id);
CALL ops.make_append_only('review.answer');

-- Settlement lists as institutions send them; the last one of a settlement counts.
CREATE TABLE desk.settlement_list (
  list_id        bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  settlement_id  bigint      NOT NULL,
  institution_id text        NOT NULL,
  says           jsonb       NOT NULL,
  sent_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON desk.settlement_list (settlement_id);
CALL ops.make_append_only('desk.settlement_list');
