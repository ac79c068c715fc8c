-- +goose Up

-- Sets of policies that have decided, so that a record can be explained, and an older set taken again.
CREATE TABLE policy_sets (
    revision TEXT    PRIMARY KEY,
    name     TEXT    NOT NULL, -- what its bundle's manifest calls it
    source   TEXT    NOT NULL,
    files    BYTEA    NOT NULL, -- gzipped JSON
    at       BIGINT  NOT NULL  -- when it began to decide, the last time
);

-- +goose Down

DROP TABLE policy_sets;
