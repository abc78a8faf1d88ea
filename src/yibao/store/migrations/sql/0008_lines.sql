-- Catalogues of other regions, by which lines of care elsewhere are priced, and guests in order.

CREATE TABLE registry.regional_item (
  region          text    NOT NULL CHECK (region ~ '^[0-9]{6}$'),   -- the city that treats
  kind            text    NOT NULL
                  CHECK (kind IN ('drug', 'service', 'consumable', 'preparation', 'herbal')),
  code            text    NOT NULL,
  name            text    NOT NULL,
  class           text    NOT NULL CHECK (class IN ('A', 'B', 'C')),
  first_self_pay  numeric NOT NULL CHECK (first_self_pay BETWEEN 0 AND 1),
  standard        bigint  CHECK (standard >= 0),
  unit            text    NOT NULL DEFAULT '',
  tags            text[]  NOT NULL DEFAULT '{}'
);
CALL registry.make_versioned('registry.regional_item', 'region', 'kind', 'code');

CREATE UNIQUE INDEX ON filing.guest (entry_id);
CREATE INDEX ON filing.guest (institution_id, entry_id);
CREATE INDEX ON filing.guest (region, entry_id);
