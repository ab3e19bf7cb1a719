-- +goose Up
-- hash: SHA-256 of the secret. scopes: rights, a space between. used: when last, 0 for never. revoked: when, 0 for not.
CREATE TABLE staff_token (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  hash BYTEA NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  maker TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL,
  revoked BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE UNIQUE INDEX staff_token_hash ON staff_token (tenant, hash);

-- what: JSON, as its kind has it. state: open, running, done, failed, refused.
CREATE TABLE staff_approval (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  what TEXT NOT NULL,
  preview TEXT NOT NULL,
  proposer TEXT NOT NULL,
  reason TEXT NOT NULL,
  proposed BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  state TEXT NOT NULL,
  decider TEXT NOT NULL,
  why TEXT NOT NULL,
  decided BIGINT NOT NULL,
  result TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);

-- +goose Down
DROP TABLE staff_approval;
DROP TABLE staff_token;
