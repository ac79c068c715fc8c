-- +goose Up

-- The same tables that SQLite has at this version.

CREATE TABLE settings (
    id            BIGINT  PRIMARY KEY CHECK (id = 1),
    two_factor    BOOLEAN NOT NULL,
    admin_console BOOLEAN NOT NULL,
    softphone     BOOLEAN NOT NULL,
    remember      BOOLEAN NOT NULL,
    remember_days BIGINT  NOT NULL CHECK (remember_days BETWEEN 1 AND 365),
    version       BIGINT  NOT NULL DEFAULT 1,
    changed_at    BIGINT  NOT NULL DEFAULT 0,
    changed_by    TEXT    NOT NULL DEFAULT ''
);

CREATE TABLE challenges (
    id            TEXT    PRIMARY KEY,
    account_id    TEXT    NOT NULL,
    flow_id       TEXT    NOT NULL,
    channel       TEXT    NOT NULL,
    sent_to       TEXT    NOT NULL, -- masked
    facts         BYTEA   NOT NULL, -- digest
    code_mac      BYTEA   NOT NULL,
    code_length   BIGINT  NOT NULL,
    attempts      BIGINT  NOT NULL,
    max_attempts  BIGINT  NOT NULL,
    remember_days BIGINT  NOT NULL,
    issued_at     BIGINT  NOT NULL,
    expires_at    BIGINT  NOT NULL,
    resend_at     BIGINT  NOT NULL,
    closed        TEXT    NOT NULL,
    closed_at     BIGINT,
    reserved      BOOLEAN NOT NULL DEFAULT FALSE
);

CREATE INDEX challenges_by_flow ON challenges (account_id, flow_id, issued_at);
CREATE UNIQUE INDEX challenges_one_open ON challenges (account_id, flow_id) WHERE closed = '';
CREATE INDEX challenges_by_expiry ON challenges (expires_at);

CREATE TABLE deliveries (
    key    TEXT   PRIMARY KEY,
    digest BYTEA  NOT NULL,
    status BIGINT NOT NULL,
    body   BYTEA  NOT NULL,
    at     BIGINT NOT NULL
);

CREATE INDEX deliveries_by_time ON deliveries (at);

CREATE TABLE records (
    id           BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    account_id   TEXT   NOT NULL,
    flow_id      TEXT   NOT NULL,
    challenge_id TEXT   NOT NULL,
    state        TEXT   NOT NULL,
    reason       TEXT   NOT NULL,
    revision     TEXT   NOT NULL,
    detail       BYTEA, -- JSON
    account_name TEXT   NOT NULL DEFAULT '',
    changed_by   TEXT   NOT NULL DEFAULT ''
);

CREATE INDEX records_by_account ON records (account_id, at);
CREATE INDEX records_by_time ON records (at);
CREATE INDEX records_by_name ON records (account_name, id);
CREATE INDEX records_by_kind ON records (kind, id);

CREATE TABLE devices (
    account_id  TEXT   NOT NULL,
    token_hash  BYTEA  NOT NULL, -- SHA-256
    channel     TEXT   NOT NULL,
    verified_at BIGINT NOT NULL,
    ip          TEXT   NOT NULL,
    user_agent  TEXT   NOT NULL,
    PRIMARY KEY (account_id, token_hash)
);

CREATE INDEX devices_by_token ON devices (token_hash);
CREATE INDEX devices_by_time ON devices (verified_at);

CREATE TABLE accounts (
    account_id          TEXT   PRIMARY KEY,
    password_changed_at BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sign_ins (
    authenticated_at  BIGINT NOT NULL,
    account_id        TEXT   NOT NULL,
    channel           TEXT   NOT NULL,
    second_step       TEXT   NOT NULL,
    wrong_codes       BIGINT NOT NULL,
    wrong_codes_since BIGINT NOT NULL,
    PRIMARY KEY (authenticated_at, account_id)
);

CREATE INDEX sign_ins_with_second_step ON sign_ins (account_id, authenticated_at) WHERE second_step IN ('passed', 'remembered');

CREATE TABLE wrong_codes (
    account_id TEXT    NOT NULL,
    flow_id    TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    told       BOOLEAN NOT NULL
);

CREATE INDEX wrong_codes_by_account ON wrong_codes (account_id, at);

CREATE TABLE mails (
    challenge_id TEXT   PRIMARY KEY,
    message      TEXT   NOT NULL,
    tries        BIGINT NOT NULL,
    due_at       BIGINT NOT NULL
);

CREATE INDEX mails_by_time ON mails (due_at);

-- +goose Down

DROP TABLE mails;
DROP TABLE wrong_codes;
DROP TABLE sign_ins;
DROP TABLE accounts;
DROP TABLE devices;
DROP TABLE records;
DROP TABLE deliveries;
DROP TABLE challenges;
DROP TABLE settings;
