-- What persons, institutions and clerks tell of a person besides who it is, is sealed too: columns
-- become bytes, filled with what the migration, which has the keys, has sealed. Changing the type
-- writes a table anew, so that nothing plain is left in its file.

CREATE TEMPORARY TABLE sealed (about text PRIMARY KEY, box bytea NOT NULL);
CREATE FUNCTION pg_temp.sealed_of(wanted text) RETURNS bytea LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT box FROM pg_temp.sealed WHERE about = wanted);
END $$;

ALTER TABLE dispensing.delivery
  DROP CONSTRAINT delivery_stable_check,
  DROP CONSTRAINT delivery_immobile_check,
  DROP CONSTRAINT delivery_address_check;
ALTER TABLE qualification.decision DROP CONSTRAINT why_cancelled;
ALTER TABLE matching.decision DROP CONSTRAINT decision_reason_check;
ALTER TABLE matching.gap_step
  DROP CONSTRAINT gap_step_check,
  DROP CONSTRAINT gap_step_check1;
DROP INDEX ops.file_institution_id_name_idx;

-- Why somebody lives elsewhere stands with the choice, not with what is held by it.
ALTER TABLE enrolment.fact
  ALTER source TYPE text
  USING CASE WHEN starts_with(source, 'residence: ') THEN 'residence' ELSE source END;

-- A row that is append-only lets its sealed columns be sealed anew, with a newer key that the database
-- knows: what stands in them keeps its length, all else stays. The first two bytes are the key's
-- number; jsonb has them behind `\x`.
CREATE FUNCTION ops.refuse_change_but_resealing() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE was jsonb := to_jsonb(OLD); made jsonb;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    made := to_jsonb(NEW);
    IF was - TG_ARGV = made - TG_ARGV AND (
      SELECT bool_and(
        was->>name = made->>name
        OR (length(made->>name) = length(was->>name)
            AND substr(made->>name, 3, 4) > substr(was->>name, 3, 4)
            AND substr(made->>name, 3, 4) IN (SELECT lpad(to_hex(key_id::int), 4, '0') FROM ops.key)))
      FROM unnest(TG_ARGV) AS name)
    THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '%.% is append-only: correct by a new row', TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE PROCEDURE ops.let_reseal(of regclass, VARIADIC columns text[]) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('DROP TRIGGER append_only ON %s', of);
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %s FOR EACH ROW '
                 'EXECUTE FUNCTION ops.refuse_change_but_resealing(%s)', of,
                 (SELECT string_agg(quote_literal(name), ', ') FROM unnest(columns) AS name));
  EXECUTE format('GRANT UPDATE (%s) ON %s TO yibao_app',
                 (SELECT string_agg(quote_ident(name), ', ') FROM unnest(columns) AS name), of);
END $$;
