-- +goose Up
-- What staff say may never become an indicator of herd protection.
CREATE TABLE normal_refused (
    endpoint TEXT   NOT NULL PRIMARY KEY, -- host or address, port, protocol
    why      TEXT   NOT NULL,
    who      TEXT   NOT NULL,
    at       BIGINT NOT NULL
);

-- +goose Down
DROP TABLE normal_refused;
