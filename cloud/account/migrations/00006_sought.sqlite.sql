-- +goose Up
UPDATE account_home SET sought = CAST(LOWER(account) AS BLOB) WHERE sought IS NULL;

-- +goose Down
