package intel

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"
)

// Shadowed is a version of a bundle that was tried without acting.
type Shadowed struct {
	Bundle  string        `json:"bundle"`
	Version uint64        `json:"version"`
	Last    time.Time     `json:"last"`
	Homes   Count         `json:"homes"` // that it would have refused something in, or changed
	Count   uint64        `json:"count"` // of contacts, of models of devices; 0 where homes are few
	Models  []ShadowModel `json:"models"`
	What    []ShadowWhat  `json:"what"`              // the indicators of most homes, or in what it differs; none of few
	Changes []Tried       `json:"changes,omitempty"` // of models: whom devices would be taken for
}

// ShadowModel is what it would have done to a model.
type ShadowModel struct {
	Model string `json:"model"` // "": not known
	Homes Count  `json:"homes"`
	Count uint64 `json:"count"`
}

// ShadowWhat is what an indicator would have done.
type ShadowWhat struct {
	What  string `json:"what"`
	Homes int    `json:"homes"`
	Count uint64 `json:"count"`
}

// How many are shown.
const (
	maxShown    = 100 // rows of one version
	maxVersions = 20
)

// profiles are the bundle of which it is told in what it differs, not what was met.
const profiles = "profiles"

// shadowsOf reads versions that were tried: bundle, version, when told last, homes, count.
func shadowsOf(tx *db.Tx, query string, args ...any) (out []Shadowed, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var s Shadowed
		var version, last, homes, count int64
		if err := rows.Scan(&s.Bundle, &version, &last, &homes, &count); err != nil {
			return nil, err
		}
		s.Version, s.Last, s.Homes = uint64(version), fromMilli(last), countOf(int(homes))
		if s.Homes.N > 0 {
			s.Count = uint64(count)
		}
		out = append(out, s)
	}
	return out, rows.Err()
}

// Shadows lists what versions in shadow would have done in a tenant's homes, the newest first.
func (n *Intel) Shadows(ctx context.Context, tenant string) (out []Shadowed, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out, err = shadowsOf(tx, "SELECT bundle, version, MAX(last_time), COUNT(DISTINCT home), SUM(count) FROM intel_shadow WHERE tenant = ? GROUP BY bundle, version ORDER BY MAX(last_time) DESC LIMIT ?",
			tenant, maxVersions)
		if err != nil {
			return err
		}
		of, err := shadowsOf(tx, "SELECT '"+models+"', version, MAX(at), COUNT(DISTINCT CASE WHEN what <> ? THEN home END), SUM(CASE WHEN what <> ? THEN count ELSE 0 END) FROM intel_taken WHERE tenant = ?"+
			" GROUP BY version ORDER BY MAX(at) DESC LIMIT ?", string(home.WouldKeep), string(home.WouldKeep), tenant, maxVersions)
		out = append(out, of...)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("versions in shadow: %w", err)
	}
	slices.SortStableFunc(out, func(a, b Shadowed) int { return b.Last.Compare(a.Last) })
	return out[:min(len(out), maxVersions)], nil
}

// Shadow tells of one version, by model and by indicator.
func (n *Intel) Shadow(ctx context.Context, tenant, bundle string, version uint64) (s Shadowed, err error) {
	all, err := n.Shadows(ctx, tenant)
	if err != nil {
		return s, err
	}
	at := slices.IndexFunc(all, func(s Shadowed) bool { return s.Bundle == bundle && s.Version == version })
	if at < 0 {
		return s, ErrUnknown
	}
	s = all[at]
	err = n.db.View(ctx, func(tx *db.Tx) error {
		s.Models, s.What, s.Changes = nil, nil, nil
		if bundle == models {
			if s.Changes, err = triedModels(tx, tenant, version); err != nil {
				return err
			}
		}
		if err := shadowBy(tx, "model", tenant, bundle, version, func(model string, homes int, count uint64) {
			m := ShadowModel{Model: model, Homes: countOf(homes)}
			if m.Homes.N > 0 {
				m.Count = count
			}
			s.Models = append(s.Models, m)
		}); err != nil {
			return err
		}
		return shadowBy(tx, "what", tenant, bundle, version, func(what string, homes int, count uint64) {
			if homes >= MinHomes {
				s.What = append(s.What, ShadowWhat{what, homes, count})
			}
		})
	})
	if err != nil {
		return s, fmt.Errorf("a version in shadow: %w", err)
	}
	return s, nil
}

// shadowBy sums up what one version would have done by a column, that of most homes first.
func shadowBy(tx *db.Tx, column, tenant, bundle string, version uint64, do func(text string, homes int, count uint64)) error {
	from, args := "intel_shadow WHERE tenant = ? AND bundle = ? AND version = ?", []any{tenant, bundle, int64(version), maxShown}
	if bundle == models {
		from, args = "intel_taken WHERE tenant = ? AND what <> ? AND version = ?", []any{tenant, string(home.WouldKeep), int64(version), maxShown}
	}
	rows, err := tx.Query("SELECT "+column+", COUNT(DISTINCT home), SUM(count) FROM "+from+" GROUP BY "+column+" ORDER BY COUNT(DISTINCT home) DESC, "+column+" LIMIT ?", args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var text string
		var homes, count int64
		if err := rows.Scan(&text, &homes, &count); err != nil {
			return err
		}
		do(text, int(homes), uint64(count))
	}
	return rows.Err()
}
