-- +goose Up

-- The sets of policies that have decided. They are kept so that a record can be explained, and an older set can be used again.
CREATE TABLE policy_sets (
    revision TEXT    PRIMARY KEY,
    name     TEXT    NOT NULL, -- the name in the manifest of the set's bundle
    source   TEXT    NOT NULL,
    files    BYTEA    NOT NULL, -- gzipped JSON
    at       BIGINT  NOT NULL  -- when the set last began to decide
);

-- +goose Down

DROP TABLE policy_sets;
