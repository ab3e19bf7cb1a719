-- +goose Up
CREATE TABLE notify_settings (
    tenant  TEXT NOT NULL,
    person  TEXT NOT NULL,
    email   BIGINT NOT NULL,
    push    BIGINT NOT NULL,
    PRIMARY KEY (tenant, person)
);

-- Where a browser is told. id is a hash of the endpoint.
CREATE TABLE notify_subscriptions (
    tenant   TEXT NOT NULL,
    person   TEXT NOT NULL,
    id       TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    p256dh   TEXT NOT NULL,
    auth     TEXT NOT NULL,
    added    BIGINT NOT NULL,
    PRIMARY KEY (tenant, person, id)
);

-- What there is to tell: one row an incident and state, written with the incident itself.
CREATE TABLE notify_outbox (
    tenant   TEXT NOT NULL,
    home     TEXT NOT NULL,
    incident TEXT NOT NULL,
    state    TEXT NOT NULL,
    code     TEXT NOT NULL,
    device   TEXT NOT NULL,
    sentence TEXT NOT NULL,
    made     BIGINT NOT NULL,
    due      BIGINT NOT NULL, -- when to make deliveries of it; 0 when they are made
    PRIMARY KEY (tenant, home, incident, state)
);
CREATE INDEX notify_outbox_due ON notify_outbox (due);

-- Whom to tell how. target is the subscription of a push, '' of an e-mail.
CREATE TABLE notify_deliveries (
    tenant   TEXT NOT NULL,
    home     TEXT NOT NULL,
    incident TEXT NOT NULL,
    state    TEXT NOT NULL,
    person   TEXT NOT NULL,
    way      TEXT NOT NULL, -- email, push
    target   TEXT NOT NULL,
    urgent   BIGINT NOT NULL,
    made     BIGINT NOT NULL,
    due      BIGINT NOT NULL, -- next attempt; 0 when there is none any more
    tries    BIGINT NOT NULL,
    status   TEXT NOT NULL, -- waiting, sent, dropped, failed
    why      TEXT NOT NULL,
    PRIMARY KEY (tenant, home, incident, state, person, way, target)
);
CREATE INDEX notify_deliveries_due ON notify_deliveries (due);

-- +goose Down
DROP TABLE notify_deliveries;
DROP TABLE notify_outbox;
DROP TABLE notify_subscriptions;
DROP TABLE notify_settings;
