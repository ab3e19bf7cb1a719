-- +goose Up
-- A person's homes in their order, which is asked with each request. With the index of tenant and person alone SQLite went
-- through all of a tenant's homes by the key, to be spared the sorting.
DROP INDEX account_resident_person;
CREATE UNIQUE INDEX account_resident_person_home ON account_resident (tenant, person, home);

-- +goose Down
DROP INDEX account_resident_person_home;
CREATE INDEX account_resident_person ON account_resident (tenant, person);
