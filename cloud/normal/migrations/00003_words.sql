-- +goose Up
ALTER TABLE normal_model ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- vendor, model and class in small letters, for people who look for one
UPDATE normal_model SET words = LOWER(vendor || ' ' || model || ' ' || class);

-- +goose Down
ALTER TABLE normal_model DROP COLUMN words;
