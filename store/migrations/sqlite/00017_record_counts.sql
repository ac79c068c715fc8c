-- +goose Up

-- How many records there are in each quarter of an hour. They are counted beside the sign-ins, after the records are written.
CREATE TABLE record_counts (
    at      INTEGER NOT NULL, -- when the quarter of an hour begins
    kind    TEXT    NOT NULL,
    state   TEXT    NOT NULL,
    reason  TEXT    NOT NULL,
    channel TEXT    NOT NULL, -- of a sign-in
    records INTEGER NOT NULL,
    last    INTEGER NOT NULL, -- of them, those that are the last ones of their sign-ins
    PRIMARY KEY (at, kind, state, reason, channel)
) STRICT, WITHOUT ROWID;

-- Up to which record they are counted: one row.
CREATE TABLE record_counts_until (
    id        INTEGER PRIMARY KEY CHECK (id = 1),
    record_id INTEGER NOT NULL
) STRICT;

INSERT INTO record_counts_until (id, record_id) VALUES (1, 0);

-- +goose Down

DROP TABLE record_counts_until;
DROP TABLE record_counts;
