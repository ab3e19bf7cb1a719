-- +goose Up
CREATE TABLE history_home (
    tenant     TEXT   NOT NULL,
    home       TEXT   NOT NULL,
    gateway    TEXT   NOT NULL, -- whose list of devices this is; "" when none came yet
    blocked    BYTEA,           -- pb.Devices with the home's own endpoints
    dropped    BIGINT NOT NULL, -- items that gateways had to give up
    dropped_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, home)
);

CREATE TABLE history_device (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    device  TEXT   NOT NULL,
    updated BIGINT NOT NULL,
    data    BYTEA  NOT NULL, -- pb.Device
    PRIMARY KEY (tenant, home, device)
);

CREATE TABLE history_state (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    gateway TEXT   NOT NULL,
    seen    BIGINT NOT NULL, -- when the newest heartbeat came
    status  TEXT   NOT NULL, -- contained, incident, degraded, fine
    visible BIGINT NOT NULL, -- hash of what people see of it
    beat    BYTEA  NOT NULL, -- pb.Heartbeat
    PRIMARY KEY (tenant, home)
);
CREATE INDEX history_state_status ON history_state (tenant, status, home);

CREATE TABLE history_first (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    device   TEXT   NOT NULL,
    endpoint BIGINT NOT NULL, -- wire.EndpointHash
    scheme   BIGINT NOT NULL, -- home.CollapseScheme
    since    BIGINT NOT NULL, -- week of the first time
    week     BIGINT NOT NULL, -- the last week it was announced in
    PRIMARY KEY (tenant, home, device, endpoint)
);

CREATE TABLE history_rollup (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    day    BIGINT NOT NULL, -- since 1970-01-01 UTC
    data   BYTEA  NOT NULL, -- pb.RollUp, joined
    PRIMARY KEY (tenant, home, day)
);

CREATE TABLE history_stopped (
    tenant     TEXT   NOT NULL,
    home       TEXT   NOT NULL,
    day        BIGINT NOT NULL,
    device     TEXT   NOT NULL, -- "" with class "trackers": how many of the whole home
    endpoint   TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    family     TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    reason     TEXT   NOT NULL,
    count      BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    last_time  BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, day, device, endpoint, class)
);

CREATE TABLE history_look (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    time    BIGINT NOT NULL,
    id      TEXT   NOT NULL, -- hash of what it says
    gateway TEXT   NOT NULL,
    data    BYTEA  NOT NULL, -- pb.Look
    PRIMARY KEY (tenant, home, time, id)
);

-- +goose Down
DROP TABLE history_look;
DROP TABLE history_stopped;
DROP TABLE history_rollup;
DROP TABLE history_first;
DROP TABLE history_state;
DROP TABLE history_device;
DROP TABLE history_home;
