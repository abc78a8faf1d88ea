-- The ledger keeps the funds of each scheme apart: the basic funds of employees and of residents.

-- The fund that pays where the vocabulary's `payer` does, for who is in a scheme, as
-- yibao.ledger.funds has it.
CREATE FUNCTION ledger.fund_of(scheme text, payer text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN payer IN ('pool_pay', 'large_expense_pay', 'serious_illness_pay')
            THEN scheme || '.' || payer ELSE payer END;

-- What the desk owes institutions, by the ledger's fund, below zero for what was taken back. Bills
-- that persons have paid themselves are not owed to institutions.
CREATE OR REPLACE VIEW clearing.owed AS
  SELECT s.settlement_id, s.institution_id, s.settled_on, s.visit, share.fund,
         CASE s.kind WHEN 'settlement' THEN share.fen ELSE -share.fen END AS fen
  FROM desk.settlement AS s,
       LATERAL (SELECT ledger.fund_of(s.scheme, key), value::bigint FROM jsonb_each_text(s.funds)
                UNION ALL SELECT 'personal_account', s.account_pay) AS share(fund, fen)
  WHERE s.payee = 'institution' AND share.fen <> 0;
