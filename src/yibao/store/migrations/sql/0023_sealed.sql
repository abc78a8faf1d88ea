-- What holds of sealed columns.

DROP FUNCTION pg_temp.sealed_of;
DROP TABLE pg_temp.sealed;

ALTER TABLE dispensing.delivery
  ADD CHECK (stable <> ''),
  ADD CHECK (immobile <> ''),
  ADD CHECK (address <> '');
ALTER TABLE qualification.decision
  ADD CONSTRAINT why_cancelled CHECK (outcome <> 'cancelled' OR reason <> '');
ALTER TABLE matching.decision ADD CHECK (reason <> '');
ALTER TABLE matching.gap_step
  ADD CHECK (state NOT IN ('called', 'visited', 'elsewhere', 'exempt') OR note <> ''),
  ADD CHECK (state <> 'elsewhere' OR proof <> '');

-- A file is found by its name blindly.
ALTER TABLE ops.file
  ALTER name_index SET NOT NULL,
  ADD CHECK (octet_length(name_index) = CASE WHEN name = '' THEN 0 ELSE 16 END);
CREATE INDEX ON ops.file (institution_id, name_index);

GRANT UPDATE (name, content) ON ops.file TO yibao_app;
GRANT UPDATE (says) ON visits.fee, stock.movement TO yibao_app;
CALL ops.let_reseal('filing.accident', 'place', 'cause', 'says');
CALL ops.let_reseal('desk.settlement_list', 'says');
CALL ops.let_reseal('filing.referral', 'reason');
CALL ops.let_reseal('filing.remote', 'reason');
CALL ops.let_reseal('filing.cancellation', 'reason');
CALL ops.let_reseal('dispensing.audited', 'reason');
CALL ops.let_reseal('dispensing.delivery', 'stable', 'immobile', 'address');
CALL ops.let_reseal('dispensing.delivery_step', 'told_by');
CALL ops.let_reseal('filing.choice', 'residence');
CALL ops.let_reseal('qualification.decision', 'reason');
CALL ops.let_reseal('qualification.review', 'reason');
CALL ops.let_reseal('review.answer', 'reason');
CALL ops.let_reseal('matching.decision', 'reason');
CALL ops.let_reseal('matching.gap_step', 'note', 'proof');

-- What is sealed as a row's has to know its number before.
GRANT USAGE ON SEQUENCE
  visits.visit_visit_id_seq, visits.fee_fee_id_seq, filing.accident_accident_id_seq,
  stock.movement_movement_id_seq, desk.settlement_list_list_id_seq,
  filing.referral_referral_id_seq, filing.remote_remote_id_seq,
  dispensing.delivery_delivery_id_seq, filing.choice_choice_id_seq,
  qualification.review_review_id_seq, review.answer_answer_id_seq,
  matching.decision_decision_id_seq, matching.gap_step_step_id_seq
  TO yibao_app;
