-- +goose Up
-- What the people of a home decided, whole.
CREATE TABLE household_home (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    version BIGINT NOT NULL, -- rises with each change
    changed BIGINT NOT NULL,
    through BIGINT NOT NULL, -- until when the gateway was told the zone's offsets
    data    BYTEA  NOT NULL, -- JSON
    PRIMARY KEY (tenant, home)
);
CREATE INDEX household_home_through ON household_home (through);

-- Who changed what. Names of devices are not in it: they are looked up when it is shown.
CREATE TABLE household_change (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    id      TEXT   NOT NULL, -- UUIDv7
    time    BIGINT NOT NULL,
    who     TEXT   NOT NULL, -- a resident's id
    name    TEXT   NOT NULL, -- and name then
    act     TEXT   NOT NULL,
    subject TEXT   NOT NULL, -- id of a device, person or schedule; ''
    called  TEXT   NOT NULL, -- name of a person or schedule
    data    BYTEA  NOT NULL, -- JSON: fields before and after
    PRIMARY KEY (tenant, home, id)
);

-- +goose Down
DROP TABLE household_change;
DROP TABLE household_home;
