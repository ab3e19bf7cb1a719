-- +goose Up
-- What a person chose. Channels are masks: 1 critical, 2 important, 4 what is good to know, 8 the weekly report. Whoever had turned
-- everything off gets what is critical by e-mail.
CREATE TABLE notify_choice (
    tenant   TEXT   NOT NULL,
    person   TEXT   NOT NULL,
    version  BIGINT NOT NULL,
    language TEXT   NOT NULL, -- '': the provider's
    quiet_from BIGINT NOT NULL, -- minutes after midnight, the home's time; -1: no quiet hours
    quiet_to   BIGINT NOT NULL,
    push     BIGINT NOT NULL,
    email    BIGINT NOT NULL,
    sms      BIGINT NOT NULL,
    webhook  BIGINT NOT NULL,
    PRIMARY KEY (tenant, person)
);
INSERT INTO notify_choice (tenant, person, version, language, quiet_from, quiet_to, push, email, sms, webhook)
    SELECT tenant, person, 1, '', -1, -1, CASE WHEN push <> 0 THEN 15 ELSE 0 END,
        CASE WHEN email <> 0 THEN 15 WHEN push = 0 THEN 1 ELSE 0 END, 3, 0 FROM notify_settings;
DROP TABLE notify_settings;

-- A number for text messages. code is a hash, '' when none waits.
CREATE TABLE notify_phone (
    tenant   TEXT   NOT NULL,
    person   TEXT   NOT NULL,
    number   TEXT   NOT NULL, -- E.164
    verified BIGINT NOT NULL, -- when; 0: not yet
    code     TEXT   NOT NULL,
    expires  BIGINT NOT NULL,
    tries    BIGINT NOT NULL,
    PRIMARY KEY (tenant, person)
);
-- Codes sent to a number and asked for by a person, to bound them. who is a hash.
CREATE TABLE notify_asked (
    tenant TEXT   NOT NULL,
    who    TEXT   NOT NULL,
    at     BIGINT NOT NULL,
    id     TEXT   NOT NULL,
    PRIMARY KEY (tenant, who, at, id)
);
CREATE INDEX notify_asked_at ON notify_asked (at);

-- What there is to tell a home: one row a cause. What comes later of the same cause raises rev. What waited in the old tables is
-- not sent any more: the app shows it.
DROP TABLE notify_deliveries;
DROP TABLE notify_outbox;
CREATE TABLE notify_message (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    message TEXT   NOT NULL,
    topic   TEXT   NOT NULL, -- cause:…, new, port, stopped, report, test
    person  TEXT   NOT NULL, -- '': everybody who lives there
    rev     BIGINT NOT NULL,
    level   BIGINT NOT NULL, -- of what is new in this rev
    alarmed BIGINT NOT NULL, -- highest level that people were told of before
    body    TEXT   NOT NULL, -- JSON
    made    BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    due     BIGINT NOT NULL, -- when to make deliveries of this rev; 0 when they are made
    PRIMARY KEY (tenant, home, message)
);
CREATE INDEX notify_message_due ON notify_message (due);
CREATE INDEX notify_message_topic ON notify_message (tenant, home, topic, made);

-- Which message a case is in.
CREATE TABLE notify_case (
    tenant   TEXT NOT NULL,
    home     TEXT NOT NULL,
    incident TEXT NOT NULL,
    message  TEXT NOT NULL,
    PRIMARY KEY (tenant, home, incident)
);

-- What was told once, or is known from the beginning: '' the home itself.
CREATE TABLE notify_known (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (tenant, home, subject)
);
CREATE INDEX notify_known_at ON notify_known (at);

-- One message to one person by one way. target is the subscription of a push, '' otherwise.
CREATE TABLE notify_delivery (
    tenant  TEXT   NOT NULL,
    home    TEXT   NOT NULL,
    message TEXT   NOT NULL,
    rev     BIGINT NOT NULL,
    person  TEXT   NOT NULL,
    way     TEXT   NOT NULL, -- push, email, sms, webhook
    target  TEXT   NOT NULL,
    id      TEXT   NOT NULL, -- the same for each try: by it a receiver knows a repetition
    code    TEXT   NOT NULL, -- by which a person checks that it is genuine
    kind    TEXT   NOT NULL,
    level   BIGINT NOT NULL,
    silent  BIGINT NOT NULL, -- replaces what is shown, without a sound
    made    BIGINT NOT NULL,
    due     BIGINT NOT NULL, -- next try; 0 when there is none any more
    taken   BIGINT NOT NULL, -- until when somebody is at it
    tries   BIGINT NOT NULL,
    status  TEXT   NOT NULL, -- waiting, sent, replaced, dropped, failed
    why     TEXT   NOT NULL,
    sent    BIGINT NOT NULL, -- 0: not yet
    checked BIGINT NOT NULL, -- how often its code was looked up
    PRIMARY KEY (tenant, home, message, rev, person, way, target)
);
CREATE INDEX notify_delivery_due ON notify_delivery (due);
CREATE INDEX notify_delivery_person ON notify_delivery (tenant, person, made);
-- who checks a message knows its code and nothing else
CREATE UNIQUE INDEX notify_delivery_code ON notify_delivery (code);

-- +goose Down
DROP TABLE notify_delivery;
DROP TABLE notify_known;
DROP TABLE notify_case;
DROP TABLE notify_message;
DROP TABLE notify_asked;
DROP TABLE notify_phone;
DROP TABLE notify_choice;
