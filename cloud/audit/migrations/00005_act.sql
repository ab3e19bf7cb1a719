-- +goose Up
-- for who looks for one act among all of a tenant's
CREATE INDEX audit_entry_act ON audit_entry (tenant, act, id);
