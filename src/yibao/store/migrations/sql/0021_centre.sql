-- What the centre of the national interface keeps besides what the agency has.

-- Operators of institutions sign in and out.
CREATE TABLE ops.sign_in (
  number         bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  institution_id text        NOT NULL,
  operator       text        NOT NULL,
  mac            text        NOT NULL,
  address        text        NOT NULL,
  signed_in_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  signed_out_at  timestamptz CHECK (signed_out_at >= signed_in_at)
);
GRANT SELECT, INSERT, UPDATE (signed_out_at) ON ops.sign_in TO yibao_app;
