-- +goose Up
-- What homes told of models that are only tried: how many of a gateway's devices would be taken for something else, as it told last. No
-- device is in it.
CREATE TABLE intel_taken (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    gateway  TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    what     TEXT   NOT NULL, -- named, unnamed, renamed, classed, same
    model    TEXT   NOT NULL, -- by the version in force; "" where it is not known, and of same
    class    TEXT   NOT NULL,
    to_model TEXT   NOT NULL, -- by the version that is tried
    to_class TEXT   NOT NULL,
    count    BIGINT NOT NULL, -- devices
    at       BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, gateway, version, what, model, class, to_model, to_class)
);
CREATE INDEX intel_taken_version ON intel_taken (tenant, version);
CREATE INDEX intel_taken_at ON intel_taken (at);

-- +goose Down
DROP TABLE intel_taken;
