-- +goose Up
ALTER TABLE desired_order ADD COLUMN code TEXT NOT NULL DEFAULT ''; -- what a phone shows for the gateway's page; shown for minutes, then dropped

-- +goose Down
ALTER TABLE desired_order DROP COLUMN code;
