-- +goose Up

-- A token is looked for without an account, too.
CREATE INDEX devices_by_token ON devices (token_hash);

-- +goose Down

DROP INDEX devices_by_token;
