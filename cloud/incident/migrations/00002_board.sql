-- +goose Up
-- What the board is sorted and cases are grouped by.
ALTER TABLE incident_case ADD COLUMN detector TEXT NOT NULL DEFAULT '';
ALTER TABLE incident_case ADD COLUMN kind TEXT NOT NULL DEFAULT '';     -- home.Infection
ALTER TABLE incident_case ADD COLUMN model TEXT NOT NULL DEFAULT '';    -- of the device, as its gateway judged it when the case was stored last
ALTER TABLE incident_case ADD COLUMN indicator TEXT NOT NULL DEFAULT ''; -- the first name or address of the symptom
ALTER TABLE incident_case ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE incident_case ADD COLUMN repeats BIGINT NOT NULL DEFAULT 0; -- how often it came back or was let out
ALTER TABLE incident_case ADD COLUMN releases BIGINT NOT NULL DEFAULT 0; -- how often it was let out
ALTER TABLE incident_case ADD COLUMN findings BIGINT NOT NULL DEFAULT 0;
ALTER TABLE incident_case ADD COLUMN live BIGINT NOT NULL DEFAULT 1;    -- 0: closed
UPDATE incident_case SET live = 0 WHERE state = 'closed';
CREATE INDEX incident_case_changed ON incident_case (tenant, changed, home, incident);
CREATE INDEX incident_case_opened ON incident_case (tenant, opened, home, incident);
CREATE INDEX incident_case_live_opened ON incident_case (tenant, live, opened, home, incident);
CREATE INDEX incident_case_live_repeats ON incident_case (tenant, live, repeats, home, incident);
CREATE INDEX incident_case_live_changed ON incident_case (tenant, live, changed, home, incident);
CREATE INDEX incident_case_detector ON incident_case (tenant, detector, changed);
CREATE INDEX incident_case_model ON incident_case (tenant, model, changed);
CREATE INDEX incident_case_group ON incident_case (tenant, opened, detector, model, indicator, kind, state, outcome, home, findings, changed);

-- Counts of a day, so that trends need no reading of all cases.
CREATE TABLE incident_day (
    tenant   TEXT   NOT NULL,
    day      BIGINT NOT NULL, -- since 1970-01-01 UTC
    kind     TEXT   NOT NULL, -- opened, closed, wrong, released, clean
    detector TEXT   NOT NULL,
    model    TEXT   NOT NULL,
    bucket   BIGINT NOT NULL, -- of clean: how long it took
    n        BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, kind, detector, model, bucket)
);

-- +goose Down
DROP TABLE incident_day;
DROP INDEX incident_case_group;
DROP INDEX incident_case_model;
DROP INDEX incident_case_detector;
DROP INDEX incident_case_live_changed;
DROP INDEX incident_case_live_repeats;
DROP INDEX incident_case_live_opened;
DROP INDEX incident_case_opened;
DROP INDEX incident_case_changed;
ALTER TABLE incident_case DROP COLUMN live;
ALTER TABLE incident_case DROP COLUMN findings;
ALTER TABLE incident_case DROP COLUMN releases;
ALTER TABLE incident_case DROP COLUMN repeats;
ALTER TABLE incident_case DROP COLUMN outcome;
ALTER TABLE incident_case DROP COLUMN indicator;
ALTER TABLE incident_case DROP COLUMN model;
ALTER TABLE incident_case DROP COLUMN kind;
ALTER TABLE incident_case DROP COLUMN detector;
