-- +goose Up
-- What people had erased: what happened before and is still under way is not stored again.
CREATE TABLE ingest_erased (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    device  TEXT   NOT NULL, -- "" the home's
    at      BIGINT NOT NULL, -- by our clock
    waits   BIGINT NOT NULL, -- until the gateway has confirmed, or this: what it tells of the past may be older than it says; 0: it has
    request TEXT   NOT NULL, -- the order that the gateway confirms; "" when there is no gateway
    PRIMARY KEY (tenant, home, device)
);
CREATE INDEX ingest_erased_at ON ingest_erased (at);

-- +goose Down
DROP TABLE ingest_erased;
