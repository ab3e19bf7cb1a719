package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cardea/exposure"
	"cardea/exposure/eol"
	"cardea/exposure/kev"
)

type adminIntelExposures struct {
	KEV string   `help:"CISA's catalogue of known exploited vulnerabilities, as JSON." type:"existingfile" placeholder:"FILE"`
	EOL []string `help:"endoflife.date's products, as JSON or as its pages: a file or a folder; repeat." type:"path" placeholder:"PATH"`
	signedWhy
}

// Run is called by kong.
func (c adminIntelExposures) Run(ctx context.Context, top *cli) error {
	facts, err := readExposures(c.KEV, c.EOL)
	if err != nil {
		return err
	}
	if flaws, ends := facts.Len(); flaws+ends == 0 { // a wrong folder: all homes would lose what they have
		return errors.New("nothing was published: there is no vulnerability and no end of life in what was given")
	}
	b, err := facts.MarshalBinary()
	if err != nil {
		return fmt.Errorf("exposures: %w", err)
	}
	return top.Admin.with(ctx, func(a *admin) error {
		to, err := a.publisher("intel-exposures", c.Why)
		if err != nil {
			return err
		}
		version, changed, err := to.PublishData(a.ctx, "exposures", b)
		if err != nil {
			return err
		}
		flaws, ends := facts.Len()
		words := fmt.Sprintf("Version %d says the same already.", version)
		if changed {
			if words, err = a.reaches("exposures", version); err != nil {
				return err
			}
			words += fmt.Sprintf(" It has %d vulnerabilities, %d ends of life; %d bytes.", flaws, ends, len(b))
		}
		return a.print(map[string]any{"version": version, "changed": changed, "vulnerabilities": flaws, "ends_of_life": ends, "bytes": len(b)}, words)
	})
}

// readExposures reads the feeds; both may be left out, but not at once.
func readExposures(kevFile string, eolPaths []string) (*exposure.Facts, error) {
	if kevFile == "" && len(eolPaths) == 0 {
		return nil, errors.New("give --kev, --eol or both")
	}
	var catalog *kev.Catalog
	if kevFile != "" {
		f, err := os.Open(kevFile)
		if err != nil {
			return nil, fmt.Errorf("--kev: %w", err)
		}
		defer f.Close()
		if catalog, err = kev.Read(f); err != nil {
			return nil, fmt.Errorf("--kev %s: %w", kevFile, err)
		}
	}
	var products []eol.Product
	for _, path := range eolPaths {
		list, err := readEnds(path)
		if err != nil {
			return nil, fmt.Errorf("--eol %w", err)
		}
		products = append(products, list...)
	}
	return exposure.Compile(catalog, products), nil
}

// readEnds reads a product's file, or all of a folder.
func readEnds(path string) (out []eol.Product, err error) {
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || p != path && !slices.Contains([]string{".json", ".md"}, filepath.Ext(p)) {
			return err
		}
		f, err := os.Open(p)
		if err != nil {
			return err
		}
		defer f.Close()
		list, err := eol.Read(strings.TrimSuffix(filepath.Base(p), filepath.Ext(p)), f)
		if err != nil {
			return fmt.Errorf("%s: %w", p, err)
		}
		out = append(out, list...)
		return nil
	})
	return out, err
}

type adminIntelModels struct {
	signedWhy
}

// Run is called by kong.
func (c adminIntelModels) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		to, err := a.publisher("intel-models", c.Why)
		if err != nil {
			return err
		}
		r, err := a.rooms.Fleet.LearnTo(a.ctx, to)
		switch {
		case err != nil:
			return err
		case r.Busy:
			return errors.New("another process learns just now")
		}
		words := fmt.Sprintf("%d homes tell of their devices; %d of %d models have enough homes to be learned.", r.Homes, r.Teaching, r.Labels)
		if r.Version > 0 {
			reaches, err := a.reaches("models", r.Version)
			if err != nil {
				return err
			}
			words += " " + reaches
		}
		return a.print(r, words)
	})
}

type adminIntelAgain struct {
	Name    string `arg:"" enum:"models,profiles,exposures" help:"models, profiles or exposures."`
	Version uint64 `arg:"" help:"The version that was good; the last three are kept."`
	signedWhy
}

// Run is called by kong.
func (c adminIntelAgain) Run(ctx context.Context, top *cli) error {
	return top.Admin.with(ctx, func(a *admin) error {
		to, err := a.publisher("intel-again", c.Why)
		if err != nil {
			return err
		}
		now, err := to.Again(a.ctx, c.Name, c.Version)
		if err != nil {
			return err
		}
		reaches, err := a.reaches(c.Name, now)
		if err != nil {
			return err
		}
		return a.print(map[string]uint64{"version": now}, fmt.Sprintf("What version %d says is the newest now. %s", c.Version, reaches))
	})
}
