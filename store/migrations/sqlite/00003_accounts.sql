-- +goose Up

-- What an account has used up, across its challenges.
CREATE TABLE accounts (
    account_id  TEXT    PRIMARY KEY,
    wrong_codes INTEGER NOT NULL -- since the last right one
) STRICT;

CREATE INDEX challenges_by_time ON challenges (account_id, issued_at);

-- +goose Down

DROP INDEX challenges_by_time;
DROP TABLE accounts;
