-- +goose Up
-- role: owner, member or viewer. since: when the person came in, 0 for before this was kept.
ALTER TABLE account_resident ADD COLUMN role TEXT NOT NULL DEFAULT 'owner';
ALTER TABLE account_resident ADD COLUMN since BIGINT NOT NULL DEFAULT 0;

-- agent: what the browser or app called itself
ALTER TABLE account_session ADD COLUMN agent TEXT NOT NULL DEFAULT '';

-- token: SHA-256 of the secret. email: '' lets whoever has the link come in with an address of their own.
CREATE TABLE account_invitation (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  id TEXT NOT NULL,
  token BYTEA NOT NULL,
  role TEXT NOT NULL,
  email TEXT NOT NULL,
  maker TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant, home, id),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);
CREATE UNIQUE INDEX account_invitation_token ON account_invitation (tenant, token);
CREATE INDEX account_invitation_expires ON account_invitation (expires);

-- id and secret are on the label; secret: SHA-256. gateway: the only one that it is good for, '' for any.
CREATE TABLE account_label (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  id TEXT NOT NULL,
  secret BYTEA NOT NULL,
  gateway TEXT NOT NULL,
  maker TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant, home, id),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);
-- who has a label does not know whose home it is of
CREATE UNIQUE INDEX account_label_id ON account_label (id);

-- hash: argon2id, as of passwords
CREATE TABLE account_recovery (
  tenant TEXT NOT NULL,
  person TEXT NOT NULL,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, person, number),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);

-- who asked for a way back in and has not been written to; whether there is such a person is looked up later
CREATE TABLE account_forgot (
  tenant TEXT NOT NULL,
  email TEXT NOT NULL,
  asked BIGINT NOT NULL,
  PRIMARY KEY (tenant, email)
);
CREATE INDEX account_forgot_asked ON account_forgot (asked);

-- record: what the library keeps of a credential, JSON
CREATE TABLE account_passkey (
  tenant TEXT NOT NULL,
  person TEXT NOT NULL,
  id TEXT NOT NULL,
  credential BYTEA NOT NULL,
  record TEXT NOT NULL,
  name TEXT NOT NULL,
  created BIGINT NOT NULL,
  used BIGINT NOT NULL,
  PRIMARY KEY (tenant, person, id),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);
CREATE UNIQUE INDEX account_passkey_credential ON account_passkey (tenant, credential);

-- what was asked of a browser or another provider and is not answered yet. token: SHA-256 of the secret; tenant: a UUID of
-- zeroes while it is not known whose person will answer.
CREATE TABLE account_challenge (
  tenant TEXT NOT NULL,
  token BYTEA NOT NULL,
  kind TEXT NOT NULL,
  person TEXT NOT NULL,
  data TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant, token)
);
CREATE INDEX account_challenge_expires ON account_challenge (expires);

-- who a person is with a provider of sign-ins
CREATE TABLE account_identity (
  tenant TEXT NOT NULL,
  issuer TEXT NOT NULL,
  subject TEXT NOT NULL,
  person TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant, issuer, subject),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);
CREATE INDEX account_identity_person ON account_identity (tenant, person);

-- +goose Down
DROP TABLE account_identity;
DROP TABLE account_challenge;
DROP TABLE account_passkey;
DROP TABLE account_forgot;
DROP TABLE account_recovery;
DROP TABLE account_label;
DROP TABLE account_invitation;
ALTER TABLE account_session DROP COLUMN agent;
ALTER TABLE account_resident DROP COLUMN since;
ALTER TABLE account_resident DROP COLUMN role;
