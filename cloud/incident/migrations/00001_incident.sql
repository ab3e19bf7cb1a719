-- +goose Up
CREATE TABLE incident_case (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    incident TEXT   NOT NULL,
    gateway  TEXT   NOT NULL,
    code     TEXT   NOT NULL,
    device   TEXT   NOT NULL,
    state    TEXT   NOT NULL, -- home.State
    opened   BIGINT NOT NULL,
    changed  BIGINT NOT NULL,
    data     BYTEA  NOT NULL, -- pb.Incident without its history
    PRIMARY KEY (tenant, home, incident)
);
CREATE INDEX incident_case_code ON incident_case (tenant, code);
CREATE INDEX incident_case_board ON incident_case (tenant, state, changed, home, incident);
CREATE INDEX incident_case_home ON incident_case (tenant, home, changed, incident);

-- What happened in a case. Rows are never changed.
CREATE TABLE incident_step (
    tenant     TEXT   NOT NULL,
    home       TEXT   NOT NULL,
    incident   TEXT   NOT NULL,
    id         TEXT   NOT NULL, -- hash of what it says
    nth        BIGINT NOT NULL, -- how many were known before it
    time       BIGINT NOT NULL,
    from_state TEXT   NOT NULL,
    to_state   TEXT   NOT NULL,
    mode       TEXT   NOT NULL,
    by_whom    TEXT   NOT NULL,
    why        TEXT   NOT NULL,
    PRIMARY KEY (tenant, home, incident, id)
);

CREATE TABLE incident_finding (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    incident TEXT   NOT NULL, -- "" of none
    id       TEXT   NOT NULL,
    time     BIGINT NOT NULL,
    data     BYTEA  NOT NULL, -- pb.Finding
    PRIMARY KEY (tenant, home, incident, id)
);

-- +goose Down
DROP TABLE incident_finding;
DROP TABLE incident_step;
DROP TABLE incident_case;
