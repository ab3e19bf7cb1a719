-- +goose Up
-- How well a home's line worked: hours, and what remedies did.
CREATE TABLE history_line (
    tenant TEXT   NOT NULL,
    home   TEXT   NOT NULL,
    day    BIGINT NOT NULL, -- since 1970-01-01 UTC
    data   BYTEA  NOT NULL, -- pb.Report of line_hour and remedy_result, joined
    PRIMARY KEY (tenant, home, day)
);

-- +goose Down
DROP TABLE history_line;
