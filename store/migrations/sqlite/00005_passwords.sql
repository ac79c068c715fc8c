-- +goose Up

-- When the account's password last changed, as far as Kratos has told Nidan; 0: never.
ALTER TABLE accounts ADD COLUMN password_changed_at INTEGER NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE accounts DROP COLUMN password_changed_at;
