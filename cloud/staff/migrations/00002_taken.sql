-- +goose Up
-- taken: when what was agreed to was fetched, of kinds that hand something out; 0 for not.
ALTER TABLE staff_approval ADD COLUMN taken BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE staff_approval DROP COLUMN taken;
