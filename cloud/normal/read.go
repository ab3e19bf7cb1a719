package normal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"
)

// Errors that the caller turns into words.
var (
	ErrUnknown = errors.New("there is no such thing here")
	ErrCursor  = errors.New("that is no cursor of this list")
)

// Model is a line of the list of models.
type Model struct {
	ID    string
	Level profile.Level
	Homes int // of all tenants; 0: too few to be told
	Own   int // of the tenant that asks; 0: too few
}

// pageKey is "number,id" of the line that a page begins after; a first page begins before all.
func pageKey(after string) (number int64, id string, err error) {
	if after == "" {
		return 1 << 60, "", nil
	}
	text, id, _ := strings.Cut(after, ",")
	number, err = strconv.ParseInt(text, 10, 64)
	if err != nil || id == "" || len(id) > maxID {
		return 0, "", ErrCursor
	}
	return number, id, nil
}

// Models lists models, those of most homes first: those that many homes have, and those that the tenant's own have. With a text
// they are those in whose vendor, model or class it is, in any case. next is "" on the last page.
func (n *Normal) Models(ctx context.Context, tenant, find, after string, limit int) (out []Model, next string, err error) {
	from, id, err := pageKey(after)
	if err != nil {
		return nil, "", err
	}
	where, args := "(m.shown < ? OR m.shown = ? AND m.id > ?)", []any{tenant, from, from, id}
	if find = strings.ToLower(strings.TrimSpace(find)); find != "" {
		where, args = where+" AND m.words LIKE ? ESCAPE '!'", append(args, db.Containing(find))
	}
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out, next = nil, ""
		rows, err := tx.Query("SELECT m.id, m.class, m.vendor, m.model, m.shown, COALESCE(s.homes, 0) FROM normal_model m LEFT JOIN normal_share s ON s.tenant = ?"+
			" AND s.model = m.id WHERE "+where+" AND (m.shown > 0 OR s.homes > 0) ORDER BY m.shown DESC, m.id LIMIT ?", append(args, limit+1)...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var m Model
			var class string
			if err := rows.Scan(&m.ID, &class, &m.Level.Vendor, &m.Level.Model, &m.Homes, &m.Own); err != nil {
				return err
			}
			m.Level.Class, m.Own = home.DeviceClass(class), shown(m.Own)
			out = append(out, m)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, "", fmt.Errorf("models: %w", err)
	}
	if len(out) > limit {
		out = out[:limit]
		next = fmt.Sprintf("%d,%s", out[limit-1].Homes, out[limit-1].ID)
	}
	return out, next, nil
}

// Learned says by which ids the facts of some models are found, of those that Models would list for the tenant.
func (n *Normal) Learned(ctx context.Context, tenant string, levels []profile.Level) (out map[profile.Level]string, err error) {
	of, args := map[string]profile.Level{}, []any{tenant}
	for _, l := range levels {
		of[idOf(l)] = l
		args = append(args, idOf(l))
	}
	if len(levels) == 0 {
		return nil, nil
	}
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = map[profile.Level]string{}
		rows, err := tx.Query("SELECT m.id FROM normal_model m LEFT JOIN normal_share s ON s.tenant = ? AND s.model = m.id WHERE m.id IN (?"+
			strings.Repeat(",?", len(levels)-1)+") AND (m.shown > 0 OR s.homes > 0)", args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var id string
			if err := rows.Scan(&id); err != nil {
				return err
			}
			out[of[id]] = id
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("which models are learned: %w", err)
	}
	return out, nil
}

// Model gives the facts of a model that many homes have, or the tenant's own.
func (n *Normal) Model(ctx context.Context, tenant, id string) (f *Facts, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		var data []byte
		err := tx.Row("SELECT data FROM normal_model m WHERE id = ? AND (shown > 0 OR EXISTS (SELECT 1 FROM normal_share s WHERE s.tenant = ? AND s.model = m.id))",
			id, tenant).Scan(&data)
		if db.NoRows(err) {
			return ErrUnknown
		}
		if err != nil {
			return err
		}
		f = &Facts{}
		return json.Unmarshal(data, f)
	})
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, fmt.Errorf("facts of a model: %w", err)
	}
	return f, err
}
