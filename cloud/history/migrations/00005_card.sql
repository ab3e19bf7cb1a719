-- +goose Up
-- The evidence for people, home.Card as JSON; empty: none was told.
ALTER TABLE history_stopped ADD COLUMN card BYTEA NOT NULL DEFAULT '';
-- How sure the list is that refused it, 1 to 100; 0: not known, or no list did.
ALTER TABLE history_stopped ADD COLUMN confidence BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE history_stopped DROP COLUMN confidence;
ALTER TABLE history_stopped DROP COLUMN card;
