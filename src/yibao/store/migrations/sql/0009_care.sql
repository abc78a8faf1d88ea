-- Limits that documents lay down, whatever they limit, with how far each can be trusted; choices of
-- institutions as acts, so that they can be counted; applications that were a mistake.

-- --- limits ------------------------------------------------------------------------------------

ALTER TABLE dispensing.ceiling SET SCHEMA ops;
ALTER TABLE ops.ceiling
  ADD grade  text NOT NULL DEFAULT 'A' CHECK (grade IN ('A', 'B', 'C', 'D')),
  ADD source text NOT NULL DEFAULT '',             -- where it was read, if not in what is cited
  DROP CONSTRAINT ceiling_name_check,
  DROP CONSTRAINT ceiling_value_check,
  ADD CHECK (name IN ('prescription_hours', 'prescription_days', 'long_prescription_days',
                      'level_3_changes', 'primary_changes')),
  ADD CHECK (value > 0 OR (value = 0 AND name LIKE '%_changes'));

UPDATE ops.ceiling SET grade = 'D', source =
    '据转载：开具当日有效，医师注明的最长3天；72小时由此推得 / from reprints: good on the day of '
    'issue, at most for 3 days where the prescriber says so; 72 hours follow from that'
  WHERE (name, value, cite) =
    ('prescription_hours', 72, '处方管理办法（卫生部令第53号）第十八条');
UPDATE ops.ceiling SET grade = 'B', source =
    '两处转载一致；慢性病、老年病可适当延长 / two reprints that agree; longer for chronic diseases '
    'and the old'
  WHERE (name, value, cite) =
    ('prescription_days', 7, '处方管理办法（卫生部令第53号）第十九条');
UPDATE ops.ceiling SET grade = 'D', source =
    '未见原文，条号未核实 / the text was not at hand, nor the number of its article'
  WHERE (name, value, cite) =
    ('long_prescription_days', 84, '长期处方管理规范（试行）（国卫办医发〔2021〕17号）');

-- --- choices -----------------------------------------------------------------------------------

-- Choosing a hospital of level 3, contracting with a primary institution: what was done on which
-- day. What holds of the person stands in enrolment.fact.
CREATE TABLE filing.choice (
  choice_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      text   NOT NULL REFERENCES enrolment.person (person_id),
  kind           text   NOT NULL CHECK (kind IN ('level_3', 'primary')),
  institution_id text   NOT NULL CHECK (institution_id <> ''),
  on_day         date   NOT NULL,
  first          date   NOT NULL CHECK (first > on_day),
  residence      text   NOT NULL,
  former         text   NOT NULL                   -- the one whose place it takes, '' for none
);
CREATE INDEX ON filing.choice (person_id);
CALL ops.make_append_only('filing.choice');

ALTER TABLE filing.cancellation
  DROP CONSTRAINT cancellation_kind_check,
  ADD CHECK (kind IN ('referral', 'remote', 'choice'));

-- --- applications ------------------------------------------------------------------------------

ALTER TABLE qualification.decision
  DROP CONSTRAINT decision_outcome_check,
  DROP CONSTRAINT decision_check1,
  ADD CHECK (outcome IN ('granted', 'refused', 'withdrawn', 'cancelled')),
  ADD CONSTRAINT by_a_centre CHECK ((outcome IN ('granted', 'refused')) = (institution_id <> '')),
  ADD CONSTRAINT why_cancelled CHECK (outcome <> 'cancelled' OR reason <> '');
