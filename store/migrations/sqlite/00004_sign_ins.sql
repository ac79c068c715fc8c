-- +goose Up

-- Sign-ins that were let through, by what Kratos keeps of them.
CREATE TABLE sign_ins (
    account_id       TEXT    NOT NULL,
    authenticated_at INTEGER NOT NULL,
    channel          TEXT    NOT NULL,
    second_step      TEXT    NOT NULL,
    PRIMARY KEY (account_id, authenticated_at)
) STRICT;

-- +goose Down

DROP TABLE sign_ins;
