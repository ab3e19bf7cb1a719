-- +goose Up
-- share: 1 when what its homes teach may reach homes of other CSPs. helping: what holds for homes whose people said nothing: ask (they do
-- not help) or on (they help)
ALTER TABLE account_tenant ADD COLUMN share BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account_tenant ADD COLUMN helping TEXT NOT NULL DEFAULT 'ask';
-- Made-up homes are nobody's.
UPDATE account_tenant SET share = 1, helping = 'on' WHERE simulated = 1;

-- +goose Down
ALTER TABLE account_tenant DROP COLUMN helping;
ALTER TABLE account_tenant DROP COLUMN share;
