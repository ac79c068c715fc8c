-- +goose Up

-- Whether the mail with the challenge's code has failed: then nobody can have the code.
ALTER TABLE challenges ADD COLUMN mail_failed BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down

ALTER TABLE challenges DROP COLUMN mail_failed;
