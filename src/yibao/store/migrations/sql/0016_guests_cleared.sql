-- Institutions are owed for guests of other regions, and not for what other regions pay them.

-- A guest's settlement, or its being taken back, by its entry: held by one application.
CREATE TABLE clearing.guest_claim (
  entry_id       bigint PRIMARY KEY,
  application_id bigint NOT NULL REFERENCES clearing.application
);
CREATE INDEX ON clearing.guest_claim (application_id);
CALL ops.make_append_only('clearing.guest_claim');

-- Every bill that institutions apply for, and how it counts: -1 where it was taken back. Not those
-- that persons have paid themselves, nor those that another region pays. Guests have an entry
-- instead of a settlement; their funds are the ledger's, and 'guest' stands for their visit.
CREATE VIEW clearing.bill AS
  SELECT s.settlement_id, NULL::bigint AS guest_entry, s.institution_id, s.settled_on, s.visit,
         CASE s.kind WHEN 'settlement' THEN 1 ELSE -1 END AS sign,
         s.scheme, s.funds, s.account_pay
  FROM desk.settlement AS s
  WHERE s.payee = 'institution' AND NOT EXISTS (
    SELECT FROM filing.settled_elsewhere AS e
    WHERE e.settlement_id = coalesce(s.reverses, s.settlement_id))
  UNION ALL
  SELECT NULL, entry_id, institution_id, on_day, 'guest', 1, '', funds, 0 FROM filing.guest
  UNION ALL
  SELECT NULL, e.entry_id, g.institution_id, e.on_day, 'guest', -1, '', g.funds, 0
  FROM filing.guest AS g JOIN ledger.reversed AS r ON r.entry_id = g.entry_id
  JOIN ledger.entry AS e ON e.entry_id = r.by_entry;

-- Those that no application holds yet.
CREATE VIEW clearing.open_bill AS
  SELECT b.* FROM clearing.bill AS b
  WHERE NOT EXISTS (SELECT FROM clearing.claim AS c WHERE c.settlement_id = b.settlement_id)
    AND NOT EXISTS (SELECT FROM clearing.guest_claim AS c WHERE c.entry_id = b.guest_entry);

-- Fen by fund of a bill, as it counts; funds that pay nothing are left out.
CREATE FUNCTION clearing.shares(sign int, scheme text, funds jsonb, account_pay bigint)
RETURNS TABLE (fund text, fen bigint) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT fund, sign * fen FROM (
    SELECT ledger.fund_of(scheme, key), value::bigint FROM jsonb_each_text(funds)
    UNION ALL SELECT 'personal_account', account_pay) AS share(fund, fen)
  WHERE fen <> 0
$$;

DROP VIEW clearing.owed;
CREATE VIEW clearing.owed AS
  SELECT b.*, share.fund, share.fen
  FROM clearing.bill AS b, clearing.shares(b.sign, b.scheme, b.funds, b.account_pay) AS share;
CREATE VIEW clearing.open AS
  SELECT b.*, share.fund, share.fen
  FROM clearing.open_bill AS b, clearing.shares(b.sign, b.scheme, b.funds, b.account_pay) AS share;
GRANT SELECT ON clearing.bill, clearing.open_bill, clearing.owed, clearing.open TO yibao_app;

-- An invoice is one however it is written: only capitals and digits, and leading zeros don't count.
-- What was written before stays as it is.
ALTER TABLE desk.invoice ADD CONSTRAINT invoice_form CHECK (
  invoice_code ~ '^[0-9A-Z]{1,20}$' AND invoice_no ~ '^[0-9A-Z]{1,20}$') NOT VALID;
CREATE UNIQUE INDEX ON desk.invoice_held (
  ltrim(upper(invoice_code), '0'), ltrim(upper(invoice_no), '0'));
