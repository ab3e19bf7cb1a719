-- +goose Up
-- Trends add up days without reading the rows.
CREATE INDEX incident_day_all ON incident_day (tenant, day, kind, detector, model, bucket, n);

-- +goose Down
DROP INDEX incident_day_all;
