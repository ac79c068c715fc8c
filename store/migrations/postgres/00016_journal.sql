-- +goose Up

-- The journal: records chained by hash. A leaf stays when its record is forgotten. No column is called as one of records is, so that
-- both can be asked for together.
CREATE TABLE journal_leaves (
    leaf      BIGINT  PRIMARY KEY, -- from 0, without gaps
    record_id BIGINT  NOT NULL,
    record_at BIGINT  NOT NULL,
    digest    BYTEA   NOT NULL -- SHA-256 of all else that the record says
);

CREATE UNIQUE INDEX journal_leaves_by_record ON journal_leaves (record_id);

-- The last one of each hour, and the newest one.
CREATE TABLE journal_checkpoints (
    size      BIGINT  PRIMARY KEY, -- how many leaves it is made of
    signed_at BIGINT  NOT NULL,
    text      TEXT    NOT NULL, -- a signed note
    hashes    BYTEA   NOT NULL  -- of the tree, from which it is continued
);

-- +goose Down

DROP TABLE journal_checkpoints;
DROP TABLE journal_leaves;
