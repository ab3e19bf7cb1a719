package intel

import (
	"context"
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Tried is what a version of a bundle that homes only try would have done to a model.
type Tried struct {
	Model string `json:"model"` // "": not known
	What  string `json:"what"`  // stop, of lists; a home.Difference, of profiles and models
	Homes Count  `json:"homes"`
	Count uint64 `json:"count"` // of contacts, of models of devices; 0 where homes are few

	// Of models: what they would be taken for, their class now and then, and whether they would be protected "less" or "more".
	To         string `json:"to,omitempty"`
	Class      string `json:"class,omitempty"`
	ToClass    string `json:"to_class,omitempty"`
	Protection string `json:"protection,omitempty"`
}

// Everywhere stands for all tenants: for who runs the installation.
const Everywhere = "*"

// Tried tells of one version, by model, those of most homes first, in a tenant's homes or Everywhere.
func (n *Intel) Tried(ctx context.Context, tenant, bundle string, version uint64) (out []Tried, err error) {
	what := "'stop'"
	if bundle == profiles {
		what = "what"
	}
	err = n.db.View(ctx, func(tx *db.Tx) error {
		if bundle == models {
			out, err = triedModels(tx, tenant, version)
			return err
		}
		out = []Tried{}
		rows, err := tx.Query("SELECT model, "+what+", COUNT(DISTINCT tenant || ' ' || home), SUM(count) FROM intel_shadow WHERE bundle = ? AND version = ? AND (tenant = ? OR ? = ?)"+
			" GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2 LIMIT ?", bundle, int64(version), tenant, tenant, Everywhere, maxShown)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var t Tried
			var homes, count int64
			if err := rows.Scan(&t.Model, &t.What, &homes, &count); err != nil {
				return err
			}
			if t.Homes = countOf(int(homes)); t.Homes.N > 0 {
				t.Count = uint64(count)
			}
			if t.What != "stop" && home.Difference(t.What).Of() != profiles {
				t.What = "other"
			}
			out = append(out, t)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("version %d of %.40s in shadow: %w", version, bundle, err)
	}
	return out, nil
}
