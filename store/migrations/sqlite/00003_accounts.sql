-- +goose Up

-- The wrong codes of an account, counted across all of its challenges.
CREATE TABLE accounts (
    account_id  TEXT    PRIMARY KEY,
    wrong_codes INTEGER NOT NULL -- since the last correct code
) STRICT;

CREATE INDEX challenges_by_time ON challenges (account_id, issued_at);

-- +goose Down

DROP INDEX challenges_by_time;
DROP TABLE accounts;
