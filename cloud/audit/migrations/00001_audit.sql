-- +goose Up
-- home: '' for what concerns a tenant as a whole. id: UUIDv7, so that it sorts by time.
CREATE TABLE audit_entry (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  id TEXT NOT NULL,
  at BIGINT NOT NULL,
  who TEXT NOT NULL,
  role TEXT NOT NULL,
  act TEXT NOT NULL,
  what TEXT NOT NULL,
  reason TEXT NOT NULL,
  until BIGINT NOT NULL,
  PRIMARY KEY (tenant, home, id)
);
CREATE INDEX audit_entry_tenant ON audit_entry (tenant, id);
CREATE INDEX audit_entry_look ON audit_entry (tenant, home, who, until);
