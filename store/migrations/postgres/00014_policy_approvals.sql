-- +goose Up

-- Sets of policies that would loosen something and wait for an administrator, and what these have answered. The digest is that of what
-- would be loosened: an answer counts for nothing else.
CREATE TABLE policy_approvals (
    revision    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    against     TEXT    NOT NULL, -- the revision that it is compared with
    name        TEXT    NOT NULL, -- what its bundle's manifest calls it
    source      TEXT    NOT NULL,
    loosening   BYTEA   NOT NULL, -- JSON
    files       BYTEA   NOT NULL, -- gzipped JSON
    since       BIGINT  NOT NULL,
    answer      TEXT    NOT NULL, -- empty: it waits
    answered_by TEXT    NOT NULL,
    answered_at BIGINT  NOT NULL,
    PRIMARY KEY (revision, digest)
);

-- +goose Down

DROP TABLE policy_approvals;
