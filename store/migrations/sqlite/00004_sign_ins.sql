-- +goose Up

-- The sign-ins that were let in. The key is what Kratos keeps with the session: the account and authenticated_at.
CREATE TABLE sign_ins (
    account_id       TEXT    NOT NULL,
    authenticated_at INTEGER NOT NULL,
    channel          TEXT    NOT NULL,
    second_step      TEXT    NOT NULL,
    PRIMARY KEY (account_id, authenticated_at)
) STRICT;

-- +goose Down

DROP TABLE sign_ins;
