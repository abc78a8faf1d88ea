-- Clearing with institutions: months applied for, audited and paid; advances, deposits, reserves.
--
-- Nothing here is ever changed: what an application has come to is which rows name it. Each step
-- has one entry of the ledger, and its primary key lets it happen once.

CREATE SCHEMA clearing;
GRANT USAGE ON SCHEMA clearing TO yibao_app;

-- An institution applies for a month: for what the desk has booked and no application holds yet.
CREATE TABLE clearing.application (
  application_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id text        NOT NULL,
  month          date        NOT NULL CHECK (extract(day FROM month) = 1),
  entry_id       bigint      NOT NULL UNIQUE,
  actor          text        NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (institution_id, month)
);
CALL ops.make_append_only('clearing.application');

-- What is applied for, by fund and visit. Fen; below zero where more was taken back than settled.
CREATE TABLE clearing.line (
  application_id bigint NOT NULL REFERENCES clearing.application,
  fund           text   NOT NULL,
  visit          text   NOT NULL,
  claims         int    NOT NULL CHECK (claims >= 0),
  due            bigint NOT NULL,
  PRIMARY KEY (application_id, fund, visit)
);
CALL ops.make_append_only('clearing.line');

-- A settlement or reversal is held by one application.
CREATE TABLE clearing.claim (
  settlement_id  bigint PRIMARY KEY,
  application_id bigint NOT NULL REFERENCES clearing.application
);
CREATE INDEX ON clearing.claim (application_id);
CALL ops.make_append_only('clearing.claim');

CREATE TABLE clearing.audit (
  application_id bigint      PRIMARY KEY REFERENCES clearing.application,
  entry_id       bigint      NOT NULL UNIQUE,
  actor          text        NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('clearing.audit');

-- What the audit takes off a line, and why.
CREATE TABLE clearing.deduction (
  deduction_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  application_id bigint NOT NULL REFERENCES clearing.audit,
  fund           text   NOT NULL,
  visit          text   NOT NULL,
  fen            bigint NOT NULL CHECK (fen > 0),
  reason         text   NOT NULL CHECK (reason <> ''),
  settlement_id  bigint,                       -- of which bill, where it is of one
  FOREIGN KEY (application_id, fund, visit) REFERENCES clearing.line
);
CREATE INDEX ON clearing.deduction (application_id);
CALL ops.make_append_only('clearing.deduction');

-- What is withheld of a line: base times rate, rounded half up; the rate's source is its cite.
CREATE TABLE clearing.deposit (
  application_id bigint  NOT NULL REFERENCES clearing.audit,
  fund           text    NOT NULL,
  visit          text    NOT NULL,
  base           bigint  NOT NULL CHECK (base > 0),
  rate           numeric NOT NULL CHECK (rate BETWEEN 0 AND 1),
  cite           text    NOT NULL CHECK (cite <> ''),
  fen            bigint  NOT NULL CHECK (fen BETWEEN 0 AND base),
  PRIMARY KEY (application_id, fund, visit),
  FOREIGN KEY (application_id, fund, visit) REFERENCES clearing.line
);
CALL ops.make_append_only('clearing.deposit');

CREATE TABLE clearing.payment (
  application_id bigint      PRIMARY KEY REFERENCES clearing.audit,
  entry_id       bigint      NOT NULL UNIQUE,
  actor          text        NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('clearing.payment');

-- A deduction is appealed against once and decided once; what is given back is applied for anew.
CREATE TABLE clearing.appeal (
  deduction_id bigint      PRIMARY KEY REFERENCES clearing.deduction,
  reason       text        NOT NULL CHECK (reason <> ''),
  actor        text        NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('clearing.appeal');

CREATE TABLE clearing.decision (
  deduction_id bigint      PRIMARY KEY REFERENCES clearing.appeal,
  upheld       boolean     NOT NULL,           -- the deduction stands
  reason       text        NOT NULL CHECK (reason <> ''),
  entry_id     bigint      UNIQUE CHECK (upheld = (entry_id IS NULL)),
  actor        text        NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('clearing.decision');

CREATE TABLE clearing.given_back (
  deduction_id   bigint PRIMARY KEY REFERENCES clearing.decision,
  application_id bigint NOT NULL REFERENCES clearing.application
);
CALL ops.make_append_only('clearing.given_back');

-- Working capital of a year: so many months' average of what the year before settled.
CREATE TABLE clearing.advance (
  institution_id text        NOT NULL,
  year           smallint    NOT NULL,
  months         smallint    NOT NULL CHECK (months BETWEEN 1 AND 12),
  months_of      smallint    NOT NULL CHECK (months_of BETWEEN 1 AND 12),
  cite           text        NOT NULL CHECK (cite <> ''),
  entry_id       bigint      NOT NULL UNIQUE,
  actor          text        NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (institution_id, year)
);
CALL ops.make_append_only('clearing.advance');

-- A year's deposits: so much of them returned after the assessment, the rest kept.
CREATE TABLE clearing.release (
  institution_id text        NOT NULL,
  year           smallint    NOT NULL,
  rate           numeric     NOT NULL CHECK (rate BETWEEN 0 AND 1),
  reason         text        NOT NULL CHECK (reason <> ''),
  entry_id       bigint      NOT NULL UNIQUE,
  actor          text        NOT NULL,
  made_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (institution_id, year)
);
CALL ops.make_append_only('clearing.release');

-- What a fund sets aside of a year's income.
CREATE TABLE clearing.reserve (
  fund     text        NOT NULL,
  year     smallint    NOT NULL,
  income   bigint      NOT NULL CHECK (income > 0),
  rate     numeric     NOT NULL CHECK (rate BETWEEN 0 AND 1),
  cite     text        NOT NULL CHECK (cite <> ''),
  entry_id bigint      NOT NULL UNIQUE,
  actor    text        NOT NULL,
  made_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (fund, year)
);
CALL ops.make_append_only('clearing.reserve');

-- What the desk owes institutions, by fund, below zero for what was taken back. Bills that persons
-- have paid themselves are not owed to institutions.
CREATE VIEW clearing.owed AS
  SELECT s.settlement_id, s.institution_id, s.settled_on, s.visit, share.fund,
         CASE s.kind WHEN 'settlement' THEN share.fen ELSE -share.fen END AS fen
  FROM desk.settlement AS s,
       LATERAL (SELECT key, value::bigint FROM jsonb_each_text(s.funds)
                UNION ALL SELECT 'personal_account', s.account_pay) AS share(fund, fen)
  WHERE s.payee = 'institution' AND share.fen <> 0;
GRANT SELECT ON clearing.owed TO yibao_app;

-- What the bills of our insured in another region came to in a month, by fund.
CREATE TABLE clearing.region_month (
  region       text        NOT NULL,
  month        date        NOT NULL CHECK (extract(day FROM month) = 1),
  fund         text        NOT NULL,
  due          bigint      NOT NULL CHECK (due > 0),
  from_reserve bigint      NOT NULL CHECK (from_reserve BETWEEN 0 AND due),
  entry_id     bigint      NOT NULL,
  actor        text        NOT NULL,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (region, month, fund)
);
CALL ops.make_append_only('clearing.region_month');
