-- +goose Up
-- seq: of the last event. Its row is locked until the transaction ends, so that sequences appear in their order.
CREATE TABLE feed_clock (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (tenant, home)
);
CREATE TABLE feed_event (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  seq BIGINT NOT NULL,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  id TEXT NOT NULL,
  PRIMARY KEY (tenant, home, seq)
);
CREATE INDEX feed_event_at ON feed_event (at);

-- +goose Down
DROP TABLE feed_event;
DROP TABLE feed_clock;
