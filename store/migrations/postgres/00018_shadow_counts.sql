-- +goose Up

-- How many sign-ins the policies in the shadow were told of in each quarter of an hour, and how many of them they would have decided
-- otherwise, counted by all processes. Each of those is in one column only.
CREATE TABLE shadow_counts (
    at        BIGINT NOT NULL, -- when the quarter of an hour begins
    sets      TEXT   NOT NULL, -- the revisions of both
    compared  BIGINT NOT NULL,
    loosened  BIGINT NOT NULL, -- would be asked less
    failed    BIGINT NOT NULL, -- could not be decided, and would be refused
    otherwise BIGINT NOT NULL, -- would end otherwise in another way
    PRIMARY KEY (at, sets)
);

-- +goose Down

DROP TABLE shadow_counts;
