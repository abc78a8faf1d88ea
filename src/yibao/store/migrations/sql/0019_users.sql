-- Who may sign in here, for those whom no identity provider of the organisation knows.

CREATE TABLE ops.user_account (
  name         text        PRIMARY KEY CHECK (name ~ '^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$'),
  password     text        NOT NULL,           -- Argon2id, with its parameters and salt
  roles        text[]      NOT NULL CHECK (cardinality(roles) > 0),
  own          jsonb       NOT NULL,           -- the id that is its own, by role
  disabled     boolean     NOT NULL DEFAULT false,
  tries        smallint    NOT NULL DEFAULT 0, -- since a password was right
  locked_until timestamptz,
  made_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
GRANT SELECT, INSERT, UPDATE (password, disabled, tries, locked_until) ON ops.user_account
  TO yibao_app;

-- Who has signed in. The token is known to its holder alone.
CREATE TABLE ops.session (
  digest bytea       PRIMARY KEY,              -- SHA-256 of the token
  name   text        NOT NULL REFERENCES ops.user_account,
  until  timestamptz NOT NULL
);
CREATE INDEX ON ops.session (name);
CREATE INDEX ON ops.session (until);
GRANT SELECT, INSERT, DELETE ON ops.session TO yibao_app;
