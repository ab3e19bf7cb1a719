-- +goose Up
-- With the home in it, so that nobody prefers the primary key, which has a home's gateways only, and reads all gateways of a CSP by it.
DROP INDEX account_gateway_id;
CREATE INDEX account_gateway_id ON account_gateway (tenant, gateway, home);

-- +goose Down
DROP INDEX account_gateway_id;
CREATE INDEX account_gateway_id ON account_gateway (tenant, gateway);
