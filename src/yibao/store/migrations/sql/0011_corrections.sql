-- What takes money back: receipts and movements entered by mistake, bills on which money has come,
-- refunds; and what lateness costs.

-- --- bills -----------------------------------------------------------------------------------

-- A surcharge for lateness is a bill too: of an employer, of nobody's months, for a receipt. That is
-- charged once: a surcharge that was waived is not charged anew.
ALTER TABLE contributions.bill
  ALTER person_no DROP NOT NULL,
  ADD receipt_id bigint REFERENCES contributions.receipt,
  ADD CHECK ((item = 'late_surcharge') = (person_no IS NULL)),
  ADD CHECK ((item = 'late_surcharge') = (receipt_id IS NOT NULL)),
  DROP CONSTRAINT billed_once,
  ADD CONSTRAINT billed_once EXCLUDE USING gist (
    int8range(person_no, person_no, '[]') WITH &&,
    enrolment.text_range(scheme || ':' || item, scheme || ':' || item, '[]') WITH &&,
    months WITH &&) WHERE (cancelled_by IS NULL AND person_no IS NOT NULL);
CREATE UNIQUE INDEX charged_once ON contributions.bill (receipt_id);

-- --- receipts --------------------------------------------------------------------------------

CREATE TABLE contributions.taken_back (
  receipt_id bigint PRIMARY KEY REFERENCES contributions.receipt,
  on_day     date   NOT NULL,
  reason     text   NOT NULL,
  entry_id   bigint NOT NULL
);
CALL ops.make_append_only('contributions.taken_back');

-- What still pays for something: a bill that stands, from a receipt that stands.
CREATE VIEW contributions.standing_share AS
  SELECT s.* FROM contributions.share AS s JOIN contributions.bill AS b USING (bill_id)
  WHERE b.cancelled_by IS NULL
    AND NOT EXISTS (SELECT FROM contributions.taken_back AS t WHERE t.receipt_id = s.receipt_id);
GRANT SELECT ON contributions.standing_share TO yibao_app;

-- Money of a receipt that pays for nothing since a bill was taken back: the payer's, until it pays
-- for another bill or is refunded.
CREATE TABLE contributions.held (
  receipt_id bigint NOT NULL REFERENCES contributions.receipt,
  fund       text   NOT NULL,
  payer      text   NOT NULL,                      -- the receipt's
  fen        bigint NOT NULL CHECK (fen >= 0),
  PRIMARY KEY (receipt_id, fund)
);
CREATE INDEX ON contributions.held (payer) WHERE fen > 0;
GRANT SELECT, INSERT, UPDATE (fen) ON contributions.held TO yibao_app;

CREATE TABLE contributions.refund (
  refund_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reference text   NOT NULL UNIQUE,                -- of the payment order
  payer     text   NOT NULL,
  on_day    date   NOT NULL,
  reason    text   NOT NULL,
  fen       bigint NOT NULL CHECK (fen > 0),
  entry_id  bigint NOT NULL
);
CALL ops.make_append_only('contributions.refund');

CREATE TABLE contributions.refunded (
  refund_id  bigint NOT NULL REFERENCES contributions.refund,
  receipt_id bigint NOT NULL REFERENCES contributions.receipt,
  fund       text   NOT NULL,
  fen        bigint NOT NULL CHECK (fen > 0),
  PRIMARY KEY (refund_id, receipt_id, fund)
);
CREATE INDEX ON contributions.refunded (receipt_id);
CALL ops.make_append_only('contributions.refunded');

-- --- personal accounts -----------------------------------------------------------------------

-- What was taken back may happen once more: `turn` counts how often it was.
ALTER TABLE accounts.movement
  ADD turn smallint NOT NULL DEFAULT 0,
  DROP CONSTRAINT movement_person_id_kind_period_key,
  ADD CONSTRAINT moved_once UNIQUE (person_id, kind, period, turn);

CREATE TABLE accounts.taken_back (
  movement_id bigint PRIMARY KEY REFERENCES accounts.movement,
  by_movement bigint NOT NULL UNIQUE REFERENCES accounts.movement
);
CALL ops.make_append_only('accounts.taken_back');
