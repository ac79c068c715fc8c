-- +goose Up

-- How many records there are in each quarter of an hour. A background job counts them after they are written, so that sign-ins do not
-- wait.
CREATE TABLE record_counts (
    at      INTEGER NOT NULL, -- beginning of the quarter of an hour
    kind    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    channel TEXT    NOT NULL, -- the channel of a sign-in
    records INTEGER NOT NULL,
    last    INTEGER NOT NULL, -- how many of these records are the last one of their sign-in
    PRIMARY KEY (at, kind, state, reason, channel)
) STRICT, WITHOUT ROWID;

-- The ID of the last record that was counted, in one row.
CREATE TABLE record_counts_until (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    record_id INTEGER NOT NULL
) STRICT;

INSERT INTO record_counts_until (id, record_id) VALUES (1, 0);

-- +goose Down

DROP TABLE record_counts_until;
DROP TABLE record_counts;
