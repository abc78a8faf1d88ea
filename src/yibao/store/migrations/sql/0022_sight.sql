-- Whose rows a transaction sees and may write: a second wall behind the table of roles.
--
-- It says so itself, until it ends, by one of these settings (yibao.store.sight):
--   yibao.everything = 'yes'       the agency, which sees everything
--   yibao.institution, yibao.person, yibao.employer, yibao.region = the id of whose rows it sees
-- Without any of them it sees nothing of the tables below. A table that has neither an institution
-- nor a person nor an employer is not here: registers of what exists, the ledger, keys, users.
--
-- Policies hold for who works (yibao_app). The owner, who migrates and backs up, is not held.

CREATE FUNCTION ops.sight(kind text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('yibao.' || kind, true), '');

CREATE FUNCTION ops.sees_all() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN current_setting('yibao.everything', true) = 'yes';

-- Persons' registers are open to who treats: a patient may come to any institution.
CREATE FUNCTION ops.treats() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('yibao.institution', true), '') <> '';

-- Guard a table: `seen` says which of its rows are one's own, `written` which one may make or make
-- of one's own. What one is is asked for each row where statements look at `few`, else once for a
-- statement, by a subquery: that costs as much as some dozens of rows.
CREATE PROCEDURE ops.guard(
  of regclass, seen text, written text DEFAULT NULL, few boolean DEFAULT false
) LANGUAGE plpgsql AS $$
DECLARE once CONSTANT text := '(SELECT \1)';
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', of);
  EXECUTE format('CREATE POLICY sight ON %s USING (%s) WITH CHECK (ops.sees_all() OR (%s))', of,
                 CASE WHEN few THEN format('ops.sees_all() OR (%s)', seen)
                 ELSE regexp_replace(format('ops.sees_all() OR (%s)', seen),
                   '(ops\.(sight|sees_all|treats)\([^)]*\)|enrolment\.own_no\(\))', once, 'g') END,
                 coalesce(written, seen));
END $$;

-- --- what a row belongs to ---------------------------------------------------------------------
--
-- They cost nothing where everything is seen, for they are not called: the planner is told so.

-- The number of the person whose rows are seen. It looks behind the wall: the person's own row is
-- guarded by it.
CREATE FUNCTION enrolment.own_no() RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT p.person_no FROM enrolment.person AS p WHERE p.person_id = ops.sight('person'));
END $$;

-- Whether a settlement is seen, by its number. Numbers of institutions are in one table,
-- settlements in one for each year.
CREATE FUNCTION desk.seen(of_settlement bigint) RETURNS boolean LANGUAGE plpgsql STABLE COST 1 AS $$
BEGIN
  IF ops.sight('institution') IS NOT NULL THEN
    RETURN EXISTS (SELECT FROM desk.claim_no AS c WHERE c.settlement_id = of_settlement);
  END IF;
  RETURN EXISTS (SELECT FROM desk.settlement AS s WHERE s.settlement_id = of_settlement);
END $$;

CREATE FUNCTION visits.seen(of_visit bigint) RETURNS boolean LANGUAGE plpgsql STABLE COST 1 AS $$
BEGIN
  RETURN EXISTS (SELECT FROM visits.visit AS v WHERE v.visit_id = of_visit);
END $$;

-- A prescription is seen by who wrote it, who hands it out or delivers it, and whose it is. It
-- looks behind the wall, since what is delivered is seen by whose prescription it is.
CREATE FUNCTION dispensing.seen(of_prescription bigint) RETURNS boolean
LANGUAGE plpgsql STABLE COST 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE own text := ops.sight('institution');
BEGIN
  IF own IS NULL THEN
    RETURN EXISTS (SELECT FROM dispensing.prescription AS p
                   WHERE p.prescription_id = of_prescription AND p.person_id = ops.sight('person'));
  END IF;
  RETURN EXISTS (SELECT FROM dispensing.prescription AS p
                 WHERE p.prescription_id = of_prescription AND p.institution_id = own)
      OR EXISTS (SELECT FROM dispensing.delivery AS d
                 WHERE d.prescription_id = of_prescription AND d.institution_id = own)
      OR EXISTS (SELECT FROM dispensing.dispensed AS d
                 WHERE d.prescription_id = of_prescription AND d.institution_id = own);
END $$;

CREATE FUNCTION dispensing.issued(of_prescription bigint) RETURNS boolean
LANGUAGE plpgsql STABLE COST 1 AS $$
BEGIN
  RETURN EXISTS (SELECT FROM dispensing.prescription AS p WHERE p.prescription_id = of_prescription
                 AND p.institution_id = ops.sight('institution'));
END $$;

-- A bill is seen by whose it is and by who owes a part of it. It looks behind the wall, since parts
-- are seen by whose bill it is.
CREATE FUNCTION contributions.seen(of_bill bigint) RETURNS boolean
LANGUAGE plpgsql STABLE COST 1 SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM contributions.bill AS b
                 WHERE b.bill_id = of_bill AND b.person_no = enrolment.own_no())
      OR EXISTS (SELECT FROM contributions.part AS p WHERE p.bill_id = of_bill
                 AND p.payer IN (ops.sight('employer'), ops.sight('person')));
END $$;

-- --- exceptions: what must be asked of everybody's rows ----------------------------------------

-- Behind the code, as before; they would be blind to what others have done.
ALTER FUNCTION dispensing.taken(bigint, bigint)
  SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION dispensing.once() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION filing.check_owed() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION ops.chain_audit() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- Whether another standing claim of a person's year bears the admission of an episode, wherever the
-- person was treated.
CREATE FUNCTION desk.shares_episode(
  of_settlement bigint, of_person text, of_episode text, of_scheme text, of_day date
) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (
    SELECT FROM desk.settlement AS s
    WHERE s.person_id = of_person AND s.episode = of_episode AND s.scheme = of_scheme
      AND extract(year FROM s.day) = extract(year FROM of_day)
      AND s.settlement_id <> of_settlement AND s.kind = 'settlement' AND s.numbers_admission
      AND NOT EXISTS (SELECT FROM desk.reversed AS r WHERE r.settlement_id = s.settlement_id));
END $$;

-- --- institutions' rows ------------------------------------------------------------------------

DO $$
DECLARE
  institution CONSTANT text := 'institution_id = ops.sight(''institution'')';
  person      CONSTANT text := 'person_id = ops.sight(''person'')';
  number      CONSTANT text := 'person_no = enrolment.own_no()';
  treats      CONSTANT text := 'ops.treats()';
  employer    CONSTANT text := 'ops.sight(''employer'')';
  region      CONSTANT text := 'region = ops.sight(''region'')';
  application CONSTANT text := 'EXISTS (SELECT FROM clearing.application AS a '
                               'WHERE a.application_id = %s.application_id)';
  of text;
BEGIN
  -- the desk; what is written under a settlement is written by its institution
  CALL ops.guard('desk.settlement', institution || ' OR ' || person, institution);
  CALL ops.guard('desk.claim_no', institution, few => true);
  CALL ops.guard('desk.settlement_list', institution);
  FOREACH of IN ARRAY ARRAY['line', 'reversed', 'invoice', 'invoice_held'] LOOP
    CALL ops.guard(('desk.' || of)::regclass, 'desk.seen(settlement_id)',
                   treats || ' AND desk.seen(settlement_id)');
  END LOOP;
  CALL ops.guard('desk.load', 'false');
  CALL ops.guard('filing.settled_elsewhere', 'desk.seen(settlement_id)',
                 treats || ' AND desk.seen(settlement_id)');

  -- visits while they last
  CALL ops.guard('visits.visit', institution || ' OR ' || person, institution);
  CALL ops.guard('visits.diagnosis', 'visits.seen(visit_id)',
                 treats || ' AND visits.seen(visit_id)');
  CALL ops.guard('visits.fee', 'visits.seen(visit_id)', treats || ' AND visits.seen(visit_id)');
  CALL ops.guard('visits.settled', 'visits.seen(visit_id)', treats || ' AND visits.seen(visit_id)');
  CALL ops.guard('visits.box', 'desk.seen(settlement_id)',
                 treats || ' AND desk.seen(settlement_id)');

  -- prescriptions, and what became of them
  CALL ops.guard('dispensing.prescription', institution || ' OR ' || person
                 || ' OR dispensing.seen(prescription_id)', institution);
  CALL ops.guard('dispensing.prescribed', 'dispensing.seen(prescription_id)',
                 'dispensing.issued(prescription_id)');
  CALL ops.guard('dispensing.audited', 'dispensing.seen(prescription_id)',
                 'dispensing.issued(prescription_id)');
  CALL ops.guard('dispensing.delivery', institution
                 || ' OR (NOT ops.treats() AND dispensing.seen(prescription_id))',
                 institution);
  CALL ops.guard('dispensing.delivery_step', 'EXISTS (SELECT FROM dispensing.delivery AS d '
                 'WHERE d.delivery_id = delivery_step.delivery_id)');
  CALL ops.guard('dispensing.dispensed', institution
                 || ' OR (NOT ops.treats() AND dispensing.seen(prescription_id))',
                 institution);

  -- stock, review, files, operators
  CALL ops.guard('stock.movement', institution);
  CALL ops.guard('review.finding', institution);
  CALL ops.guard('review.answer', 'EXISTS (SELECT FROM review.finding AS f '
                 'WHERE f.finding_id = answer.finding_id)');
  CALL ops.guard('ops.file', institution || ' OR (institution_id = '''' AND ' || treats || ')');
  CALL ops.guard('ops.sign_in', institution);

  -- clearing
  FOREACH of IN ARRAY ARRAY['application', 'request', 'advance', 'release', 'reconciliation'] LOOP
    CALL ops.guard(('clearing.' || of)::regclass, institution);
  END LOOP;
  FOREACH of IN ARRAY ARRAY['line', 'claim', 'guest_claim', 'audit', 'deduction', 'deposit',
                            'payment', 'given_back'] LOOP
    CALL ops.guard(('clearing.' || of)::regclass, format(application, of));
  END LOOP;
  FOREACH of IN ARRAY ARRAY['appeal', 'decision'] LOOP
    CALL ops.guard(('clearing.' || of)::regclass, format(
      'EXISTS (SELECT FROM clearing.deduction AS d WHERE d.deduction_id = %s.deduction_id)', of));
  END LOOP;
  CALL ops.guard('clearing.reserve', 'false');
  CALL ops.guard('clearing.region_month', region);

  -- what an institution has asked for and been told: its agreement itself is public
  CALL ops.guard('registry.application', institution);
  CALL ops.guard('registry.application_event', 'EXISTS (SELECT FROM registry.application AS a '
                 'WHERE a.application_id = application_event.application_id)');
  CALL ops.guard('registry.agreement_event', 'EXISTS (SELECT FROM registry.agreement AS a '
                 'WHERE a.agreement_id = agreement_event.agreement_id '
                 'AND a.' || institution || ')');

  -- --- persons' rows ---------------------------------------------------------------------------

  -- what is needed of whoever comes
  CALL ops.guard('enrolment.person', treats || ' OR ' || person
                 || ' OR person_no IN (SELECT e.person_no FROM enrolment.employment AS e '
                    'WHERE e.employer_id = ' || employer || ')', 'false', few => true);
  CALL ops.guard('enrolment.person_lock', treats || ' OR ' || person, few => true);
  CALL ops.guard('enrolment.membership', treats || ' OR ' || number, 'false');
  CALL ops.guard('enrolment.coverage', treats || ' OR ' || number, 'false', few => true);
  CALL ops.guard('enrolment.employment', treats || ' OR ' || number
                 || ' OR employer_id = ' || employer, 'employer_id = ' || employer);
  CALL ops.guard('enrolment.fact', treats || ' OR ' || number, few => true);
  CALL ops.guard('enrolment.employer', 'employer_id = ' || employer || ' OR ' || treats
                 || ' OR ops.sight(''person'') IS NOT NULL', 'false');
  CALL ops.guard('desk.person_year', treats || ' OR ' || person, treats, few => true);
  CALL ops.guard('desk.opening', treats || ' OR ' || person, treats, few => true);
  CALL ops.guard('qualification.application', treats || ' OR ' || person);
  CALL ops.guard('qualification.decision',
                 treats || ' OR EXISTS (SELECT FROM qualification.application AS a '
                 'WHERE a.application_id = decision.application_id)',
                 institution || ' OR (institution_id = '''' '
                 'AND EXISTS (SELECT FROM qualification.application AS a '
                 'WHERE a.application_id = decision.application_id))');
  CALL ops.guard('qualification.review', treats || ' OR ' || person,
                 institution || ' OR (institution_id = '''' AND ' || treats || ')');
  CALL ops.guard('qualification.site', treats || ' OR ' || number);
  CALL ops.guard('filing.choice', treats || ' OR ' || person);
  CALL ops.guard('filing.remote', treats || ' OR ' || person, person);
  CALL ops.guard('filing.family_doctor', treats || ' OR ' || person, institution);
  CALL ops.guard('care.assessment', treats || ' OR ' || person, institution);

  -- filings of both
  CALL ops.guard('filing.referral', person
                 || ' OR ops.sight(''institution'') IN (from_institution, to_institution)',
                 'from_institution = ops.sight(''institution'')');
  CALL ops.guard('filing.accident', person || ' OR ' || institution, institution);
  CALL ops.guard('filing.guest', institution || ' OR ' || region, region);

  -- nobody's but the person's, and those of who pays for them
  CALL ops.guard('enrolment.transfer', person, 'false');
  CALL ops.guard('accounts.movement', person, 'false');
  CALL ops.guard('accounts.family', number || ' OR relative = ops.sight(''person'')',
                 'false');
  CALL ops.guard('accounts.taken_back', 'EXISTS (SELECT FROM accounts.movement AS m '
                 'WHERE m.movement_id = taken_back.movement_id)', 'false');
  CALL ops.guard('contributions.bill', number || ' OR contributions.seen(bill_id)', 'false');
  CALL ops.guard('contributions.part', 'contributions.seen(bill_id)', 'false');
  CALL ops.guard('contributions.share', 'contributions.seen(bill_id)', 'false');
  FOREACH of IN ARRAY ARRAY['receipt', 'held', 'refund'] LOOP
    CALL ops.guard(('contributions.' || of)::regclass,
                   'payer IN (' || employer || ', ops.sight(''person''))', 'false');
  END LOOP;
  -- who sees a share sees that it does not count any more
  CALL ops.guard('contributions.taken_back',
                 'EXISTS (SELECT FROM contributions.receipt AS r '
                 'WHERE r.receipt_id = taken_back.receipt_id) '
                 'OR EXISTS (SELECT FROM contributions.share AS s '
                 'WHERE s.receipt_id = taken_back.receipt_id)', 'false');
  CALL ops.guard('contributions.refunded', 'EXISTS (SELECT FROM contributions.refund AS r '
                 'WHERE r.refund_id = refunded.refund_id)', 'false');

  -- the agency's alone
  FOREACH of IN ARRAY ARRAY['enrolment.elsewhere', 'matching.decision', 'matching.gap',
                            'matching.gap_step'] LOOP
    CALL ops.guard(of::regclass, 'false');
  END LOOP;
END $$;

-- A filing is cancelled by who may see it.
CREATE FUNCTION filing.seen(filed text, filing bigint) RETURNS boolean
LANGUAGE plpgsql STABLE COST 1 AS $$
BEGIN
  RETURN CASE filed
    WHEN 'referral' THEN EXISTS (SELECT FROM filing.referral AS f WHERE f.referral_id = filing)
    WHEN 'remote' THEN EXISTS (SELECT FROM filing.remote AS f WHERE f.remote_id = filing)
    WHEN 'choice' THEN EXISTS (SELECT FROM filing.choice AS f WHERE f.choice_id = filing)
    ELSE false END;
END $$;
CALL ops.guard('filing.cancellation', 'filing.seen(kind, filing_id)');

-- Whoever does something has it written down; what was written down is read by the
-- agency, and by the person whom it is about.
ALTER TABLE ops.audit ENABLE ROW LEVEL SECURITY;
CREATE POLICY written ON ops.audit FOR INSERT WITH CHECK (true);
CREATE POLICY sight ON ops.audit FOR SELECT USING (
  (SELECT ops.sees_all()) OR subject = 'person:' || (SELECT ops.sight('person')));

-- Views ask in the name of who asks them, not of their owner.
ALTER VIEW clearing.bill SET (security_invoker = true);
ALTER VIEW clearing.open_bill SET (security_invoker = true);
ALTER VIEW clearing.owed SET (security_invoker = true);
ALTER VIEW clearing.open SET (security_invoker = true);
ALTER VIEW contributions.standing_share SET (security_invoker = true);
ALTER VIEW ledger.posting SET (security_invoker = true);
