-- +goose Up

-- 1: the code is from the reserve for devices that were remembered for the account before. These codes have a limit of their own.
ALTER TABLE challenges ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0;

-- The wrong codes that count against an account, with the flow in which they were tried.
CREATE TABLE wrong_codes (
    account_id TEXT    NOT NULL,
    flow_id    TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    told       INTEGER NOT NULL -- 1: the account's holder was told of this wrong code after a correct one
) STRICT;

CREATE INDEX wrong_codes_by_account ON wrong_codes (account_id, at);

-- The wrong codes that were counted before this migration still count. Their time is the time of the migration.
INSERT INTO wrong_codes (account_id, flow_id, at, told)
WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 1000)
SELECT account_id, '', CAST(strftime('%s', 'now') AS INTEGER) * 1000000, 1 FROM accounts JOIN number ON n <= wrong_codes;

ALTER TABLE accounts DROP COLUMN wrong_codes;

-- The number of wrong codes that the account's holder is told of after a correct code, and the time of the first one.
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
