-- +goose Up
-- What was told of lists that were tried: two that touch nearly the same homes are told alike, so that nobody reckons a few homes from
-- the difference. Of homes only a sketch is kept that names none.
CREATE TABLE intel_dry (
    id      TEXT   NOT NULL PRIMARY KEY,
    tenant  TEXT   NOT NULL, -- "" is all of them
    day     BIGINT NOT NULL, -- ms; 0 is the whole week
    at      BIGINT NOT NULL, -- when it was told
    homes   BIGINT NOT NULL,
    devices BIGINT NOT NULL,
    sketch  BYTEA  NOT NULL  -- of which homes
);
CREATE INDEX intel_dry_day ON intel_dry (tenant, day, at);

-- +goose Down
DROP TABLE intel_dry;
