-- +goose Up

-- The remembered devices: on such a device, the account is not asked for a code for some days.
CREATE TABLE devices (
    account_id  TEXT    NOT NULL,
    token_hash  BLOB    NOT NULL, -- SHA-256
    channel     TEXT    NOT NULL,
    verified_at INTEGER NOT NULL,
    ip          TEXT    NOT NULL,
    user_agent  TEXT    NOT NULL,
    PRIMARY KEY (account_id, token_hash)
) STRICT;

-- +goose Down

DROP TABLE devices;
