-- +goose Up

-- For each quarter of an hour: how many sign-ins were compared with the shadow policies, and how many of them the shadow policies would have
-- decided differently, counted by all processes. Each such sign-in is in one column only.
CREATE TABLE shadow_counts (
    at        BIGINT NOT NULL, -- start of the quarter of an hour
    sets      TEXT   NOT NULL, -- both revisions
    compared  BIGINT NOT NULL,
    loosened  BIGINT NOT NULL, -- less would be asked for
    failed    BIGINT NOT NULL, -- there was no decision
    otherwise BIGINT NOT NULL, -- any other difference
    PRIMARY KEY (at, sets)
);

-- +goose Down

DROP TABLE shadow_counts;
