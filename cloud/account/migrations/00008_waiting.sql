-- +goose Up
CREATE INDEX account_home_gateway ON account_home (tenant, gateway, home);

-- +goose Down
DROP INDEX account_home_gateway;
