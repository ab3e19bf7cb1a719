-- +goose Up
-- what somebody of staff is. source: admin for what an administrator gave, provider for what the provider's claims say.
CREATE TABLE account_staff (
  tenant TEXT NOT NULL,
  person TEXT NOT NULL,
  role TEXT NOT NULL,
  source TEXT NOT NULL,
  created BIGINT NOT NULL,
  PRIMARY KEY (tenant, person, role),
  FOREIGN KEY (tenant, person) REFERENCES account_person (tenant, person)
);
-- who was there before there were roles gives them
INSERT INTO account_staff (tenant, person, role, source, created)
  SELECT tenant, person, 'admin', 'admin', created FROM account_person WHERE kind = 'staff';

-- +goose Down
DROP TABLE account_staff;
