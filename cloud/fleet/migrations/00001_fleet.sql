-- +goose Up
CREATE TABLE fleet_home (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    since  BIGINT NOT NULL, -- when it told of a device for the first time
    PRIMARY KEY (tenant, home)
);

CREATE TABLE fleet_device (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    device  TEXT   NOT NULL,
    updated BIGINT NOT NULL,
    model   TEXT   NOT NULL,
    vendor  TEXT   NOT NULL,
    class   TEXT   NOT NULL,
    said_by TEXT   NOT NULL, -- rules, learned, operator; "" nobody
    grp     TEXT   NOT NULL, -- its cluster; "new": not looked for yet; "": none is needed
    tokens  BYTEA  NOT NULL, -- pb.Sighted, its tokens only
    PRIMARY KEY (tenant, home, device)
);
CREATE INDEX fleet_device_grp ON fleet_device (grp, tenant, home);
CREATE INDEX fleet_device_model ON fleet_device (tenant, model);
CREATE INDEX fleet_device_updated ON fleet_device (updated);

CREATE TABLE fleet_word (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    device TEXT   NOT NULL,
    model  TEXT   NOT NULL,
    vendor TEXT   NOT NULL,
    class  TEXT   NOT NULL,
    since  BIGINT NOT NULL, -- since when its owner says so
    PRIMARY KEY (tenant, home, device)
);

CREATE TABLE fleet_exposure (
    tenant    TEXT   NOT NULL,
    home      TEXT   NOT NULL,
    device    TEXT   NOT NULL,
    id        TEXT   NOT NULL,
    kind      TEXT   NOT NULL,
    reference TEXT   NOT NULL,
    proto     TEXT   NOT NULL,
    port      BIGINT NOT NULL,
    model     TEXT   NOT NULL, -- never in its owner's words
    class     TEXT   NOT NULL,
    certain   BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, device, id)
);
CREATE INDEX fleet_exposure_kind ON fleet_exposure (tenant, kind);

-- What follows is the whole installation's: it is learned of all homes together.
CREATE TABLE fleet_cluster (
    id     TEXT   NOT NULL PRIMARY KEY,
    tenant TEXT   NOT NULL, -- of the device that others are compared with
    home   TEXT   NOT NULL,
    device TEXT   NOT NULL,
    tokens BYTEA  NOT NULL, -- pb.Sighted
    homes  BIGINT NOT NULL,
    shown  BIGINT NOT NULL, -- homes, 0 when they are too few to be told
    since  BIGINT NOT NULL,
    texts  BYTEA  NOT NULL  -- pb.Sighted with texts that many homes have
);
CREATE INDEX fleet_cluster_shown ON fleet_cluster (shown, id);
CREATE INDEX fleet_cluster_home ON fleet_cluster (tenant, home);

CREATE TABLE fleet_name (
    cluster TEXT   NOT NULL PRIMARY KEY,
    model   TEXT   NOT NULL,
    vendor  TEXT   NOT NULL,
    class   TEXT   NOT NULL,
    who     TEXT   NOT NULL,
    at      BIGINT NOT NULL
);

CREATE TABLE fleet_label (
    id       TEXT   NOT NULL PRIMARY KEY,
    model    TEXT   NOT NULL,
    vendor   TEXT   NOT NULL,
    class    TEXT   NOT NULL,
    homes    BIGINT NOT NULL,
    shown    BIGINT NOT NULL,
    said_by  TEXT   NOT NULL, -- comma between
    teaches  BIGINT NOT NULL,
    why      TEXT   NOT NULL,
    texts    BYTEA  NOT NULL  -- pb.Sighted with texts that many homes have
);
CREATE INDEX fleet_label_shown ON fleet_label (shown, id);

CREATE TABLE fleet_turn (
    id    BIGINT NOT NULL PRIMARY KEY, -- 1
    until BIGINT NOT NULL, -- a process that learns holds the turn so long
    homes BIGINT NOT NULL  -- that were counted last
);
INSERT INTO fleet_turn (id, until, homes) VALUES (1, 0, 0);

-- +goose Down
DROP TABLE fleet_turn;
DROP TABLE fleet_label;
DROP TABLE fleet_name;
DROP TABLE fleet_cluster;
DROP TABLE fleet_exposure;
DROP TABLE fleet_word;
DROP TABLE fleet_device;
DROP TABLE fleet_home;
