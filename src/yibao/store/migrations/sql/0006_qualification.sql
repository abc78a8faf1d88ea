-- What stands around a claim: who is qualified for what and where, what was filed before care,
-- what was prescribed and handed out.

CREATE SCHEMA qualification;
CREATE SCHEMA filing;
CREATE SCHEMA dispensing;
GRANT USAGE ON SCHEMA qualification, filing, dispensing TO yibao_app;

-- --- special and chronic diseases --------------------------------------------------------------

CREATE TABLE qualification.application (
  application_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      text   NOT NULL REFERENCES enrolment.person (person_id),
  disease        text   NOT NULL CHECK (disease <> ''),
  on_day         date   NOT NULL
);
CREATE INDEX ON qualification.application (person_id, disease);
CALL ops.make_append_only('qualification.application');

-- An application is decided once. What is granted is held as a fact of the person from then on.
CREATE TABLE qualification.decision (
  application_id bigint    PRIMARY KEY REFERENCES qualification.application,
  outcome        text      NOT NULL CHECK (outcome IN ('granted', 'refused', 'withdrawn')),
  institution_id text      NOT NULL,               -- the centre; '' where the applicant withdrew
  on_day         date      NOT NULL,
  valid          daterange CHECK ((outcome = 'granted') = (valid IS NOT NULL)),
  reason         text      NOT NULL,
  CHECK ((outcome = 'withdrawn') = (institution_id = ''))
);
CALL ops.make_append_only('qualification.decision');

-- A registration looked at again, by a centre or by the agency.
CREATE TABLE qualification.review (
  review_id      bigint  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      text    NOT NULL REFERENCES enrolment.person (person_id),
  disease        text    NOT NULL,
  kind           text    NOT NULL CHECK (kind IN ('re_examination', 'revocation')),
  institution_id text    NOT NULL,
  on_day         date    NOT NULL,
  confirmed      boolean NOT NULL,
  reason         text    NOT NULL,
  CHECK ((kind = 'revocation') = (institution_id = '')),
  CHECK (kind = 're_examination' OR NOT confirmed)
);
CREATE INDEX ON qualification.review (person_id, disease);
CALL ops.make_append_only('qualification.review');

-- Where a registered disease is treated: institutions of the person's choice, or, for what is paid
-- by name, one institution and one practitioner.
CREATE TABLE qualification.site (
  site_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_no       bigint NOT NULL REFERENCES enrolment.person,
  disease         text   NOT NULL,
  institution_id  text   NOT NULL CHECK (institution_id <> ''),
  practitioner_id text   NOT NULL,
  slot            text   NOT NULL GENERATED ALWAYS AS (
    disease || ' ' || institution_id || ' ' || practitioner_id) STORED
);
CALL enrolment.make_periods('qualification.site', 'slot');

-- --- filings -----------------------------------------------------------------------------------

-- A patient sent on. Stays that name it are one episode; `valid` are the days of admission.
CREATE TABLE filing.referral (
  referral_id      bigint    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id        text      NOT NULL REFERENCES enrolment.person (person_id),
  from_institution text      NOT NULL CHECK (from_institution <> ''),
  to_institution   text      NOT NULL CHECK (to_institution NOT IN ('', from_institution)),
  valid            daterange NOT NULL CHECK (NOT isempty(valid) AND NOT upper_inf(valid)),
  follows          bigint    REFERENCES filing.referral,
  episode          text,                          -- of the one it follows; else its own, R<number>
  reason           text      NOT NULL
);
CREATE INDEX ON filing.referral (person_id);
CALL ops.make_append_only('filing.referral');

-- Care in another region, filed before. `division` is the beginning of divisions' codes.
CREATE TABLE filing.remote (
  remote_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id text        NOT NULL REFERENCES enrolment.person (person_id),
  category  text        NOT NULL CHECK (category IN
              ('relocated_retiree', 'long_term_resident', 'posted_worker', 'referral',
               'travel_emergency', 'account_card', 'other')),
  division  text        NOT NULL CHECK (division ~ '^([0-9]{2}){1,3}$'),
  valid     daterange   NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
  filed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  reason    text        NOT NULL
);
CREATE INDEX ON filing.remote (person_id);
CALL ops.make_append_only('filing.remote');

-- A filing counts for nothing after it was cancelled; what has been settled under it stands.
CREATE TABLE filing.cancellation (
  kind         text        NOT NULL CHECK (kind IN ('referral', 'remote')),
  filing_id    bigint      NOT NULL,
  reason       text        NOT NULL,
  cancelled_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (kind, filing_id)
);
CALL ops.make_append_only('filing.cancellation');

-- --- settlements between regions ---------------------------------------------------------------

-- Our person treated elsewhere: what the funds owe is owed to the region that pays the institution.
CREATE TABLE filing.settled_elsewhere (
  settlement_id bigint PRIMARY KEY,
  region        text   NOT NULL,
  entry_id      bigint NOT NULL
);
CALL ops.make_append_only('filing.settled_elsewhere');

-- Behind the code: what is taken back is owed to no other region any more.
CREATE FUNCTION filing.check_owed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM filing.settled_elsewhere AS e WHERE e.settlement_id = NEW.settlement_id
      AND EXISTS (SELECT FROM ledger.transfer AS t WHERE t.entry_id = e.entry_id)
      AND NOT EXISTS (SELECT FROM ledger.reversed AS r WHERE r.entry_id = e.entry_id)
  ) THEN
    RAISE EXCEPTION 'settlement % is taken back, and still owed to another region',
      NEW.settlement_id USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER not_owed AFTER INSERT ON desk.reversed
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION filing.check_owed();

-- Somebody else's person treated here, as the region that insures them has settled. Fen.
CREATE TABLE filing.guest (
  region         text   NOT NULL CHECK (region <> ''),
  reference      text   NOT NULL CHECK (reference <> ''),  -- the other region's number
  institution_id text   NOT NULL CHECK (institution_id <> ''),
  claim_no       text   NOT NULL,
  on_day         date   NOT NULL,
  funds          jsonb  NOT NULL,
  entry_id       bigint NOT NULL,
  PRIMARY KEY (region, reference),
  UNIQUE (institution_id, claim_no)
);
CALL ops.make_append_only('filing.guest');

-- --- prescriptions and deliveries --------------------------------------------------------------

-- What is counted, with where it is laid down: a limit of one name at a time.
CREATE TABLE dispensing.ceiling (
  name  text NOT NULL CHECK (name IN
          ('prescription_hours', 'prescription_days', 'long_prescription_days')),
  value int  NOT NULL CHECK (value > 0),
  cite  text NOT NULL CHECK (cite <> '')
);
CALL registry.make_versioned('dispensing.ceiling', 'name');
INSERT INTO dispensing.ceiling (name, value, cite, valid) VALUES
  ('prescription_hours', 72, '处方管理办法（卫生部令第53号）第十八条', '[2007-05-01,)'),
  ('prescription_days', 7, '处方管理办法（卫生部令第53号）第十九条', '[2007-05-01,)'),
  ('long_prescription_days', 84, '长期处方管理规范（试行）（国卫办医发〔2021〕17号）', '[2021-08-10,)');

CREATE TABLE dispensing.prescription (
  prescription_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id  text        NOT NULL CHECK (institution_id <> ''),
  number          text        NOT NULL CHECK (number <> ''),   -- the institution's own
  person_id       text        NOT NULL REFERENCES enrolment.person (person_id),
  practitioner_id text        NOT NULL CHECK (practitioner_id <> ''),
  issued_at       timestamptz NOT NULL,
  level           text        NOT NULL,                        -- the institution's, on that day
  long_term       boolean     NOT NULL,
  days            int         NOT NULL CHECK (days > 0),
  disease         text        NOT NULL,                        -- special disease, 'none'
  UNIQUE (institution_id, number)
);
CREATE INDEX ON dispensing.prescription (person_id);
CALL ops.make_append_only('dispensing.prescription');

CREATE TABLE dispensing.prescribed (
  prescription_id bigint  NOT NULL REFERENCES dispensing.prescription,
  kind            text    NOT NULL,
  code            text    NOT NULL,
  quantity        numeric NOT NULL CHECK (quantity > 0),
  PRIMARY KEY (prescription_id, kind, code)
);
CALL ops.make_append_only('dispensing.prescribed');

CREATE TABLE dispensing.audited (
  prescription_id bigint      PRIMARY KEY REFERENCES dispensing.prescription,
  pharmacist_id   text        NOT NULL CHECK (pharmacist_id <> ''),
  approved        boolean     NOT NULL,
  reason          text        NOT NULL,
  audited_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('dispensing.audited');

CREATE TABLE dispensing.delivery (
  delivery_id     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  prescription_id bigint      NOT NULL REFERENCES dispensing.prescription,
  institution_id  text        NOT NULL CHECK (institution_id <> ''),
  channel         text        NOT NULL CHECK (channel IN ('web', 'phone')),
  ordered_at      timestamptz NOT NULL,
  stable          text        NOT NULL CHECK (stable <> ''),    -- how it is known
  immobile        text        NOT NULL CHECK (immobile <> ''),
  address         text        NOT NULL CHECK (address <> '')
);
CREATE INDEX ON dispensing.delivery (prescription_id);
CALL ops.make_append_only('dispensing.delivery');

-- Each step is taken once; one that has come back is not received.
CREATE TABLE dispensing.delivery_step (
  delivery_id bigint      NOT NULL REFERENCES dispensing.delivery,
  step        text        NOT NULL CHECK (step IN ('dispatched', 'received', 'cancelled')),
  at          timestamptz NOT NULL,
  told_by     text        NOT NULL,                             -- carrier, who signed, why
  PRIMARY KEY (delivery_id, step)
);
CREATE UNIQUE INDEX ON dispensing.delivery_step (delivery_id)
  WHERE step IN ('received', 'cancelled');
CALL ops.make_append_only('dispensing.delivery_step');

CREATE TABLE dispensing.dispensed (
  settlement_id   bigint      PRIMARY KEY,
  prescription_id bigint      NOT NULL REFERENCES dispensing.prescription,
  institution_id  text        NOT NULL,
  delivery_id     bigint      UNIQUE REFERENCES dispensing.delivery,
  at              timestamptz NOT NULL
);
CREATE INDEX ON dispensing.dispensed (prescription_id);
CALL ops.make_append_only('dispensing.dispensed');

-- Behind the code: of one prescription, one dispensing stands, and it is not also on its way.
CREATE FUNCTION dispensing.taken(wanted bigint, but_for bigint DEFAULT NULL) RETURNS boolean
LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM dispensing.dispensed AS d WHERE prescription_id = wanted
      AND NOT EXISTS (SELECT FROM desk.reversed AS r WHERE r.settlement_id = d.settlement_id)
  ) OR EXISTS (
    SELECT FROM dispensing.delivery AS o WHERE prescription_id = wanted
      AND delivery_id IS DISTINCT FROM but_for
      AND NOT EXISTS (SELECT FROM dispensing.delivery_step AS s
                      WHERE s.delivery_id = o.delivery_id AND step IN ('received', 'cancelled'))
  )
$$;
CREATE FUNCTION dispensing.once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('prescription', NEW.prescription_id));
  IF dispensing.taken(NEW.prescription_id, NEW.delivery_id) THEN
    RAISE EXCEPTION 'prescription % is dispensed or on its way', NEW.prescription_id
      USING ERRCODE = 'unique_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER once BEFORE INSERT ON dispensing.dispensed
  FOR EACH ROW EXECUTE FUNCTION dispensing.once();
CREATE TRIGGER once BEFORE INSERT ON dispensing.delivery
  FOR EACH ROW EXECUTE FUNCTION dispensing.once();
