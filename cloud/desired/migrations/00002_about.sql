-- +goose Up
ALTER TABLE desired_order ADD COLUMN about BYTEA; -- pb.Order: other, mac, identity, protection; NULL for none

-- +goose Down
ALTER TABLE desired_order DROP COLUMN about;
