-- +goose Up
-- simulated: its homes are made up, and every screen says so
ALTER TABLE account_tenant ADD COLUMN simulated BIGINT NOT NULL DEFAULT 0;

-- What homes and gateways are found by, without reading all of them. sought: the account in small letters, as bytes: these sort alike
-- in every database.
ALTER TABLE account_home ADD COLUMN sought BYTEA;
CREATE INDEX account_home_sought ON account_home (tenant, sought, home);
CREATE INDEX account_gateway_id ON account_gateway (tenant, gateway);
CREATE INDEX account_gateway_serial ON account_gateway (tenant, serial);

-- from which address a home's gateway came in and when; address: a keyed hash of it. The newest row of a home is still so.
CREATE TABLE account_came (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  address BIGINT NOT NULL,
  PRIMARY KEY (tenant, home, since),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);
CREATE INDEX account_came_address ON account_came (tenant, address, since);
CREATE INDEX account_came_until ON account_came (until);

-- +goose Down
DROP TABLE account_came;
DROP INDEX account_gateway_serial;
DROP INDEX account_gateway_id;
DROP INDEX account_home_sought;
ALTER TABLE account_home DROP COLUMN sought;
ALTER TABLE account_tenant DROP COLUMN simulated;
