-- +goose Up

-- Codes for clients by which the account was remembered before are counted apart.
ALTER TABLE challenges ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;

-- Wrong codes that count against an account, by the flow they were tried in.
CREATE TABLE wrong_codes (
    account_id TEXT    NOT NULL,
    flow_id    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    told       INTEGER NOT NULL -- 1: the account's holder has been told of it after a right code
) STRICT;

CREATE INDEX wrong_codes_by_account ON wrong_codes (account_id, at);

-- Those from before count on, from now.
INSERT INTO wrong_codes (account_id, flow_id, at, told)
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
SELECT account_id, '', CAST(strftime('%s', 'now') AS INTEGER) * 1000000, 1 FROM accounts JOIN number ON n <= wrong_codes;

ALTER TABLE accounts DROP COLUMN wrong_codes;

-- What the holder of an account is told of after a right code.
ALTER TABLE sign_ins ADD COLUMN wrong_codes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sign_ins ADD COLUMN wrong_codes_since INTEGER NOT NULL DEFAULT 0;

-- +goose Down

ALTER TABLE sign_ins DROP COLUMN wrong_codes_since;
ALTER TABLE sign_ins DROP COLUMN wrong_codes;

ALTER TABLE accounts ADD COLUMN wrong_codes INTEGER NOT NULL DEFAULT 0;
INSERT OR IGNORE INTO accounts (account_id) SELECT account_id FROM wrong_codes;
UPDATE accounts SET wrong_codes = (SELECT count(*) FROM wrong_codes w WHERE w.account_id = accounts.account_id);

DROP TABLE wrong_codes;
ALTER TABLE challenges DROP COLUMN reserved;
