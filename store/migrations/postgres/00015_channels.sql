-- +goose Up

-- The switches of the channels that have no column of their own: a JSON object from channel to true or false, or empty. The columns
-- admin_console and softphone stay, because older programs read and write them. Older programs do not touch this new column.
ALTER TABLE settings ADD COLUMN channels TEXT NOT NULL DEFAULT '';

-- +goose Down

ALTER TABLE settings DROP COLUMN channels;
