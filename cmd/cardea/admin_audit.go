package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cardea/cloud/audit"
)

// auditFlags say which keys and which copies of checkpoints count besides those of the data folder.
type auditFlags struct {
	Key    string `help:"Public keys that count instead of the data folder's: hexadecimal digits, one a line." type:"existingfile"`
	Copies string `help:"Copies of checkpoints that count instead of the data folder's." type:"existingfile"`
}

func (f auditFlags) read(keys []ed25519.PublicKey, copies []audit.Checkpoint) ([]ed25519.PublicKey, []audit.Checkpoint, error) {
	if f.Key != "" {
		text, err := os.ReadFile(f.Key)
		if err == nil {
			keys, err = audit.ReadKeys(text)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("--key: %w", err)
		}
	}
	if f.Copies != "" {
		file, err := os.Open(f.Copies)
		if err != nil {
			return nil, nil, fmt.Errorf("--copies: %w", err)
		}
		defer file.Close()
		if copies, err = audit.ReadCopies(file); err != nil {
			return nil, nil, fmt.Errorf("--copies %s: %w", f.Copies, err)
		}
	}
	return keys, copies, nil
}

type adminAuditVerify struct {
	auditFlags
	Tenant string `help:"The tenant's short name or id; all of them when left out."`
	File   string `help:"An export to verify, instead of the database." type:"existingfile"`
}

// Help says what is found.
func (adminAuditVerify) Help() string {
	return `Checks each entry against its tenant's chain of hashes and the chain against signed checkpoints, those of the database and
the copies in audit-checkpoints.jsonl of the data folder. Finds entries that were changed, removed, inserted or reordered, an end
that was cut off, a chain that was written anew, forged checkpoints, and that the file of copies is gone. Run it where a worker keeps its data, or
with --copies. Exit status 1 when something is wrong.`
}

// Run is called by kong.
func (c adminAuditVerify) Run(ctx context.Context, top *cli) error {
	if c.File != "" {
		return c.export(top)
	}
	return top.Admin.with(ctx, func(a *admin) error {
		copies, err := a.rooms.Audit.Copies()
		if err != nil {
			return fmt.Errorf("copies of checkpoints: %w", err)
		}
		keys, copies, err := c.read(a.rooms.Audit.Keys(), copies)
		if err != nil {
			return err
		}
		ids, err := a.audited(c.Tenant, copies)
		if err != nil {
			return err
		}
		out := []auditReport{}
		for _, id := range slices.Sorted(maps.Keys(ids)) {
			r, err := a.rooms.Audit.Verify(a.ctx, id, keys, copies)
			if err != nil {
				return err
			}
			out = append(out, auditReport{ids[id], r})
		}
		return reportAudit(a, out)
	})
}

// audited are the tenants to verify, with their short names: one, or all that the accounts, the audit or copies of checkpoints know. Whose
// name is "" the accounts do not know.
func (a *admin) audited(only string, copies []audit.Checkpoint) (map[string]string, error) {
	ids := map[string]string{}
	if only != "" {
		t, err := a.tenant(only)
		ids[t.ID] = t.Slug
		return ids, err
	}
	there, err := a.rooms.Audit.Tenants(a.ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range there {
		ids[id] = ""
	}
	for _, point := range copies {
		ids[point.Tenant] = ""
	}
	list, err := a.rooms.Accounts.Tenants(a.ctx)
	for _, t := range list {
		ids[t.ID] = t.Slug
	}
	return ids, err
}

// auditReport is what was found of a tenant, with its short name.
type auditReport struct {
	Slug string `json:"slug"`
	audit.Report
}

// export verifies a file, for which no database is needed.
func (c adminAuditVerify) export(top *cli) error {
	if c.Key == "" {
		c.Key = filepath.Join(top.Admin.Data, "audit-key.pub")
	}
	if kept := filepath.Join(top.Admin.Data, "audit-checkpoints.jsonl"); c.Copies == "" {
		if _, err := os.Stat(kept); err == nil {
			c.Copies = kept
		}
	}
	keys, copies, err := c.read(nil, nil)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	f, err := os.Open(c.File)
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	defer f.Close()
	r, err := audit.VerifyExport(f, time.Now(), keys, copies)
	if err != nil {
		return fmt.Errorf("admin: %s: %w", c.File, err)
	}
	return reportAudit(&admin{json: top.Admin.JSON}, []auditReport{{"", r}})
}

func reportAudit(a *admin, list []auditReport) error {
	good, text := true, []string{}
	for _, r := range list {
		good = good && r.Good
		words := "good"
		if !r.Good {
			words = fmt.Sprintf("%d found wrong", r.Found)
		}
		text = append(text, fmt.Sprintf("%s  %s  %d entries, %d checkpoints up to %d, %d copies: %s", r.Tenant, cmp.Or(r.Slug, "-"), r.Entries, r.Checkpoints, r.Sealed, r.Copies, words))
		for _, p := range r.Problems {
			text = append(text, fmt.Sprintf("  %-9s %6d %s %s", p.Kind, p.Number, p.ID, p.What))
		}
	}
	if len(list) == 0 {
		text = append(text, "There is no tenant here, and nothing to verify.")
	}
	if err := a.print(map[string]any{"good": good, "tenants": list}, text...); err != nil {
		return err
	}
	if !good {
		return errSilent
	}
	return nil
}

type adminAuditExport struct {
	Tenant string `required:"" help:"The tenant's short name or id."`
	Out    string `help:"A new file; default: standard output." type:"path"`
	Format string `default:"chain" enum:"chain,jsonl,csv" help:"chain: all of it with hashes and checkpoints, for verify. jsonl, csv: the entries alone, for other programs."`
	From   string `placeholder:"TIME" help:"Entries from this time on, as 2026-11-01 or 2026-11-01T08:00:00Z; with jsonl and csv."`
	Until  string `placeholder:"TIME" help:"Entries before this time, in the same way."`
}

// Help says what is for what.
func (adminAuditExport) Help() string {
	return `A chain is whole: cardea admin audit verify --file takes it, without database and cloud. A part of time, and CSV, cannot be verified by
themselves; each of their lines has its number and hash, by which it is found in the chain. Times are in UTC.`
}

// span reads the bounds of time.
func (c adminAuditExport) span() (s audit.Span, err error) {
	if c.Format == "chain" && (c.From != "" || c.Until != "") {
		return s, errors.New("a chain is exported as a whole: --from and --until want --format jsonl or csv")
	}
	if s.From, err = timeArg("--from", c.From); err != nil {
		return s, err
	}
	if s.Until, err = timeArg("--until", c.Until); err != nil {
		return s, err
	}
	if !s.From.IsZero() && !s.Until.IsZero() && !s.From.Before(s.Until) {
		return s, errors.New("--from has to be before --until")
	}
	return s, nil
}

func timeArg(flag, text string) (t time.Time, err error) {
	if text == "" {
		return t, nil
	}
	if t, err = time.Parse(time.DateOnly, text); err != nil {
		t, err = time.Parse(time.RFC3339, text)
	}
	if err != nil {
		return t, fmt.Errorf("%s: %q is no time: want 2026-11-01 or 2026-11-01T08:00:00Z", flag, text)
	}
	return t, nil
}

// Run is called by kong.
func (c adminAuditExport) Run(ctx context.Context, top *cli) error {
	span, err := c.span()
	if err != nil {
		return fmt.Errorf("admin: %w", err)
	}
	return top.Admin.with(ctx, func(a *admin) (err error) {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		if _, err := a.rooms.Audit.Seal(a.ctx); err != nil { // so that the export vouches for its end
			return err
		}
		var w io.Writer = os.Stdout
		if c.Out != "" {
			f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.Close()) }()
			w = f
		}
		if c.Format == "chain" {
			return a.rooms.Audit.Export(a.ctx, t.ID, w)
		}
		return a.rooms.Audit.Rows(a.ctx, t.ID, span, c.Format == "csv", w)
	})
}
