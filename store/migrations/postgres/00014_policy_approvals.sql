-- +goose Up

-- The sets of policies that would loosen something and wait for an administrator, and the administrators' answers. The digest is a
-- digest of what the set would loosen: an answer counts only for this digest.
CREATE TABLE policy_approvals (
    revision    TEXT    NOT NULL,
    digest      TEXT    NOT NULL,
    against     TEXT    NOT NULL, -- the revision that the set is compared with
    name        TEXT    NOT NULL, -- the name in the manifest of the set's bundle
    source      TEXT    NOT NULL,
    loosening   BYTEA   NOT NULL, -- JSON
    files       BYTEA   NOT NULL, -- gzipped JSON
    since       BIGINT  NOT NULL,
    answer      TEXT    NOT NULL, -- empty: the set waits
    answered_by TEXT    NOT NULL,
    answered_at BIGINT  NOT NULL,
    PRIMARY KEY (revision, digest)
);

-- +goose Down

DROP TABLE policy_approvals;
