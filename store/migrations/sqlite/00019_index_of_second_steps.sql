-- +goose Up

-- The index for the newest sign-in of an account with a second step. The condition must be written as in the query, or the index is not
-- used.
DROP INDEX sign_ins_with_second_step;
CREATE INDEX sign_ins_with_second_step ON sign_ins (account_id, authenticated_at) WHERE second_step IN ('passed', 'remembered', 'enrol_only');

-- +goose Down

DROP INDEX sign_ins_with_second_step;
CREATE INDEX sign_ins_with_second_step ON sign_ins (account_id, authenticated_at) WHERE second_step IN ('passed', 'remembered');
