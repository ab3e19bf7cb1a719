package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	intelligence "cardea/cloud/intel"
	"cardea/home"
)

// intelCmd looks at what lists do. It opens a cloud's data as admin does.
type intelCmd struct {
	Data   string      `help:"The cloud's data folder." default:"/var/lib/cardea-cloud" type:"path"`
	DB     string      `help:"Its database; default: cardea.db in the data folder."`
	JSON   bool        `help:"Print JSON."`
	DryRun intelDryRun `cmd:"" help:"Tell what a list would have touched in the past week, before it goes out: homes and devices by day, and what of it healthy devices use."`
}

type intelDryRun struct {
	List   string `arg:"" help:"A list, a folder of lists as publish takes it, or a bundle of STIX; - is standard input; or source:NAME for what a source says or holds back."`
	Tenant string `help:"In whose homes, by the tenant's short name or id; default: in all."`
	Class  string `enum:",malware,phishing,tracking,bypass,adult" default:"" help:"malware, phishing, tracking or bypass; default: as the list says, else malware."`
}

// Run is called by kong.
func (c intelDryRun) Run(ctx context.Context, top *cli) error {
	door := adminCmd{Data: top.Intel.Data, DB: top.Intel.DB, JSON: top.Intel.JSON, typed: "intel"}
	return door.with(ctx, func(a *admin) error {
		d, err := c.run(a)
		if err != nil {
			return err
		}
		return a.print(d, dryText(&d)...)
	})
}

func (c intelDryRun) run(a *admin) (intelligence.Dry, error) {
	tenant := ""
	if c.Tenant != "" {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return intelligence.Dry{}, err
		}
		tenant = t.ID
	}
	if name, ok := strings.CutPrefix(c.List, "source:"); ok {
		return a.rooms.Intel.DryRunOf(a.ctx, tenant, name)
	}
	d, err := c.read(a, tenant)
	if r := d.Report; err == nil && r.Bad > 0 && r.Entries+r.Skipped+len(r.Refused) == 0 {
		err = fmt.Errorf("%s is no list: none of its %d lines can be read; %s", c.List, r.Bad, strings.Join(r.Places[:min(1, len(r.Places))], ""))
	}
	return d, err
}

// read has a file, a folder or what comes by standard input looked at.
func (c intelDryRun) read(a *admin, tenant string) (d intelligence.Dry, err error) {
	if c.List == "-" {
		return a.rooms.Intel.DryRun(a.ctx, tenant, "standard input", os.Stdin, home.Class(c.Class))
	}
	info, err := os.Stat(c.List)
	if err != nil {
		return d, err
	}
	if info.IsDir() {
		return a.rooms.Intel.DryRunFolder(a.ctx, tenant, os.DirFS(c.List), home.Class(c.Class))
	}
	f, err := os.Open(c.List)
	if err != nil {
		return d, err
	}
	defer func() { _ = f.Close() }() // only read
	return a.rooms.Intel.DryRun(a.ctx, tenant, filepath.Base(c.List), f, home.Class(c.Class))
}

// few is a number of homes for people.
func few(c intelligence.Count) string {
	switch {
	case c.Few:
		return fmt.Sprintf("fewer than %d homes", intelligence.MinHomes)
	case c.N == 0:
		return "no home"
	}
	return fmt.Sprintf("%d homes", c.N)
}

func dryText(d *intelligence.Dry) []string {
	out := []string{fmt.Sprintf("%d entries, %d looked for: it would have touched %s in the past week.", d.Entries, d.Looked, few(d.Homes))}
	if d.Blocks > 0 {
		out = append(out, fmt.Sprintf("%d are blocks of addresses, which were not looked for: homes tell of single endpoints.", d.Blocks))
	}
	if n := d.Report.Bad; n > 0 {
		out = append(out, fmt.Sprintf("%d lines cannot be read.", n))
	}
	for _, why := range slices.Sorted(maps.Keys(d.Report.Refused)) {
		out = append(out, fmt.Sprintf("%d are not taken: %s", d.Report.Refused[why], why))
	}
	for _, place := range d.Report.Places {
		out = append(out, "  "+place)
	}
	for _, x := range d.Days {
		line := fmt.Sprintf("  %s  %s", x.Day.Format("Mon 2 Jan"), few(x.Homes))
		if x.Devices > 0 {
			line += fmt.Sprintf(", %d devices", x.Devices)
		}
		out = append(out, line)
	}
	if d.Cut {
		out = append(out, "  Days are reckoned from 5,000 of these homes.")
	}
	if d.Alike {
		out = append(out, "  Some numbers are those of a list tried before, which touched nearly the same homes: few homes are not told by the difference.")
	}
	for _, why := range slices.Sorted(maps.Keys(d.Refused)) {
		out = append(out, fmt.Sprintf("%d would be left out: %s", d.Refused[why], why))
	}
	for _, u := range d.Uses {
		out = append(out, fmt.Sprintf("  %s: %.0f %% of homes with %s use this", u.Value, 100*u.Share, u.Model))
	}
	return out
}
