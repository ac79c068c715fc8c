-- +goose Up

-- The switches of the console, in one row.
CREATE TABLE settings (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    two_factor    INTEGER NOT NULL,
    admin_console INTEGER NOT NULL,
    softphone     INTEGER NOT NULL,
    remember      INTEGER NOT NULL,
    remember_days INTEGER NOT NULL CHECK (remember_days BETWEEN 1 AND 365)
) STRICT;

CREATE TABLE challenges (
    id            TEXT    PRIMARY KEY,
    account_id    TEXT    NOT NULL,
    flow_id       TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    sent_to       TEXT    NOT NULL, -- masked
    facts         BLOB    NOT NULL, -- digest
    code_mac      BLOB    NOT NULL,
    code_length   INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    max_attempts  INTEGER NOT NULL,
    remember_days INTEGER NOT NULL,
    issued_at     INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    resend_at     INTEGER NOT NULL,
    closed        TEXT    NOT NULL,
    closed_at     INTEGER
) STRICT;

CREATE INDEX challenges_by_flow ON challenges (account_id, flow_id, issued_at);
CREATE UNIQUE INDEX challenges_one_open ON challenges (account_id, flow_id) WHERE closed = '';

-- The answers to Kratos' calls. They are kept as long as Kratos may repeat a call.
CREATE TABLE deliveries (
    key    TEXT    PRIMARY KEY,
    digest BLOB    NOT NULL,
    status INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

CREATE INDEX deliveries_by_time ON deliveries (at);

CREATE TABLE records (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    at           INTEGER NOT NULL,
    kind         TEXT    NOT NULL,
    account_id   TEXT    NOT NULL,
    flow_id      TEXT    NOT NULL,
    challenge_id TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    revision     TEXT    NOT NULL,
    detail       BLOB -- JSON
) STRICT;

CREATE INDEX records_by_account ON records (account_id, at);
CREATE INDEX records_by_time ON records (at);

-- +goose Down

DROP TABLE records;
DROP TABLE deliveries;
DROP TABLE challenges;
DROP TABLE settings;
