-- The claims desk: settlements, their lines, the state of persons' years.

CREATE SCHEMA desk;
GRANT USAGE ON SCHEMA desk TO yibao_app;

-- State of one person's year in one scheme, as names and values that are not 0. `episodes` and
-- `owed` are by episode (see settlement.model.YearState).
CREATE TABLE desk.person_year (
  person_id text     NOT NULL,
  year      smallint NOT NULL,
  scheme    text     NOT NULL,
  values    jsonb    NOT NULL,
  episodes  jsonb    NOT NULL,
  owed      jsonb    NOT NULL,
  PRIMARY KEY (person_id, year, scheme)
);
GRANT SELECT, INSERT, UPDATE ON desk.person_year TO yibao_app;

-- With what a person entered a year: `given` from outside, else from closing the year before.
CREATE TABLE desk.opening (
  person_id text     NOT NULL,
  year      smallint NOT NULL,
  given     boolean  NOT NULL,
  values    jsonb    NOT NULL,
  PRIMARY KEY (person_id, year)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON desk.opening TO yibao_app;

CREATE SEQUENCE desk.settlement_id;
GRANT USAGE ON SEQUENCE desk.settlement_id TO yibao_app;

-- A settlement, or one taken back (amounts as they were, `reverses` says which). Fen.
CREATE TABLE desk.settlement (
  settlement_id    bigint      NOT NULL,
  settled_on       date        NOT NULL,       -- the day of the books, for clearing
  settled_at       timestamp   NOT NULL,       -- local time
  kind             text        NOT NULL CHECK (kind IN ('settlement', 'reversal')),
  payee            text        NOT NULL CHECK (payee IN ('institution', 'person')),
  reverses         bigint      CHECK ((kind = 'reversal') = (reverses IS NOT NULL)),
  entry_id         bigint      NOT NULL,
  claim_no         text        NOT NULL,       -- the institution's own number
  institution_id   text        NOT NULL,
  person_id        text        NOT NULL,
  scheme           text        NOT NULL,
  visit            text        NOT NULL,
  admitted         date        NOT NULL,
  discharged       date        NOT NULL,
  day              date        NOT NULL,       -- chooses rules, status and year
  episode          text        NOT NULL,
  person_facts     jsonb       NOT NULL,       -- what rules could look at
  claim_facts      jsonb       NOT NULL,
  amounts          jsonb       NOT NULL,       -- the bill, by the vocabulary's names
  total            bigint      NOT NULL CHECK (total >= 0),
  in_scope         bigint      NOT NULL CHECK (in_scope BETWEEN 0 AND total),
  funds            jsonb       NOT NULL,       -- what each fund pays
  fund_pay         bigint      NOT NULL CHECK (fund_pay >= 0),
  hospital_pay     bigint      NOT NULL CHECK (hospital_pay >= 0),  -- what the institution bears
  account_pay      bigint      NOT NULL CHECK (account_pay >= 0),
  cash_pay         bigint      NOT NULL CHECK (cash_pay >= 0),
  added            jsonb       NOT NULL,       -- what it added to the state
  numbers_admission boolean    NOT NULL,
  rules            text        NOT NULL,       -- digest of the rules that settled it
  memory           bigint[]    NOT NULL,       -- every figure, for the explanation
  actor            text        NOT NULL,
  CHECK (total = fund_pay + hospital_pay + account_pay + cash_pay),
  CHECK (admitted <= discharged),
  PRIMARY KEY (settlement_id, settled_on)
) PARTITION BY RANGE (settled_on);
CALL ops.partition_by_year('desk.settlement', 2015, 2031);
CREATE INDEX ON desk.settlement (person_id, settlement_id);
CREATE INDEX ON desk.settlement (institution_id, settled_on);
CALL ops.make_append_only('desk.settlement');

-- An institution's number stands for one settlement, in whatever year.
CREATE TABLE desk.claim_no (
  institution_id text   NOT NULL,
  claim_no       text   NOT NULL,
  settlement_id  bigint NOT NULL UNIQUE,
  PRIMARY KEY (institution_id, claim_no)
);
CALL ops.make_append_only('desk.claim_no');

-- A settlement is taken back once.
CREATE TABLE desk.reversed (
  settlement_id bigint PRIMARY KEY,
  by_settlement bigint NOT NULL UNIQUE
);
CALL ops.make_append_only('desk.reversed');

-- Paper invoices of bills that persons have paid themselves; each is held by one settlement.
CREATE TABLE desk.invoice (
  invoice_code  text   NOT NULL,
  invoice_no    text   NOT NULL,
  settlement_id bigint NOT NULL,
  fen           bigint NOT NULL CHECK (fen > 0),
  PRIMARY KEY (invoice_code, invoice_no, settlement_id)
);
CALL ops.make_append_only('desk.invoice');
CREATE TABLE desk.invoice_held (
  invoice_code  text   NOT NULL,
  invoice_no    text   NOT NULL,
  settlement_id bigint NOT NULL,
  PRIMARY KEY (invoice_code, invoice_no)
);
CREATE INDEX ON desk.invoice_held (settlement_id);
GRANT SELECT, INSERT, DELETE ON desk.invoice_held TO yibao_app;

-- The lines of a bill, as they were priced. Fen; price and standard may be fractions of one.
CREATE TABLE desk.line (
  settlement_id    bigint   NOT NULL,
  settled_on       date     NOT NULL,
  number           smallint NOT NULL,
  item_kind        text     NOT NULL,
  code             text     NOT NULL,
  local_code       text     NOT NULL DEFAULT '',
  item_class       text     NOT NULL CHECK (item_class IN ('A', 'B', 'C')),
  quantity         numeric  NOT NULL CHECK (quantity >= 0),
  price            numeric  NOT NULL CHECK (price >= 0),
  standard         numeric,
  rate             numeric  NOT NULL CHECK (rate BETWEEN 0 AND 1),
  total            bigint   NOT NULL,
  out_of_catalogue bigint   NOT NULL CHECK (out_of_catalogue >= 0),
  over_limit       bigint   NOT NULL CHECK (over_limit >= 0),
  first_self_pay   bigint   NOT NULL CHECK (first_self_pay >= 0),
  in_scope         bigint   NOT NULL CHECK (in_scope >= 0),
  served_on        date     NOT NULL,
  practitioner_id  text     NOT NULL DEFAULT '',
  reason           text     NOT NULL DEFAULT '',   -- why it is out of the catalogue here
  CHECK (total = out_of_catalogue + over_limit + first_self_pay + in_scope),
  PRIMARY KEY (settlement_id, settled_on, number)
) PARTITION BY RANGE (settled_on);
CALL ops.partition_by_year('desk.line', 2015, 2031);
CALL ops.make_append_only('desk.line');

-- Behind the code: when a transaction commits, what a settlement says must stand in the ledger.
CREATE FUNCTION desk.check_posted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE moved bigint; funds bigint;
BEGIN
  SELECT coalesce(sum(fen), 0) INTO moved FROM ledger.transfer
  WHERE entry_id = NEW.entry_id AND on_day = NEW.settled_on;
  SELECT coalesce(sum(value::bigint), 0) INTO funds FROM jsonb_each_text(NEW.funds);
  IF moved <> NEW.total OR funds <> NEW.fund_pay THEN
    RAISE EXCEPTION 'settlement %: % fen in the ledger, % in funds, of a total of % (funds %)',
      NEW.settlement_id, moved, funds, NEW.total, NEW.fund_pay
      USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER posted AFTER INSERT ON desk.settlement
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION desk.check_posted();

-- One settlement or reversal with all that belongs to it, in one statement. The document has an
-- object or a list of objects for each table, by its name.
CREATE FUNCTION desk.record(doc jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE made desk.settlement := jsonb_populate_record(NULL::desk.settlement, doc->'settlement');
BEGIN
  INSERT INTO ledger.entry (entry_id, on_day, kind, subject, actor)
  VALUES (made.entry_id, made.settled_on, made.kind, 'settlement:' || made.settlement_id,
          made.actor);
  INSERT INTO ledger.transfer (entry_id, number, on_day, debit, credit, fen)
  SELECT made.entry_id, t.number, made.settled_on, t.debit, t.credit, t.fen
  FROM jsonb_to_recordset(doc->'transfers') AS t(number int, debit int, credit int, fen bigint);
  INSERT INTO desk.settlement SELECT made.*;
  IF made.kind = 'settlement' THEN
    INSERT INTO desk.claim_no VALUES (made.institution_id, made.claim_no, made.settlement_id);
    INSERT INTO desk.line SELECT * FROM jsonb_populate_recordset(NULL::desk.line, doc->'lines');
    IF doc ? 'invoices' THEN
      INSERT INTO desk.invoice
      SELECT i.invoice_code, i.invoice_no, made.settlement_id, i.fen
      FROM jsonb_to_recordset(doc->'invoices') AS i(invoice_code text, invoice_no text, fen bigint);
      INSERT INTO desk.invoice_held
      SELECT invoice_code, invoice_no, settlement_id FROM desk.invoice
      WHERE settlement_id = made.settlement_id;
    END IF;
  ELSE
    INSERT INTO desk.reversed VALUES (made.reverses, made.settlement_id);
    DELETE FROM desk.invoice_held WHERE settlement_id = made.reverses;
  END IF;
  INSERT INTO desk.person_year
  SELECT * FROM jsonb_populate_recordset(NULL::desk.person_year, doc->'years')
  ON CONFLICT (person_id, year, scheme) DO UPDATE
  SET values = EXCLUDED.values, episodes = EXCLUDED.episodes, owed = EXCLUDED.owed;
  IF doc ? 'openings' THEN
    DELETE FROM desk.opening WHERE person_id = made.person_id AND NOT given;
    INSERT INTO desk.opening
    SELECT * FROM jsonb_populate_recordset(NULL::desk.opening, doc->'openings');
  END IF;
  IF doc ? 'account_balance' THEN
    UPDATE enrolment.person_lock SET account_balance = (doc->>'account_balance')::bigint
    WHERE person_id = made.person_id;
  END IF;
  INSERT INTO ops.audit (actor, action, subject, detail)
  VALUES (made.actor, made.kind, 'settlement:' || made.settlement_id,
          jsonb_build_object('person', made.person_id, 'claim_no', made.claim_no));
  IF doc ? 'request' THEN
    INSERT INTO ops.request (caller, key, digest, status, reply)
    SELECT r.caller, r.key, decode(r.digest, 'hex'), r.status, r.reply
    FROM jsonb_to_record(doc->'request')
      AS r(caller text, key text, digest text, status smallint, reply text);
  END IF;
END $$;

-- Lock a person and tell what the desk must know; NULL where there is no such person. Each query
-- here sees what whoever held the lock before has committed.
CREATE FUNCTION desk.open(of_person text, of_caller text, of_key text) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE balance bigint;
BEGIN
  SELECT account_balance INTO balance FROM enrolment.person_lock WHERE person_id = of_person
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  RETURN jsonb_build_object(
    'settlement_id', nextval('desk.settlement_id'),
    'entry_id', nextval('ledger.entry_id'),
    'now', clock_timestamp() AT TIME ZONE 'Asia/Shanghai',
    'account_balance', balance,
    'request', (SELECT jsonb_build_object('digest', encode(digest, 'hex'), 'status', status,
                                          'reply', reply)
                FROM ops.request WHERE (caller, key) = (of_caller, of_key)),
    'years', (SELECT coalesce(jsonb_agg(to_jsonb(y) - 'person_id'), '[]')
              FROM desk.person_year AS y WHERE person_id = of_person),
    'openings', (SELECT coalesce(jsonb_agg(to_jsonb(o) - 'person_id'), '[]')
                 FROM desk.opening AS o WHERE person_id = of_person)
  );
END $$;
