-- +goose Up
-- Whether other homes learn from this one: on, off, '' when its people said nothing. What keeps its names to itself teaches nobody.
ALTER TABLE household_home ADD COLUMN help TEXT NOT NULL DEFAULT '';
UPDATE household_home SET help = 'off' WHERE json_extract(CAST(data AS TEXT), '$.private') = 1;

-- +goose Down
ALTER TABLE household_home DROP COLUMN help;
