-- The audit log is chained: each row has the hash of itself and of the row before it, so a row that
-- is changed, taken away or put in afterwards no longer fits, whoever did it.
--
-- There are many chains, called lanes, or all writers would wait for one another. A row's hash is
--   SHA-256(hash of the row before it in its lane || text)
-- where text is, a line each: lane, number, audit_id, the seconds since 1970 with six decimals, the
-- lengths in bytes of actor, action and subject; and in the last line actor, action, subject and
-- detail, one behind the other. The row before the first has no bytes. `yibao.store.audit` knows
-- the same, in its own words.

ALTER TABLE ops.audit
  ADD lane   smallint,
  ADD number bigint,                             -- from 1, without gaps, within its lane
  ADD hash   bytea;

CREATE FUNCTION ops.audit_hash(before bytea, made ops.audit) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  RETURN sha256(before || convert_to(concat_ws(E'\n',
    made.lane, made.number, made.audit_id, extract(epoch FROM made.at),
    octet_length(made.actor), octet_length(made.action), octet_length(made.subject),
    made.actor || made.action || made.subject || made.detail::text), 'UTF8'));
END $$;

-- What was written before there were chains is chained now, in a lane that nobody writes to.
ALTER TABLE ops.audit DISABLE TRIGGER append_only;
DO $$
DECLARE made ops.audit; before bytea := ''; n bigint := 0;
BEGIN
  FOR made IN SELECT * FROM ops.audit ORDER BY audit_id LOOP
    n := n + 1;
    made.lane := 0;
    made.number := n;
    before := ops.audit_hash(before, made);
    UPDATE ops.audit SET lane = 0, number = n, hash = before WHERE audit_id = made.audit_id;
  END LOOP;
END $$;
ALTER TABLE ops.audit ENABLE TRIGGER append_only;

ALTER TABLE ops.audit
  ALTER lane SET NOT NULL,
  ALTER number SET NOT NULL,
  ALTER hash SET NOT NULL,
  ADD UNIQUE (lane, number);

-- A writer takes the first lane that is free and keeps it until its transaction ends. It waits only
-- where as many as there are lanes write at once. That is why a writer sees the row before its own:
-- a lane is let go after its rows can be seen.
CREATE FUNCTION ops.chain_audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  lanes CONSTANT int := 64;
  of_lanes CONSTANT int := 726002;               -- the advisory locks of lanes
  free int := 1;
  before bytea;
BEGIN
  WHILE NOT pg_try_advisory_xact_lock(of_lanes, free) LOOP
    free := free + 1;
    IF free > lanes THEN
      free := 1 + pg_backend_pid() % lanes;
      PERFORM pg_advisory_xact_lock(of_lanes, free);
      EXIT;
    END IF;
  END LOOP;
  NEW.lane := free;
  SELECT a.number, a.hash INTO NEW.number, before FROM ops.audit AS a
  WHERE a.lane = free::smallint ORDER BY a.number DESC LIMIT 1;
  NEW.number := coalesce(NEW.number, 0) + 1;
  NEW.at := clock_timestamp();
  NEW.hash := ops.audit_hash(coalesce(before, ''), NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER chained BEFORE INSERT ON ops.audit
  FOR EACH ROW EXECUTE FUNCTION ops.chain_audit();
-- Loads switch triggers off; not this one.
ALTER TABLE ops.audit ENABLE ALWAYS TRIGGER chained;
