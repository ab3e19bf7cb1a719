-- +goose Up
-- When a home's next report is made: a Monday morning in its own time.
CREATE TABLE report_home (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    next   BIGINT NOT NULL,
    PRIMARY KEY (tenant, home)
);
-- what is due is looked for in all tenants
CREATE INDEX report_home_next ON report_home (next);

CREATE TABLE report_week (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    week    TEXT   NOT NULL, -- ISO 8601, as 2026-W47
    since   BIGINT NOT NULL,
    until   BIGINT NOT NULL,
    made    BIGINT NOT NULL,
    figures TEXT   NOT NULL, -- JSON
    PRIMARY KEY (tenant, home, week)
);
CREATE INDEX report_week_until ON report_week (until);

-- +goose Down
DROP TABLE report_week;
DROP TABLE report_home;
