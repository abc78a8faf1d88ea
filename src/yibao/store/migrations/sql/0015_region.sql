-- The region by whose rules the database is run. One row, and never another.

CREATE TABLE ops.region (
  single boolean     PRIMARY KEY DEFAULT true CHECK (single),
  region text        NOT NULL CHECK (region <> ''),
  set_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CALL ops.make_append_only('ops.region');
