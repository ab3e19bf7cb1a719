package normal

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"cardea/behavior/mud"
	"cardea/behavior/profile"
	"cardea/home"
	"cardea/internal/platform/db"

	"golang.org/x/net/publicsuffix"
)

const maxDocuments = 2000

// domainOf is the registrable domain of a name; "" when it is a suffix itself.
func domainOf(name string) string {
	d, _ := publicsuffix.EffectiveTLDPlusOne(name)
	return d
}

// ImportMUD takes a maker's document (RFC 8520) as a prior for a level: worth a few homes' votes from the next Learn on. It replaces
// the one that was there. note writes it down in the same transaction.
func (n *Normal) ImportMUD(ctx context.Context, l profile.Level, file []byte, who string, note func(*db.Tx) error) (f *mud.File, err error) {
	if f, err = mud.Parse(file); err != nil {
		return nil, err
	}
	for _, s := range []string{string(l.Class), l.Vendor, l.Model} {
		if len(s) > profile.MaxText || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '\ufffd' }) {
			return nil, fmt.Errorf("a level of %d bytes, or with other signs than text", len(s))
		}
	}
	if l.Model == "" {
		return nil, fmt.Errorf("a document is about a model, and none was said")
	}
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		var have int
		if err := tx.Row("SELECT COUNT(*) FROM normal_mud WHERE id <> ?", idOf(l)).Scan(&have); err != nil {
			return err
		}
		if have >= maxDocuments {
			return fmt.Errorf("there are %d documents already", have)
		}
		if _, err := tx.Exec("INSERT INTO normal_mud (id, class, vendor, model, file, who, at) VALUES (?,?,?,?,?,?,?) ON CONFLICT (id) DO UPDATE SET file = excluded.file,"+
			" who = excluded.who, at = excluded.at", idOf(l), string(l.Class), l.Vendor, l.Model, file, who, n.o.Now().UnixMilli()); err != nil {
			return err
		}
		return note(tx)
	})
	if err != nil {
		return nil, fmt.Errorf("keep a maker's document: %w", err)
	}
	return f, nil
}

// RemoveMUD takes a document away.
func (n *Normal) RemoveMUD(ctx context.Context, id string, note func(*db.Tx) error) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		gone, err := tx.Exec("DELETE FROM normal_mud WHERE id = ?", id)
		if err != nil {
			return err
		}
		if gone == 0 {
			return ErrUnknown
		}
		return note(tx)
	})
}

// ExportMUD writes what was learned of a model as a document, for routers that know no other language. left is how many of its
// normal endpoints are not in it, because nobody knows their names or they cannot be said so.
func (n *Normal) ExportMUD(ctx context.Context, tenant, id, url string) (file []byte, left int, err error) {
	f, err := n.Model(ctx, tenant, id)
	if err != nil {
		return nil, 0, err
	}
	var rules []mud.Rule
	for _, e := range f.Ends {
		if e.Standing != profile.Normal.String() {
			continue
		}
		r, ok := ruleOf(e.Name)
		if !ok {
			left++
			continue
		}
		rules = append(rules, r)
	}
	file, more, err := mud.Export(mud.Product{URL: url, Maker: f.Level.Vendor, Model: f.Level.Model, Updated: f.At, Hours: 48}, rules)
	return file, left + more, err
}

// ruleOf reads an endpoint's name, "host:port/protocol".
func ruleOf(name string) (r mud.Rule, ok bool) {
	rest, proto, _ := strings.Cut(name, "/")
	i := strings.LastIndexByte(rest, ':')
	if i < 0 || proto != "tcp" && proto != "udp" {
		return r, false
	}
	port, err := strconv.ParseUint(rest[i+1:], 10, 16)
	if err != nil || port == 0 {
		return r, false
	}
	r = mud.Rule{Port: uint16(port), Last: uint16(port), Proto: map[string]uint8{"tcp": 6, "udp": 17}[proto]}
	if a, err := netip.ParseAddr(rest[:i]); err == nil {
		r.Net = netip.PrefixFrom(a, a.BitLen())
		return r, true
	}
	r.Name = rest[:i]
	return r, !strings.Contains(r.Name, "#") // a name that stands for many
}

// documents are the makers'.
func (n *Normal) documents(ctx context.Context) (out map[profile.Level][]byte, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		out = map[profile.Level][]byte{}
		rows, err := tx.Query("SELECT class, vendor, model, file FROM normal_mud ORDER BY id LIMIT ?", maxDocuments)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for rows.Next() {
			var l profile.Level
			var class string
			var file []byte
			if err := rows.Scan(&class, &l.Vendor, &l.Model, &file); err != nil {
				return err
			}
			l.Class = home.DeviceClass(class)
			out[l] = file
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("makers' documents: %w", err)
	}
	return out, nil
}

// priors are what they say.
func (n *Normal) priors(ctx context.Context) (out []profile.Prior, err error) {
	all, err := n.documents(ctx)
	if err != nil {
		return nil, err
	}
	for l, file := range all {
		f, err := mud.Parse(file)
		if err != nil {
			continue // it was read once; what is not any more is of an older form
		}
		out = append(out, f.Prior(l, domainOf))
	}
	return out, nil
}
