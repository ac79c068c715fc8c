-- +goose Up

-- What the policies in the shadow would have done otherwise, counted by all processes. A row counts one change, or all sign-ins.
CREATE TABLE shadow_tallies (
    sets     TEXT    NOT NULL, -- the revisions of both
    change   TEXT    NOT NULL, -- JSON, or a word
    counted  BIGINT  NOT NULL,
    examples TEXT    NOT NULL, -- lines of JSON
    at       BIGINT  NOT NULL,
    PRIMARY KEY (sets, change)
);

CREATE INDEX shadow_tallies_by_time ON shadow_tallies (at);

-- +goose Down

DROP TABLE shadow_tallies;
