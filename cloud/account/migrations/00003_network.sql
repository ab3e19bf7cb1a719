-- +goose Up
-- network: a keyed hash of the network by which the home's gateway came in last; 0 when that is not known
ALTER TABLE account_home ADD COLUMN network BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE account_home DROP COLUMN network;
