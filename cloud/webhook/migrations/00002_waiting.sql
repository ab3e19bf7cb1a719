-- +goose Up
-- How much waits for an endpoint, and what of it is due.
CREATE INDEX webhook_delivery_waiting ON webhook_delivery (tenant, endpoint, due);
