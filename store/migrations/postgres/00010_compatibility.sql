-- +goose Up

-- The oldest version whose programs can use the tables: a program can use them if its newest migration has this number or a higher
-- one. A migration that older programs can live with does not change the number: it only adds a table, an index, or a column with a
-- default. Every other migration writes its own number here. Old and new programs can run side by side only while the number stays
-- the same.
CREATE TABLE compatibility (
    id     BIGINT  PRIMARY KEY CHECK (id = 1),
    oldest BIGINT  NOT NULL
);

INSERT INTO compatibility (id, oldest) VALUES (1, 9);

-- +goose Down

DROP TABLE compatibility;
