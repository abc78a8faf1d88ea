-- Classifications that hospitals fetch a copy of; what has no groups or no procedure has ''.
CREATE TABLE registry.classification (
  kind          text NOT NULL CHECK (kind IN
                ('morphology', 'tcm_disease', 'tcm_syndrome', 'case_payment', 'day_surgery')),
  code          text NOT NULL,
  name          text NOT NULL,
  group_code    text NOT NULL DEFAULT '',
  group_name    text NOT NULL DEFAULT '',
  subgroup_code text NOT NULL DEFAULT '',
  subgroup_name text NOT NULL DEFAULT '',
  procedure     text NOT NULL DEFAULT ''             -- a disease with this procedure alone
);
CALL registry.make_versioned('registry.classification', 'kind', 'code');
