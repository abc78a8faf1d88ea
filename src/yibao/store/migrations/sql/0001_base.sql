-- Roles, audit, idempotency keys, the ledger.

-- The role that works. It is granted what each table needs and nothing by default.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'yibao_app') THEN
    CREATE ROLE yibao_app NOLOGIN;
  END IF;
END $$;

CREATE SCHEMA ops;
CREATE SCHEMA ledger;
GRANT USAGE ON SCHEMA ops, ledger TO yibao_app;

-- What is append-only refuses changes of anybody, the owner too. TRUNCATE has a trigger of its own.
CREATE FUNCTION ops.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%.% is append-only: correct by a new row', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE PROCEDURE ops.make_append_only(of regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW '
                 'EXECUTE FUNCTION ops.refuse_change()', of);
  EXECUTE format('CREATE TRIGGER never_truncated BEFORE TRUNCATE ON %s FOR EACH STATEMENT '
                 'EXECUTE FUNCTION ops.refuse_change()', of);
  EXECUTE format('GRANT SELECT, INSERT ON %s TO yibao_app', of);
END $$;

-- Partitions by calendar year of a date column; what lies outside goes to the default one.
CREATE PROCEDURE ops.partition_by_year(of regclass, first int, last int) LANGUAGE plpgsql AS $$
DECLARE year int;
BEGIN
  FOR year IN first..last LOOP
    EXECUTE format('CREATE TABLE %s PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
                   of || '_' || year, of, make_date(year, 1, 1), make_date(year + 1, 1, 1));
  END LOOP;
  EXECUTE format('CREATE TABLE %s PARTITION OF %s DEFAULT', of || '_other', of);
END $$;

-- One row for each write that somebody asked for with a key: the same key gives the same reply.
CREATE TABLE ops.request (
  caller  text        NOT NULL,
  key     text        NOT NULL CHECK (length(key) BETWEEN 1 AND 128),
  digest  bytea       NOT NULL,                -- SHA-256 of what was asked
  status  smallint    NOT NULL,
  reply   text        NOT NULL,                -- as it was sent, to the byte
  made_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (caller, key)
);
CALL ops.make_append_only('ops.request');

-- Who did what to what, and when.
CREATE TABLE ops.audit (
  audit_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at       timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor    text        NOT NULL,
  action   text        NOT NULL,
  subject  text        NOT NULL,
  detail   jsonb       NOT NULL DEFAULT '{}'
);
CREATE INDEX ON ops.audit (subject);
CALL ops.make_append_only('ops.audit');

-- --- the ledger ------------------------------------------------------------------------------

-- An account: a head of the chart, the fund it is of, and whose it is ('' where nobody's).
CREATE TABLE ledger.account (
  account_id int  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  head       text NOT NULL,
  fund       text NOT NULL DEFAULT '',
  party      text NOT NULL DEFAULT '',
  UNIQUE (head, fund, party)
);
CREATE INDEX ON ledger.account (party) WHERE party <> '';
CALL ops.make_append_only('ledger.account');

CREATE SEQUENCE ledger.entry_id;
GRANT USAGE ON SEQUENCE ledger.entry_id TO yibao_app;

-- One thing that happened. What it moved are its transfers.
CREATE TABLE ledger.entry (
  entry_id    bigint      NOT NULL DEFAULT nextval('ledger.entry_id'),
  on_day      date        NOT NULL,            -- the day it belongs to
  kind        text        NOT NULL,
  subject     text        NOT NULL,            -- what it is about, e.g. settlement:17
  actor       text        NOT NULL,
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  reverses    bigint,
  PRIMARY KEY (entry_id, on_day)
) PARTITION BY RANGE (on_day);
CALL ops.partition_by_year('ledger.entry', 2015, 2031);
CREATE INDEX ON ledger.entry (subject);
CALL ops.make_append_only('ledger.entry');

-- Money that moves from one account to another: so every row balances, and so does every sum.
CREATE TABLE ledger.transfer (
  entry_id    bigint      NOT NULL,
  number      smallint    NOT NULL,
  on_day      date        NOT NULL,
  debit       int         NOT NULL REFERENCES ledger.account,
  credit      int         NOT NULL REFERENCES ledger.account,
  fen         bigint      NOT NULL CHECK (fen > 0),
  recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  CHECK (debit <> credit),
  PRIMARY KEY (entry_id, number, on_day),
  FOREIGN KEY (entry_id, on_day) REFERENCES ledger.entry
) PARTITION BY RANGE (on_day);
CALL ops.partition_by_year('ledger.transfer', 2015, 2031);
CREATE INDEX ON ledger.transfer (debit);
CREATE INDEX ON ledger.transfer (credit);
CALL ops.make_append_only('ledger.transfer');

-- An entry is taken back once: the reversing one names it here.
CREATE TABLE ledger.reversed (
  entry_id bigint PRIMARY KEY,
  by_entry bigint NOT NULL UNIQUE
);
CALL ops.make_append_only('ledger.reversed');

-- Every posting, seen from its account: debits positive, credits negative.
CREATE VIEW ledger.posting AS
  SELECT entry_id, number, on_day, recorded_at, debit AS account_id, fen FROM ledger.transfer
  UNION ALL
  SELECT entry_id, number, on_day, recorded_at, credit, -fen FROM ledger.transfer;
GRANT SELECT ON ledger.posting TO yibao_app;

-- Entry with its transfers in one statement. `accounts` are pairs (debit, credit).
CREATE FUNCTION ledger.post(
  of_day date, of_kind text, of_subject text, by_actor text,
  debits int[], credits int[], fens bigint[], taking_back bigint DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE made bigint := nextval('ledger.entry_id');
BEGIN
  INSERT INTO ledger.entry (entry_id, on_day, kind, subject, actor, reverses)
  VALUES (made, of_day, of_kind, of_subject, by_actor, taking_back);
  INSERT INTO ledger.transfer (entry_id, number, on_day, debit, credit, fen)
  SELECT made, n, of_day, d, c, f
  FROM unnest(debits, credits, fens) WITH ORDINALITY AS t(d, c, f, n);
  IF taking_back IS NOT NULL THEN
    INSERT INTO ledger.reversed (entry_id, by_entry) VALUES (taking_back, made);
  END IF;
  RETURN made;
END $$;
