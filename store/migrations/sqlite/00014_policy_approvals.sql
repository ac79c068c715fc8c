-- +goose Up

-- The sets of policies that would loosen something and wait for an administrator, and the administrators' answers. The digest is a
-- digest of what the set would loosen: an answer counts only for this digest.
CREATE TABLE policy_approvals (
    revision    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    against     TEXT    NOT NULL, -- the revision that the set is compared with
    name        TEXT    NOT NULL, -- the name in the manifest of the set's bundle
    source      TEXT    NOT NULL,
    loosening   BLOB    NOT NULL, -- JSON
    files       BLOB    NOT NULL, -- gzipped JSON
    since       INTEGER NOT NULL,
    answer      TEXT    NOT NULL, -- empty: the set waits
    answered_by TEXT    NOT NULL,
    answered_at INTEGER NOT NULL,
    PRIMARY KEY (revision, digest)
) STRICT, WITHOUT ROWID;

-- +goose Down

DROP TABLE policy_approvals;
