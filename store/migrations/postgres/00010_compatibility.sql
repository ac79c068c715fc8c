-- +goose Up

-- Which programs understand the tables: those whose newest migration is this one, or a later one. A migration that the programs before
-- it can live with leaves the number alone: it adds a table, an index, or a column that has a default. Every other migration puts its
-- own number here. Old and new programs run beside each other only where the number stays.
CREATE TABLE compatibility (
    id     BIGINT  PRIMARY KEY CHECK (id = 1),
    oldest BIGINT  NOT NULL
);

INSERT INTO compatibility (id, oldest) VALUES (1, 9);

-- +goose Down

DROP TABLE compatibility;
