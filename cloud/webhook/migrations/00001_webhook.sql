-- +goose Up
-- kinds: types of events with spaces between, '' for all. key: whsec_; was: the one before, good until. failing: since when, 0 it works.
CREATE TABLE webhook_endpoint (
  tenant TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  url TEXT NOT NULL,
  kinds TEXT NOT NULL,
  secret TEXT NOT NULL,
  was TEXT NOT NULL,
  until BIGINT NOT NULL,
  created BIGINT NOT NULL,
  who TEXT NOT NULL,
  paused BIGINT NOT NULL,
  failing BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
-- body: CloudEvents 1.0 as JSON, the same for each try. home: '' when it is about none. due: 0 when nothing is left to do.
CREATE TABLE webhook_delivery (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  body BYTEA NOT NULL,
  made BIGINT NOT NULL,
  due BIGINT NOT NULL,
  tries BIGINT NOT NULL,
  state TEXT NOT NULL,
  code BIGINT NOT NULL,
  why TEXT NOT NULL,
  sent BIGINT NOT NULL,
  PRIMARY KEY (tenant, endpoint, id)
);
CREATE INDEX webhook_delivery_due ON webhook_delivery (due);
CREATE INDEX webhook_delivery_home ON webhook_delivery (tenant, home);
