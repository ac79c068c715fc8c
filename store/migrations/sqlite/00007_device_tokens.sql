-- +goose Up

-- A token is also searched for without an account.
CREATE INDEX devices_by_token ON devices (token_hash);

-- +goose Down

DROP INDEX devices_by_token;
