-- +goose Up
UPDATE account_home SET sought = CONVERT_TO(LOWER(account), 'UTF8') WHERE sought IS NULL;

-- +goose Down
