-- +goose Up
-- each entry's place in its tenant's chain. hash: SHA-256 of the entry, its number and the hash before.
CREATE TABLE audit_chain (
  tenant TEXT NOT NULL,
  number BIGINT NOT NULL,
  home TEXT NOT NULL,
  id TEXT NOT NULL,
  hash BYTEA NOT NULL,
  PRIMARY KEY (tenant, number)
);
CREATE UNIQUE INDEX audit_chain_entry ON audit_chain (tenant, home, id);
CREATE INDEX audit_entry_who ON audit_entry (tenant, who, id);

-- what was signed of a chain: that its entry of a number has a hash.
CREATE TABLE audit_checkpoint (
  tenant TEXT NOT NULL,
  number BIGINT NOT NULL,
  at BIGINT NOT NULL,
  hash BYTEA NOT NULL,
  key TEXT NOT NULL,
  signature BYTEA NOT NULL,
  PRIMARY KEY (tenant, number)
);
