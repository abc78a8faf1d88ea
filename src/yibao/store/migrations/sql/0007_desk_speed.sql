-- The desk asks for everything that it must know of a bill at once.

-- What rules may look at of an institution on a day, and why its claim is refused, null where it is
-- not. Recognised institutions of other regions have no agreement with us.
CREATE FUNCTION registry.facts_for(of_institution text, of_day date, of_visit text, of_scheme text)
RETURNS json LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT json_build_object(
      'refusal', CASE WHEN NOT EXISTS (
          SELECT FROM registry.recognition AS r
          WHERE r.institution_id = of_institution AND r.valid @> of_day)
        THEN registry.agreement_refusal(of_institution, of_day, of_visit, of_scheme) END,
      'facts', json_build_object(
        'level', level, 'institution_class', institution_class,
        'primary_institution', primary_institution, 'tcm_institution', tcm_institution,
        'reformed_public_hospital', reformed_public_hospital))
    FROM registry.institution AS i
    WHERE i.institution_id = of_institution AND i.valid @> of_day);
END $$;

-- Lock a person and tell what the desk must know; NULL where there is no such person. Each query
-- here sees what whoever held the lock before has committed. `registers`: what is known of the
-- person and of the institution that sends a bill, whose rules are those of `of_day`; NULL where
-- there is no bill.
DROP FUNCTION desk.open(text, text, text);
CREATE FUNCTION desk.open(
  of_person text, of_caller text, of_key text, at_institution text DEFAULT NULL,
  of_visit text DEFAULT NULL, of_day date DEFAULT NULL, of_admission date DEFAULT NULL
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE balance bigint; earlier json;
BEGIN
  SELECT account_balance INTO balance FROM enrolment.person_lock WHERE person_id = of_person
  FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT json_build_object('digest', encode(digest, 'hex'), 'status', status, 'reply', reply)
  INTO earlier FROM ops.request WHERE (caller, key) = (of_caller, of_key);
  IF FOUND THEN
    RETURN json_build_object('request', earlier);
  END IF;
  RETURN json_build_object(
    'settlement_id', nextval('desk.settlement_id'),
    'entry_id', nextval('ledger.entry_id'),
    'now', clock_timestamp() AT TIME ZONE 'Asia/Shanghai',
    'account_balance', balance,
    'request', NULL,
    'years', (SELECT coalesce(json_agg(to_jsonb(y) - 'person_id'), '[]')
              FROM desk.person_year AS y WHERE person_id = of_person),
    'openings', (SELECT coalesce(json_agg(to_jsonb(o) - 'person_id'), '[]')
                 FROM desk.opening AS o WHERE person_id = of_person),
    'registers', CASE WHEN at_institution IS NOT NULL
      THEN desk.registers(of_person, at_institution, of_visit, of_day, of_admission) END
  );
END $$;

CREATE FUNCTION desk.registers(
  of_person text, at_institution text, of_visit text, of_day date, of_admission date
) RETURNS json LANGUAGE plpgsql STABLE AS $$
DECLARE
  person enrolment.person;
  scheme text;
BEGIN
  SELECT * INTO person FROM enrolment.person AS p WHERE p.person_id = of_person;
  SELECT c.scheme INTO scheme FROM enrolment.coverage AS c
  WHERE c.person_no = person.person_no AND upper_inf(c.known) AND c.valid @> of_day;
  RETURN json_build_object(
    'birth_date', person.birth_date,
    'division', person.division,
    'coverage', (
      SELECT coalesce(json_agg(json_build_array(
        lower(c.valid), upper(c.valid) - 1, c.scheme, c.category, c.contribution_tier, c.reason
      ) ORDER BY c.valid), '[]')
      FROM enrolment.coverage AS c
      WHERE c.person_no = person.person_no AND upper_inf(c.known)),
    'facts', (
      SELECT coalesce(json_agg(json_build_array(
        lower(f.valid), upper(f.valid) - 1, f.attribute, f.value)), '[]')
      FROM enrolment.fact AS f
      WHERE f.person_no = person.person_no AND upper_inf(f.known)),
    'claim', json_build_array(of_visit, coalesce(scheme, '')),
    'institution', registry.facts_for(at_institution, of_day, of_visit, coalesce(scheme, '')),
    'institution_division', (
      SELECT i.division FROM registry.institution AS i
      WHERE i.institution_id = at_institution AND i.valid @> of_admission));
END $$;

-- --- loads -------------------------------------------------------------------------------------

-- Claims of earlier years that were settled and booked together: each load once.
CREATE TABLE desk.load (
  load_id   text        PRIMARY KEY CHECK (load_id <> ''),
  digest    text        NOT NULL,               -- of what was loaded
  first     bigint      NOT NULL,               -- lowest and highest number of its settlements
  last      bigint      NOT NULL CHECK (last >= first),
  claims    int         NOT NULL CHECK (claims > 0),
  actor     text        NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('desk.load');
