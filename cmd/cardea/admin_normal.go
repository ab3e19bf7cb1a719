package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"cardea/behavior/profile"
	"cardea/cloud/audit"
	"cardea/home"
	"cardea/internal/platform/db"
)

// maxDocument bounds a maker's document, in bytes.
const maxDocument = 1 << 20

type adminIntelProfiles struct {
	File string `arg:"" help:"What cardea learn --out wrote." type:"existingfile"`
	signedWhy
}

// Run is called by kong.
func (c adminIntelProfiles) Run(ctx context.Context, top *cli) error {
	b, err := os.ReadFile(c.File)
	if err == nil {
		_, err = profile.Parse(b)
	}
	if err != nil {
		return fmt.Errorf("profiles %s: %w", c.File, err)
	}
	return top.Admin.with(ctx, func(a *admin) error {
		to, err := a.publisher("intel-profiles", c.Why)
		if err != nil {
			return err
		}
		version, changed, err := to.PublishData(a.ctx, "profiles", b)
		if err != nil {
			return err
		}
		words := fmt.Sprintf("Version %d says the same already.", version)
		if changed {
			if words, err = a.reaches("profiles", version); err != nil {
				return err
			}
			words += fmt.Sprintf(" It has %d bytes.", len(b))
		}
		return a.print(map[string]any{"version": version, "changed": changed, "bytes": len(b)}, words)
	})
}

type adminIntelMUD struct {
	Import adminMUDImport `cmd:"" help:"Take a maker's document as a prior for a model: worth a few homes' votes from the next learning on."`
	Export adminMUDExport `cmd:"" help:"Write what was learned of a model as such a document."`
}

type adminMUDImport struct {
	Tenant string `required:"" help:"Whose audit it is written in."`
	Class  string `required:"" help:"The model's class, as camera."`
	Vendor string `required:"" help:"Its vendor."`
	Model  string `required:"" help:"Its name, as the fleet calls it."`
	File   string `arg:"" help:"The document (RFC 8520)." type:"existingfile"`
}

// Run is called by kong.
func (c adminMUDImport) Run(ctx context.Context, top *cli) error {
	st, err := os.Stat(c.File)
	if err == nil && st.Size() > maxDocument {
		err = errors.New("larger than a maker's document")
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(c.File)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		level := profile.Level{Class: home.DeviceClass(c.Class), Vendor: c.Vendor, Model: c.Model}
		f, err := a.rooms.Normal.ImportMUD(a.ctx, level, b, "admin", func(tx *db.Tx) error {
			return a.rooms.Audit.Add(tx, audit.Entry{Tenant: t.ID, Who: "admin", Role: "admin", Act: "take a maker's document", What: level.String()})
		})
		if err != nil {
			return err
		}
		return a.print(map[string]any{"rules": len(f.Rules)}, fmt.Sprintf("%d rules of %s count as a prior from the next learning on.", len(f.Rules), level))
	})
}

type adminMUDExport struct {
	Tenant  string `required:"" help:"As whose staff it is asked."`
	Profile string `arg:"" help:"Its id, as the list of models has it."`
	URL     string `name:"url" required:"" help:"Where the document will be found: a part of it (RFC 8520)."`
}

// Run is called by kong.
func (c adminMUDExport) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		t, err := a.tenant(c.Tenant)
		if err != nil {
			return err
		}
		b, left, err := a.rooms.Normal.ExportMUD(a.ctx, t.ID, c.Profile, c.URL)
		if err != nil {
			return err
		}
		if _, err := os.Stdout.Write(append(b, '\n')); err != nil {
			return err
		}
		if left > 0 {
			fmt.Fprintf(os.Stderr, "%d normal endpoints are left out: their names are not known.\n", left)
		}
		return nil
	})
}
