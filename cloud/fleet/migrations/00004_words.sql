-- +goose Up
ALTER TABLE fleet_label ADD COLUMN words TEXT NOT NULL DEFAULT ''; -- vendor, model and class in small letters, for people who look for one
UPDATE fleet_label SET words = LOWER(vendor || ' ' || model || ' ' || class);

-- +goose Down
ALTER TABLE fleet_label DROP COLUMN words;
