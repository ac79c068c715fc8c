-- +goose Up

-- True: the mail with the challenge's code could not be delivered, so nobody can have the code.
ALTER TABLE challenges ADD COLUMN mail_failed BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down

ALTER TABLE challenges DROP COLUMN mail_failed;
