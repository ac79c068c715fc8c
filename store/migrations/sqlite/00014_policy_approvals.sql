-- +goose Up

-- Sets of policies that would loosen something and wait for an administrator, and what these have answered. The digest is that of what
-- would be loosened: an answer counts for nothing else.
CREATE TABLE policy_approvals (
    revision    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    against     TEXT    NOT NULL, -- the revision that it is compared with
    name        TEXT    NOT NULL, -- what its bundle's manifest calls it
    source      TEXT    NOT NULL,
    loosening   BLOB    NOT NULL, -- JSON
    files       BLOB    NOT NULL, -- gzipped JSON
    since       INTEGER NOT NULL,
    answer      TEXT    NOT NULL, -- empty: it waits
    answered_by TEXT    NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (revision, digest)
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE policy_approvals;
