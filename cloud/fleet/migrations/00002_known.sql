-- +goose Up
ALTER TABLE fleet_cluster ADD COLUMN known BIGINT NOT NULL DEFAULT 0; -- homes where rules say what it is

-- +goose Down
ALTER TABLE fleet_cluster DROP COLUMN known;
