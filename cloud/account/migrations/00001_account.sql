-- +goose Up
CREATE TABLE account_tenant (
  tenant TEXT NOT NULL,
  slug TEXT NOT NULL,
  name TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant)
);
-- what people type before their tenant is known
CREATE UNIQUE INDEX account_tenant_slug ON account_tenant (slug);

-- gateway: the active one, '' for none. taken: how many keys residents have; a new one takes the next number.
CREATE TABLE account_home (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  name TEXT NOT NULL,
  account TEXT NOT NULL,
  search TEXT NOT NULL,
  created BIGINT NOT NULL,
  gateway TEXT NOT NULL,
  taken BIGINT NOT NULL,
  PRIMARY KEY (tenant, home),
  FOREIGN KEY (tenant) REFERENCES account_tenant (tenant)
);
CREATE INDEX account_home_account ON account_home (tenant, account);

CREATE TABLE account_person (
  tenant TEXT NOT NULL,
  person TEXT NOT NULL,
  kind TEXT NOT NULL,
  email TEXT NOT NULL,
  name TEXT NOT NULL,
  password TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant, person),
  FOREIGN KEY (tenant) REFERENCES account_tenant (tenant)
);
CREATE UNIQUE INDEX account_person_email ON account_person (tenant, kind, email);

CREATE TABLE account_resident (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  person TEXT NOT NULL,
  PRIMARY KEY (tenant, home, person),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);
CREATE INDEX account_resident_person ON account_resident (tenant, person);

-- token: SHA-256 of the secret
CREATE TABLE account_session (
  tenant TEXT NOT NULL,
  token BYTEA NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  person TEXT NOT NULL,
  created BIGINT NOT NULL,
  used BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant, token),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);
CREATE INDEX account_session_person ON account_session (tenant, person);
-- what has run out is looked for in all tenants
CREATE INDEX account_session_expires ON account_session (expires);
CREATE INDEX account_session_used ON account_session (kind, used);

CREATE TABLE account_link (
  tenant TEXT NOT NULL,
  token BYTEA NOT NULL,
  kind TEXT NOT NULL,
  person TEXT NOT NULL,
  expires BIGINT NOT NULL,
  PRIMARY KEY (tenant, token),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);
CREATE INDEX account_link_person ON account_link (tenant, person);
CREATE INDEX account_link_expires ON account_link (expires);

-- attempts to sign in, by hash of kind and e-mail, in the window that began last; '' counts the tenant's failures
CREATE TABLE account_attempt (
  tenant TEXT NOT NULL,
  who TEXT NOT NULL,
  since BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  PRIMARY KEY (tenant, who)
);

-- claim: wire.ClaimID. gateway and request: who used it, '' for nobody yet.
CREATE TABLE account_claim (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  claim BYTEA NOT NULL,
  secret BYTEA NOT NULL,
  maker TEXT NOT NULL,
  resident BIGINT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  gateway TEXT NOT NULL,
  request TEXT NOT NULL,
  PRIMARY KEY (tenant, home, claim),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);
-- a gateway that enrols knows its claim only
CREATE UNIQUE INDEX account_claim_claim ON account_claim (claim);
CREATE INDEX account_claim_expires ON account_claim (expires);

-- request: hash of the key in the last certificate, '' before the first
CREATE TABLE account_gateway (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  gateway TEXT NOT NULL,
  state TEXT NOT NULL,
  version TEXT NOT NULL,
  enrolled BIGINT NOT NULL,
  changed BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  serial TEXT NOT NULL,
  request TEXT NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY (tenant, home, gateway),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);
CREATE INDEX account_gateway_state ON account_gateway (state, expires);

CREATE TABLE account_key (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  id TEXT NOT NULL,
  number BIGINT NOT NULL,
  point BYTEA NOT NULL,
  resident TEXT NOT NULL,
  signer TEXT NOT NULL,
  signature BYTEA NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant, home, id),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);

-- revoked: when, 0 for not
CREATE TABLE account_consent (
  tenant TEXT NOT NULL,
  home TEXT NOT NULL,
  id TEXT NOT NULL,
  gateway TEXT NOT NULL,
  scope TEXT NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT NOT NULL,
  signer TEXT NOT NULL,
  signature BYTEA NOT NULL,
  giver TEXT NOT NULL,
  created BIGINT NOT NULL,
  revoked BIGINT NOT NULL,
  PRIMARY KEY (tenant, home, id),
  FOREIGN KEY (tenant, home) REFERENCES account_home (tenant, home)
);

-- +goose Down
DROP TABLE account_consent;
DROP TABLE account_key;
DROP TABLE account_gateway;
DROP TABLE account_claim;
DROP TABLE account_attempt;
DROP TABLE account_link;
DROP TABLE account_session;
DROP TABLE account_resident;
DROP TABLE account_person;
DROP TABLE account_home;
DROP TABLE account_tenant;
