-- What the service keeps and lists.

-- Reconciliations that were asked for over HTTP: what was found, as it was answered.
CREATE TABLE clearing.reconciliation (
  reconciliation_id bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id    text        NOT NULL,
  first             date        NOT NULL,
  last              date        NOT NULL CHECK (last >= first),
  agrees            boolean     NOT NULL,
  found             jsonb       NOT NULL,      -- sums, differences by class, what was not compared
  actor             text        NOT NULL,
  made_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON clearing.reconciliation (institution_id, reconciliation_id);
CALL ops.make_append_only('clearing.reconciliation');

-- Members of a household, staff of an employer, slips of a person.
CREATE INDEX ON enrolment.membership (household_id)
  WHERE household_id <> '' AND upper_inf(known);
CREATE INDEX ON enrolment.employment (employer_id) WHERE upper_inf(known);
CREATE INDEX ON enrolment.transfer (person_id);
