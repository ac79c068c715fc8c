-- +goose Up

-- A sign-in writes to fewer B-trees, and mostly at their ends. Each table has an index by which a purge finds old rows.

-- The key is the instant and the account. The instant comes first, because it alone is almost unique.
CREATE TABLE sign_ins_by_instant (
    authenticated_at  INTEGER NOT NULL,
    account_id        TEXT    NOT NULL,
    channel           TEXT    NOT NULL,
    second_step       TEXT    NOT NULL,
    wrong_codes       INTEGER NOT NULL,
    wrong_codes_since INTEGER NOT NULL,
    PRIMARY KEY (authenticated_at, account_id)
) STRICT, WITHOUT ROWID;

INSERT INTO sign_ins_by_instant
SELECT authenticated_at, account_id, channel, second_step, wrong_codes, wrong_codes_since FROM sign_ins;

DROP TABLE sign_ins;
ALTER TABLE sign_ins_by_instant RENAME TO sign_ins;

CREATE INDEX sign_ins_with_second_step ON sign_ins (account_id, authenticated_at) WHERE second_step IN ('passed', 'remembered');

CREATE TABLE deliveries_by_key (
    key    TEXT    PRIMARY KEY,
    digest BLOB    NOT NULL,
    status INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO deliveries_by_key SELECT key, digest, status, body, at FROM deliveries;

DROP TABLE deliveries;
ALTER TABLE deliveries_by_key RENAME TO deliveries;

CREATE INDEX deliveries_by_time ON deliveries (at);

DROP INDEX challenges_by_time; -- challenges_by_flow begins with the account too
CREATE INDEX challenges_by_expiry ON challenges (expires_at);
CREATE INDEX devices_by_time ON devices (verified_at);

-- The mails that wait to be sent. While a mail is being sent, due_at is put off for as long as sending may take.
CREATE TABLE mails (
    challenge_id TEXT    PRIMARY KEY,
    message      TEXT    NOT NULL, -- JSON; the code in it is encrypted
    tries        INTEGER NOT NULL,
    due_at       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX mails_by_time ON mails (due_at);

-- Before, mails waited in River's tables. The first statement is for databases that never had these tables.
CREATE TABLE IF NOT EXISTS river_job (state TEXT, args BLOB);

INSERT INTO mails (challenge_id, message, tries, due_at)
SELECT json_extract(args, '$.challenge'), CAST(args AS TEXT), 0, 0 FROM river_job
WHERE state IN ('available', 'pending', 'retryable', 'running', 'scheduled');

DROP TABLE river_job;
DROP TABLE IF EXISTS river_client_queue;
DROP TABLE IF EXISTS river_client;
DROP TABLE IF EXISTS river_leader;
DROP TABLE IF EXISTS river_migration;
DROP TABLE IF EXISTS river_notification;
DROP TABLE IF EXISTS river_queue;

-- +goose Down

-- Mails that wait are lost with their table. The old tables of River are not restored, because the program created them, and not a
-- migration.
DROP TABLE mails;
DROP INDEX devices_by_time;
DROP INDEX challenges_by_expiry;
CREATE INDEX challenges_by_time ON challenges (account_id, issued_at);

CREATE TABLE deliveries_with_rowid (
    key    TEXT    PRIMARY KEY,
    digest BLOB    NOT NULL,
    status INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    at     INTEGER NOT NULL
) STRICT;

INSERT INTO deliveries_with_rowid SELECT key, digest, status, body, at FROM deliveries;

DROP TABLE deliveries;
ALTER TABLE deliveries_with_rowid RENAME TO deliveries;

CREATE INDEX deliveries_by_time ON deliveries (at);

CREATE TABLE sign_ins_by_account (
    account_id        TEXT    NOT NULL,
    authenticated_at  INTEGER NOT NULL,
    channel           TEXT    NOT NULL,
    second_step       TEXT    NOT NULL,
    wrong_codes       INTEGER NOT NULL DEFAULT 0,
    wrong_codes_since INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (account_id, authenticated_at)
) STRICT;

INSERT INTO sign_ins_by_account
SELECT account_id, authenticated_at, channel, second_step, wrong_codes, wrong_codes_since FROM sign_ins;

DROP TABLE sign_ins;
ALTER TABLE sign_ins_by_account RENAME TO sign_ins;
