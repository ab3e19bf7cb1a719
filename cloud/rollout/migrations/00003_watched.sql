-- +goose Up
ALTER TABLE rollout_plan ADD COLUMN watched BIGINT NOT NULL DEFAULT 0; -- milliseconds for which the present ring was looked at
ALTER TABLE rollout_plan ADD COLUMN looked BIGINT NOT NULL DEFAULT 0; -- when it was looked at last

-- +goose Down
ALTER TABLE rollout_plan DROP COLUMN looked;
ALTER TABLE rollout_plan DROP COLUMN watched;
