-- +goose Up

-- What the policies in the shadow would have done otherwise, counted by all processes. A row counts one change, or all sign-ins.
CREATE TABLE shadow_tallies (
    sets     TEXT    NOT NULL, -- the revisions of both
    change   TEXT    NOT NULL, -- JSON, or a word
    counted  INTEGER NOT NULL,
    examples TEXT    NOT NULL, -- lines of JSON
    at       INTEGER NOT NULL,
    PRIMARY KEY (sets, change)
) STRICT, WITHOUT ROWID;

CREATE INDEX shadow_tallies_by_time ON shadow_tallies (at);

-- +goose Down

DROP TABLE shadow_tallies;
