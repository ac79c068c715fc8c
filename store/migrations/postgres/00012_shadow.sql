-- +goose Up

-- How often the shadow policies would have decided differently, counted by all processes. A row counts one kind of difference, or all
-- sign-ins.
CREATE TABLE shadow_tallies (
    sets     TEXT    NOT NULL, -- the revisions of both sets
    change   TEXT    NOT NULL, -- JSON of the difference, or a word
    counted  BIGINT  NOT NULL,
    examples TEXT    NOT NULL, -- one JSON text a line
    at       BIGINT  NOT NULL,
    PRIMARY KEY (sets, change)
);

CREATE INDEX shadow_tallies_by_time ON shadow_tallies (at);

-- +goose Down

DROP TABLE shadow_tallies;
