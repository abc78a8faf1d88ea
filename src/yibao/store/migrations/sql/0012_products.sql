-- Products of the layer chain: who is assessed for long-term care, and what funds pay for products.

-- Whoever is assessed as severely disabled is so for a period, as a fact of the person.
ALTER TABLE enrolment.fact DROP CONSTRAINT fact_attribute_check;
ALTER TABLE enrolment.fact ADD CONSTRAINT fact_attribute_check CHECK (attribute IN (
  'identities', 'registered_diseases', 'large_expense_paid', 'family_doctor_signed',
  'insured_two_years', 'insulin_user', 'chosen_institution', 'contracted_institution',
  'severe_disability'));

CREATE SCHEMA care;
GRANT USAGE ON SCHEMA care TO yibao_app;

-- For how many months an assessment is good at the most, with where it is laid down.
CREATE TABLE care.term (
  name   text NOT NULL CHECK (name = 'assessment_months'),
  months int  NOT NULL CHECK (months > 0),
  cite   text NOT NULL CHECK (cite <> '')
);
CALL registry.make_versioned('care.term', 'name');
INSERT INTO care.term (name, months, cite, valid) VALUES
  ('assessment_months', 24, '天津市长期护理保险待遇问答（2023年6月转述）：评定结论有效期不超过两年',
   '[2021-01-01,)');

-- An assessment by the national scale. `computed`: the rules gave the grade, else the institution.
CREATE TABLE care.assessment (
  assessment_id  bigint    GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person_id      text      NOT NULL REFERENCES enrolment.person (person_id),
  on_day         date      NOT NULL,
  institution_id text      NOT NULL CHECK (institution_id <> ''),
  assessor       text      NOT NULL CHECK (assessor <> ''),
  points         jsonb     NOT NULL,
  grade          int       NOT NULL CHECK (grade BETWEEN 0 AND 5),
  computed       boolean   NOT NULL,
  valid          daterange NOT NULL CHECK (NOT isempty(valid) AND NOT upper_inf(valid)),
  UNIQUE (person_id, on_day)
);
CALL ops.make_append_only('care.assessment');

CREATE SCHEMA product;
GRANT USAGE ON SCHEMA product TO yibao_app;

-- A year of a product is paid for once for each scheme.
CREATE TABLE product.financing (
  product  text   NOT NULL,
  scheme   text   NOT NULL,
  year     int    NOT NULL,
  heads    bigint NOT NULL CHECK (heads > 0),
  entry_id bigint NOT NULL,
  PRIMARY KEY (product, scheme, year)
);
CALL ops.make_append_only('product.financing');

-- A contract with a family doctor: one of a person for each year. The fee in fen.
CREATE TABLE filing.family_doctor (
  person_id       text   NOT NULL REFERENCES enrolment.person (person_id),
  year            int    NOT NULL,
  institution_id  text   NOT NULL CHECK (institution_id <> ''),
  practitioner_id text   NOT NULL CHECK (practitioner_id <> ''),
  first           date   NOT NULL CHECK (date_part('year', first) = year),
  fee             bigint NOT NULL CHECK (fee >= 0),
  PRIMARY KEY (person_id, year)
);
CALL ops.make_append_only('filing.family_doctor');
