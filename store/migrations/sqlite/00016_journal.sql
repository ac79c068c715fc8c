-- +goose Up

-- The journal: records chained by hash. A leaf stays when its record is forgotten. No column is called as one of records is, so that
-- both can be asked for together.
CREATE TABLE journal_leaves (
    leaf      INTEGER PRIMARY KEY, -- from 0, without gaps
    record_id INTEGER NOT NULL,
    record_at INTEGER NOT NULL,
    digest    BLOB    NOT NULL -- SHA-256 of all else that the record says
) STRICT;

CREATE UNIQUE INDEX journal_leaves_by_record ON journal_leaves (record_id);

-- The last one of each hour, and the newest one.
CREATE TABLE journal_checkpoints (
    size      INTEGER PRIMARY KEY, -- how many leaves it is made of
    signed_at INTEGER NOT NULL,
    text      TEXT    NOT NULL, -- a signed note
    hashes    BLOB    NOT NULL  -- of the tree, from which it is continued
) STRICT;

-- +goose Down

DROP TABLE journal_checkpoints;
DROP TABLE journal_leaves;
