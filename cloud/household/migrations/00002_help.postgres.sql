-- +goose Up
-- Whether other homes learn from this one: on, off, '' when its people said nothing. What keeps its names to itself teaches nobody.
ALTER TABLE household_home ADD COLUMN help TEXT NOT NULL DEFAULT '';
UPDATE household_home SET help = 'off' WHERE convert_from(data, 'UTF8')::jsonb ->> 'private' = 'true';

-- +goose Down
ALTER TABLE household_home DROP COLUMN help;
