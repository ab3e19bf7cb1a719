-- +goose Up
-- named: the name in small letters, as bytes: what staff's tables look for by how it begins
ALTER TABLE account_home ADD COLUMN named BYTEA;
UPDATE account_home SET named = CAST(LOWER(name) AS BLOB) WHERE sought IS NOT NULL;
CREATE INDEX account_home_named ON account_home (tenant, named, home);
CREATE INDEX account_home_plan ON account_home (tenant, plan, home);

-- +goose Down
DROP INDEX account_home_plan;
DROP INDEX account_home_named;
ALTER TABLE account_home DROP COLUMN named;
