-- +goose Up
CREATE TABLE rollout_plan (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL, -- of the bundle
    version BIGINT NOT NULL, -- that is brought out
    before BIGINT NOT NULL, -- the good version that others have; 0: none
    back BIGINT NOT NULL, -- the version that says what the good one says, when it was undone; 0: it was not
    state TEXT NOT NULL, -- shadow, running, paused, halted, undone, done
    resume TEXT NOT NULL, -- state to which a pause returns; ""
    ring BIGINT NOT NULL, -- 0 to 5
    looks BIGINT NOT NULL, -- at the present ring
    began BIGINT NOT NULL,
    since BIGINT NOT NULL, -- when the present ring or state began
    shadow BIGINT NOT NULL, -- milliseconds for which it is judged by without acting; 0: not at all
    pace BIGINT NOT NULL, -- milliseconds that a ring lasts at least; 0: as is usual for the bundle
    by_who TEXT NOT NULL,
    why TEXT NOT NULL,
    control TEXT NOT NULL, -- figures of the control group as they were last, JSON
    verdict TEXT NOT NULL -- of the last look, JSON
);
CREATE INDEX rollout_plan_name ON rollout_plan (name, began);

CREATE TABLE rollout_event (
    plan TEXT NOT NULL,
    seq BIGINT NOT NULL,
    at BIGINT NOT NULL,
    who TEXT NOT NULL, -- "" when it happened by itself
    what TEXT NOT NULL,
    ring BIGINT NOT NULL,
    why TEXT NOT NULL,
    PRIMARY KEY (plan, seq)
);

CREATE TABLE rollout_good (
    name TEXT NOT NULL PRIMARY KEY,
    version BIGINT NOT NULL,
    offered BIGINT NOT NULL -- 0: it is only what is returned to
);
INSERT INTO rollout_good (name, version, offered) SELECT name, MAX(version), 1 FROM rollout_bundle GROUP BY name;

CREATE TABLE rollout_held (
    name TEXT NOT NULL,
    text_hash TEXT NOT NULL, -- what it says went wrong: it is not brought out by itself again
    why TEXT NOT NULL,
    PRIMARY KEY (name, text_hash)
);

CREATE TABLE rollout_pin (
    tenant TEXT NOT NULL,
    home TEXT NOT NULL,
    name TEXT NOT NULL, -- of a bundle; "" for all
    ring BIGINT NOT NULL, -- 0: as drawn
    version BIGINT NOT NULL, -- 0: as its ring says
    by_who TEXT NOT NULL,
    why TEXT NOT NULL,
    made BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, name)
);

CREATE TABLE rollout_health (
    tenant TEXT NOT NULL,
    home TEXT NOT NULL,
    at BIGINT NOT NULL, -- when it came
    bundles TEXT NOT NULL, -- in force: name=version,…
    platform TEXT NOT NULL,
    agent TEXT NOT NULL, -- version of the program
    state TEXT NOT NULL, -- steady, proving, returned
    tried BIGINT NOT NULL,
    crashes BIGINT NOT NULL,
    asked BIGINT NOT NULL,
    unanswered BIGINT NOT NULL,
    broken BIGINT NOT NULL,
    findings BIGINT NOT NULL,
    asks BIGINT NOT NULL,
    throughput BIGINT NOT NULL,
    PRIMARY KEY (tenant, home)
);

-- +goose Down
DROP TABLE rollout_health;
DROP TABLE rollout_pin;
DROP TABLE rollout_held;
DROP TABLE rollout_good;
DROP TABLE rollout_event;
DROP TABLE rollout_plan;
