-- +goose Up
CREATE TABLE normal_home (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    since  BIGINT NOT NULL, -- when it told of anything for the first time
    PRIMARY KEY (tenant, home)
);

CREATE TABLE normal_device (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    device  TEXT   NOT NULL,
    updated BIGINT NOT NULL,
    data    BYTEA  NOT NULL, -- record.Device: its endpoints, hashed, and its weeks
    PRIMARY KEY (tenant, home, device)
);
CREATE INDEX normal_device_updated ON normal_device (updated);

CREATE TABLE normal_day (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    device  TEXT   NOT NULL,
    oldest  BIGINT NOT NULL, -- day of the oldest score in it
    data    BYTEA  NOT NULL, -- record.Scores
    PRIMARY KEY (tenant, home, device)
);
CREATE INDEX normal_day_oldest ON normal_day (oldest);

CREATE TABLE normal_finding (
    tenant    TEXT   NOT NULL,
    home      TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    device    TEXT   NOT NULL,
    incident  TEXT   NOT NULL,
    at        BIGINT NOT NULL, -- by the home's clock
    got       BIGINT NOT NULL, -- by ours
    detector  TEXT   NOT NULL,
    hard      BIGINT NOT NULL,
    dismissed BIGINT NOT NULL, -- when a person said that it was none; 0: nobody did
    ends      BYTEA  NOT NULL, -- endpoints that it tells of, a line each
    PRIMARY KEY (tenant, home, id)
);
CREATE INDEX normal_finding_got ON normal_finding (got);
CREATE INDEX normal_finding_incident ON normal_finding (tenant, home, incident);

CREATE TABLE normal_said (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    endpoint BIGINT NOT NULL,
    name     TEXT   NOT NULL, -- what was hashed: forgotten here when enough homes said it, or when it is old
    at       BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, endpoint)
);
CREATE INDEX normal_said_at ON normal_said (at);

CREATE TABLE normal_used (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    week   BIGINT NOT NULL,
    bits   BYTEA  NOT NULL, -- a Bloom filter of the endpoints of its roll-ups
    PRIMARY KEY (tenant, home, week)
);
CREATE INDEX normal_used_week ON normal_used (week);

-- What follows is the whole installation's: it is learned of all homes together.
CREATE TABLE normal_name (
    endpoint BIGINT NOT NULL PRIMARY KEY,
    name     TEXT   NOT NULL,
    at       BIGINT NOT NULL
);

CREATE TABLE normal_model (
    id      TEXT   NOT NULL PRIMARY KEY,
    class   TEXT   NOT NULL,
    vendor  TEXT   NOT NULL,
    model   TEXT   NOT NULL,
    homes   BIGINT NOT NULL,
    shown   BIGINT NOT NULL, -- homes, 0 when they are too few to be told
    data    BYTEA  NOT NULL  -- Facts as JSON
);
CREATE INDEX normal_model_shown ON normal_model (shown, id);

CREATE TABLE normal_share (
    tenant TEXT   NOT NULL,
    model  TEXT   NOT NULL,
    homes  BIGINT NOT NULL, -- of the tenant
    PRIMARY KEY (tenant, model)
);

CREATE TABLE normal_mud (
    id     TEXT   NOT NULL PRIMARY KEY,
    class  TEXT   NOT NULL,
    vendor TEXT   NOT NULL,
    model  TEXT   NOT NULL,
    file   BYTEA  NOT NULL, -- RFC 8520
    who    TEXT   NOT NULL,
    at     BIGINT NOT NULL
);

CREATE TABLE normal_incident (
    id       TEXT   NOT NULL PRIMARY KEY,
    kind     TEXT   NOT NULL, -- update, outbreak, unknown
    class    TEXT   NOT NULL,
    vendor   TEXT   NOT NULL,
    model    TEXT   NOT NULL,
    reason   TEXT   NOT NULL, -- a detector
    endpoint BIGINT NOT NULL, -- 0: none is told of
    name     TEXT   NOT NULL,
    homes    BIGINT NOT NULL,
    why      TEXT   NOT NULL,
    since    BIGINT NOT NULL,
    seen     BIGINT NOT NULL, -- last
    quiet    BIGINT NOT NULL, -- residents are not told by soft evidence so long
    until    BIGINT NOT NULL, -- soft acts pause so long
    state    TEXT   NOT NULL  -- open, closed
);
CREATE INDEX normal_incident_seen ON normal_incident (seen, id);

CREATE TABLE normal_hit (
    tenant   TEXT   NOT NULL,
    incident TEXT   NOT NULL,
    homes    BIGINT NOT NULL, -- of the tenant
    PRIMARY KEY (tenant, incident)
);

CREATE TABLE normal_herd (
    endpoint TEXT   NOT NULL PRIMARY KEY, -- host or address, port, protocol
    since    BIGINT NOT NULL, -- when homes agreed first
    force    BIGINT NOT NULL, -- in shadow until then
    until    BIGINT NOT NULL,
    homes    BIGINT NOT NULL,
    refused  BIGINT NOT NULL, -- it is never in force
    why      TEXT   NOT NULL
);

CREATE TABLE normal_usual (
    endpoint BIGINT NOT NULL PRIMARY KEY -- normal in some profile, or the domain of one that is
);

CREATE TABLE normal_turn (
    id      BIGINT NOT NULL PRIMARY KEY, -- 1: who learns, 2: who guards
    until   BIGINT NOT NULL, -- a process holds the turn so long
    version BIGINT NOT NULL, -- of what was published last
    sum     TEXT   NOT NULL, -- SHA-256 of it
    at      BIGINT NOT NULL  -- when
);
INSERT INTO normal_turn (id, until, version, sum, at) VALUES (1, 0, 0, '', 0), (2, 0, 0, '', 0);

-- +goose Down
DROP TABLE normal_turn;
DROP TABLE normal_usual;
DROP TABLE normal_herd;
DROP TABLE normal_hit;
DROP TABLE normal_incident;
DROP TABLE normal_mud;
DROP TABLE normal_share;
DROP TABLE normal_model;
DROP TABLE normal_name;
DROP TABLE normal_used;
DROP TABLE normal_said;
DROP TABLE normal_finding;
DROP TABLE normal_day;
DROP TABLE normal_device;
DROP TABLE normal_home;
