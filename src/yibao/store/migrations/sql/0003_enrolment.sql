CREATE SCHEMA enrolment;
GRANT USAGE ON SCHEMA enrolment TO yibao_app;
CREATE TABLE enrolment.person_lock (
  person_id text PRIMARY KEY,
  account_balance bigint NOT NULL DEFAULT 0 CHECK (account_balance >= 0)
);
GRANT SELECT, INSERT, UPDATE ON enrolment.person_lock TO yibao_app;
