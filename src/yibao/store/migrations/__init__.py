"""The schema, as a chain of migrations."""
