-- +goose Up
-- What the staff's tables sort and filter homes by. A heartbeat comes each minute, a row here is written when something of it changes.
CREATE TABLE history_face (
    tenant    TEXT   NOT NULL,
    home      TEXT   NOT NULL,
    status    TEXT   NOT NULL, -- as history_state
    version   TEXT   NOT NULL, -- of the agent
    platform  TEXT   NOT NULL, -- which kind of gateway it is
    contact   BIGINT NOT NULL, -- when it beat, in steps of ten minutes
    devices   BIGINT NOT NULL,
    incidents BIGINT NOT NULL, -- open ones
    contained BIGINT NOT NULL,
    PRIMARY KEY (tenant, home)
);
CREATE INDEX history_face_contact ON history_face (tenant, contact, home);
CREATE INDEX history_face_version ON history_face (tenant, version, home);
CREATE INDEX history_face_platform ON history_face (tenant, platform, home);
CREATE INDEX history_face_devices ON history_face (tenant, devices, home);
CREATE INDEX history_face_incidents ON history_face (tenant, incidents, home);
CREATE INDEX history_face_status ON history_face (tenant, status, home);
CREATE INDEX history_face_status_contact ON history_face (tenant, status, contact, home);

-- What devices are found by: word is a name or a MAC address in small letters, as bytes: these sort alike in every database.
CREATE TABLE history_find (
    tenant TEXT  NOT NULL,
    home   TEXT  NOT NULL,
    device TEXT  NOT NULL,
    kind   TEXT  NOT NULL, -- mac, name
    word   BYTEA NOT NULL,
    PRIMARY KEY (tenant, home, device, kind, word)
);
CREATE INDEX history_find_word ON history_find (tenant, kind, word, home);

-- Counts of a day, so that trends need no reading of all homes.
CREATE TABLE history_day (
    tenant TEXT   NOT NULL,
    day    BIGINT NOT NULL, -- since 1970-01-01 UTC
    kind   TEXT   NOT NULL, -- homes, online, contained, version
    name   TEXT   NOT NULL, -- of a version, else ""
    n      BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, kind, name)
);

-- +goose Down
DROP TABLE history_day;
DROP TABLE history_find;
DROP TABLE history_face;
