-- +goose Up
-- Why, in words that can be told in other languages: pb.Words; empty: there is only the English sentence.
ALTER TABLE incident_step ADD COLUMN said BYTEA NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE incident_step DROP COLUMN said;
