-- +goose Up
DROP INDEX fleet_device_model;
CREATE INDEX fleet_device_model ON fleet_device (tenant, model, home, device); -- in the order of a page's line: the first devices are found without sorting all

-- +goose Down
DROP INDEX fleet_device_model;
CREATE INDEX fleet_device_model ON fleet_device (tenant, model);
