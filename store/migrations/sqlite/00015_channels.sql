-- +goose Up

-- The switches of the channels that have no column of their own: a JSON object of true and false by channel, or empty. The columns
-- admin_console and softphone stay: programs from before this migration read and write them, and leave this one as it is.
ALTER TABLE settings ADD COLUMN channels TEXT NOT NULL DEFAULT '';

-- +goose Down

ALTER TABLE settings DROP COLUMN channels;
