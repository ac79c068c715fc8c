-- +goose Up

-- Who changed the switches last. The version grows with each change. If two administrators save at once, the second save has an old
-- version and is refused.
ALTER TABLE settings ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE settings ADD COLUMN changed_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE settings ADD COLUMN changed_by TEXT NOT NULL DEFAULT '';

-- Account names at the time of the record: the account may be renamed or deleted when somebody reads the record.
ALTER TABLE records ADD COLUMN account_name TEXT NOT NULL DEFAULT '';
ALTER TABLE records ADD COLUMN changed_by TEXT NOT NULL DEFAULT ''; -- account name; empty: the account itself

CREATE INDEX records_by_name ON records (account_name, id);
CREATE INDEX records_by_kind ON records (kind, id);

-- +goose Down

DROP INDEX records_by_kind;
DROP INDEX records_by_name;
ALTER TABLE records DROP COLUMN changed_by;
ALTER TABLE records DROP COLUMN account_name;
ALTER TABLE settings DROP COLUMN changed_by;
ALTER TABLE settings DROP COLUMN changed_at;
ALTER TABLE settings DROP COLUMN version;
