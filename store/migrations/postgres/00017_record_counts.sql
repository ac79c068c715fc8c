-- +goose Up

-- How many records there are in each quarter of an hour. A background job counts them after they are written, so that sign-ins do not
-- wait.
CREATE TABLE record_counts (
    at      BIGINT NOT NULL, -- beginning of the quarter of an hour
    kind    TEXT   NOT NULL,
    state   TEXT   NOT NULL,
    reason  TEXT   NOT NULL,
    channel TEXT   NOT NULL, -- the channel of a sign-in
    records BIGINT NOT NULL,
    last    BIGINT NOT NULL, -- how many of these records are the last one of their sign-in
    PRIMARY KEY (at, kind, state, reason, channel)
);

-- The ID of the last record that was counted, in one row.
CREATE TABLE record_counts_until (
    id        BIGINT PRIMARY KEY CHECK (id = 1),
    record_id BIGINT NOT NULL
);

INSERT INTO record_counts_until (id, record_id) VALUES (1, 0);

-- +goose Down

DROP TABLE record_counts_until;
DROP TABLE record_counts;
