-- +goose Up
-- Where intelligence comes from, and what was fetched: of the whole installation.
CREATE TABLE intel_source (
    name    TEXT   NOT NULL PRIMARY KEY,
    kind    TEXT   NOT NULL, -- folder, http, taxii
    place   TEXT   NOT NULL, -- a path or a URL
    format  TEXT   NOT NULL, -- "" is found out; stix
    class   TEXT   NOT NULL, -- "" is as the feed says, else malware
    family  TEXT   NOT NULL,
    trust   BIGINT NOT NULL, -- 0 to 100
    every   BIGINT NOT NULL, -- ms between fetches
    life    BIGINT NOT NULL, -- ms after which what was not told again is dropped
    exact   BIGINT NOT NULL,
    secret  TEXT   NOT NULL, -- name of a file in the folder of secrets
    inside  BIGINT NOT NULL, -- it may be in the provider's own network
    why     TEXT   NOT NULL,
    who     TEXT   NOT NULL,
    made    BIGINT NOT NULL,
    edition BIGINT NOT NULL  -- counts changes: what was fetched for an older one is fetched again
);

CREATE TABLE intel_fetch (
    source   TEXT   NOT NULL PRIMARY KEY,
    edition  BIGINT NOT NULL, -- of the source that it is of
    state    TEXT   NOT NULL, -- new, good, held, failed
    tried    BIGINT NOT NULL,
    good     BIGINT NOT NULL, -- when it was as it should be last, changed or not
    failure  TEXT   NOT NULL, -- in plain words; "" none
    fails    BIGINT NOT NULL, -- one after the other
    due      BIGINT NOT NULL, -- next time
    etag     TEXT   NOT NULL,
    modified TEXT   NOT NULL,
    since    TEXT   NOT NULL, -- TAXII: added_after
    whole    BIGINT NOT NULL, -- TAXII: when it was fetched from its beginning
    report   BYTEA,           -- Report as JSON
    placed   BYTEA            -- Placed as JSON: what became of it in the lists
);

CREATE TABLE intel_content (
    source  TEXT   NOT NULL,
    part    TEXT   NOT NULL, -- good, held
    sum     TEXT   NOT NULL, -- SHA-256 of what is in it
    entries BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    data    BYTEA  NOT NULL, -- lines, compressed
    PRIMARY KEY (source, part)
);

CREATE TABLE intel_allow (
    value TEXT   NOT NULL PRIMARY KEY, -- a name with all below it, an address or a block
    why   TEXT   NOT NULL,
    who   TEXT   NOT NULL,
    made  BIGINT NOT NULL
);

CREATE TABLE intel_turn (
    id      BIGINT NOT NULL PRIMARY KEY, -- 1
    until   BIGINT NOT NULL, -- a process holds the turn so long
    wanted  BIGINT NOT NULL, -- somebody changed something: the lists are built anew
    inputs  TEXT   NOT NULL, -- SHA-256 of what the lists were built of
    version BIGINT NOT NULL, -- of the bundle
    entries BIGINT NOT NULL,
    at      BIGINT NOT NULL, -- when it was published
    next    BIGINT NOT NULL, -- when something of it begins or ends; 0: nothing does
    failure TEXT   NOT NULL  -- why it could not be published
);
INSERT INTO intel_turn (id, until, wanted, inputs, version, entries, at, next, failure) VALUES (1, 0, 0, '', 0, 0, 0, 0, '');

-- What homes told of lists that are only tried.
CREATE TABLE intel_shadow (
    tenant     TEXT   NOT NULL,
    home       TEXT   NOT NULL,
    bundle     TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    device     TEXT   NOT NULL,
    what       TEXT   NOT NULL, -- the indicator, or the detector
    model      TEXT   NOT NULL,
    count      BIGINT NOT NULL,
    first_time BIGINT NOT NULL,
    last_time  BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, bundle, version, device, what)
);
CREATE INDEX intel_shadow_bundle ON intel_shadow (tenant, bundle, version);
CREATE INDEX intel_shadow_last ON intel_shadow (last_time);

-- What is looked for in homes' pasts, and what they found.
CREATE TABLE intel_hunt (
    tenant TEXT   NOT NULL,
    id     TEXT   NOT NULL,
    what   BYTEA  NOT NULL, -- indicators as JSON
    since  BIGINT NOT NULL, -- how far back
    until  BIGINT NOT NULL,
    why    TEXT   NOT NULL,
    asker  TEXT   NOT NULL, -- who proposed it
    second TEXT   NOT NULL, -- who agreed
    begun  BIGINT NOT NULL,
    ends   BIGINT NOT NULL, -- homes are asked until then
    PRIMARY KEY (tenant, id)
);

CREATE TABLE intel_hunted (
    tenant   TEXT   NOT NULL,
    home     TEXT   NOT NULL,
    hunt     TEXT   NOT NULL,
    at       BIGINT NOT NULL, -- when it told
    searched BIGINT NOT NULL, -- how far back it could look
    devices  BIGINT NOT NULL, -- that met any of them
    cases    BIGINT NOT NULL, -- that were opened
    data     BYTEA  NOT NULL, -- pb.HuntResult
    PRIMARY KEY (tenant, home, hunt)
);
CREATE INDEX intel_hunted_hunt ON intel_hunted (tenant, hunt);

-- +goose Down
DROP TABLE intel_hunted;
DROP TABLE intel_hunt;
DROP TABLE intel_shadow;
DROP TABLE intel_turn;
DROP TABLE intel_allow;
DROP TABLE intel_content;
DROP TABLE intel_fetch;
DROP TABLE intel_source;
