-- +goose Up
-- plan: one of the CSP's; '' for the standard one
ALTER TABLE account_home ADD COLUMN plan TEXT NOT NULL DEFAULT '';
-- by which account number the CSP's own systems call a home; each number is one home's
CREATE TABLE account_number (
  tenant TEXT NOT NULL,
  account TEXT NOT NULL,
  home TEXT NOT NULL,
  PRIMARY KEY (tenant, account)
);
CREATE INDEX account_number_home ON account_number (tenant, home);
-- extras: words with spaces between them. standard: 1 for the one plan of homes that have none
CREATE TABLE account_plan (
  tenant TEXT NOT NULL,
  plan TEXT NOT NULL,
  name TEXT NOT NULL,
  extras TEXT NOT NULL,
  standard BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  PRIMARY KEY (tenant, plan)
);
CREATE TABLE account_brand (
  tenant TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  accent TEXT NOT NULL,
  phone TEXT NOT NULL,
  support TEXT NOT NULL,
  hint_en TEXT NOT NULL,
  hint_de TEXT NOT NULL,
  changed BIGINT NOT NULL
);

-- +goose Down
DROP TABLE account_brand;
DROP TABLE account_plan;
DROP TABLE account_number;
ALTER TABLE account_home DROP COLUMN plan;
