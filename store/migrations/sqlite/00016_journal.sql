-- +goose Up

-- The journal: records chained by hash. A leaf stays when its record is deleted. No column has the name of a column of records, so
-- that a query can join both tables without prefixes.
CREATE TABLE journal_leaves (
    leaf      INTEGER PRIMARY KEY, -- from 0, without gaps
    record_id INTEGER NOT NULL,
    record_at INTEGER NOT NULL,
    digest    BLOB    NOT NULL -- SHA-256 of all other columns of the record
) STRICT;

CREATE UNIQUE INDEX journal_leaves_by_record ON journal_leaves (record_id);

-- The last checkpoint of each hour, and the newest checkpoint.
CREATE TABLE journal_checkpoints (
    size      INTEGER PRIMARY KEY, -- number of leaves of the tree
    signed_at INTEGER NOT NULL,
    text      TEXT    NOT NULL, -- a signed note
    hashes    BLOB    NOT NULL  -- hashes of the tree, from which it can be continued
) STRICT;

-- +goose Down

DROP TABLE journal_checkpoints;
DROP TABLE journal_leaves;
