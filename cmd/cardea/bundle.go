package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cardea/cloud/rollout"
	"cardea/internal/platform/db"
	"cardea/playbook"
)

// bundleCmd makes, signs and checks what gateways are sent.
type bundleCmd struct {
	Data    string        `help:"The cloud's data folder." default:"/var/lib/cardea-cloud" type:"path"`
	DB      string        `help:"Its database; default: cardea.db in the data folder."`
	JSON    bool          `help:"Print JSON."`
	Build   bundleBuild   `cmd:"" help:"Make a bundle file, not signed: the same contents make the same bytes."`
	Sign    bundleSign    `cmd:"" help:"Sign a bundle file as the next version; without a file only what is due: metadata that gets old, keys that changed."`
	Verify  bundleVerify  `cmd:"" help:"Fetch and check a bundle as a gateway does, from a root of trust; or say whether a bundle file is what was signed."`
	Copy    bundleCopy    `cmd:"" help:"Copy the repository's files into a folder, for verify --folder on another machine."`
	Inspect bundleInspect `cmd:"" help:"Tell what a bundle file holds."`
}

// with opens the cloud's data as admin does.
func (c *bundleCmd) with(ctx context.Context, f func(*admin) error) error {
	door := adminCmd{Data: c.Data, DB: c.DB, JSON: c.JSON, typed: "bundle"}
	return door.with(ctx, f)
}

type bundleBuild struct {
	Name string   `arg:"" enum:"lists,models,exposures,profiles,herd,playbooks,agent" help:"lists, models, exposures, profiles, herd, playbooks or agent."`
	From []string `arg:"" help:"A folder of lists or of playbooks; a file; or the agent's programs, as linux-amd64=FILE." `
	Out  string   `required:"" help:"The bundle file to write." type:"path"`
}

// Run is called by kong.
func (c bundleBuild) Run(ctx context.Context, top *cli) error {
	made := builtFile{}
	if c.Name == "lists" && top.Bundle.hasCloud() {
		if err := top.Bundle.with(ctx, func(a *admin) (err error) {
			made.guard, err = a.rooms.Intel.Check(a.ctx)
			return err
		}); err != nil {
			return err
		}
	}
	size, err := c.build(&made)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	text := []string{fmt.Sprintf("%s: %s, %d bytes.", c.Out, c.Name, size)}
	if r := made.Report; r != nil {
		text = append(text, leftText(r)...)
		if made.guard == nil {
			text = append(text, "Without a cloud's data (--data) nobody's exceptions and nobody's own names were known here: bundle sign leaves out what is excepted, and what healthy devices use.")
		}
	}
	a := admin{json: top.Bundle.JSON}
	return a.print(made, text...)
}

// builtFile is a bundle file, and what became of lists in it.
type builtFile struct {
	rollout.File
	Report  *rollout.Report `json:"lists,omitempty"`
	Guarded bool            `json:"guarded,omitempty"` // exceptions and the cloud's guard were applied; else bundle sign does it

	guard rollout.Guard
}

// hasCloud says whether there is a cloud whose exceptions can be asked for: where --data says, or where a cloud has its data by default.
func (c *bundleCmd) hasCloud() bool {
	_, err := os.Stat(filepath.Join(c.Data, "ca"))
	return err == nil || c.Data != "" && c.Data != serveData
}

func (c bundleBuild) build(made *builtFile) (size int, err error) {
	made.Guarded = made.guard != nil
	parts, err := c.parts(made)
	if err != nil {
		return 0, err
	}
	f := &made.File
	b, err := rollout.Build(c.Name, parts)
	if err != nil {
		return 0, err
	}
	*f, err = rollout.ParseFile(b)
	if err == nil {
		err = f.Usable()
	}
	if err != nil {
		return 0, fmt.Errorf("build %s: %w", c.Name, err)
	}
	return len(b), os.WriteFile(c.Out, b, 0o644) //nolint:gosec // it is for everybody: what is in it is given to every home
}

func (c bundleBuild) parts(made *builtFile) (map[string][]byte, error) {
	out := map[string][]byte{}
	if c.Name != rollout.Agent && len(c.From) != 1 {
		return nil, fmt.Errorf("%s is made of one file or folder", c.Name)
	}
	for _, from := range c.From {
		of, path := c.Name, from
		if c.Name == rollout.Agent {
			platform, file, ok := strings.Cut(from, "=")
			if !ok {
				return nil, fmt.Errorf("%q: want PLATFORM=FILE, as linux-amd64=cardea-agent", from)
			}
			of, path = rollout.Agent+"-"+platform, file
		}
		if c.Name == "lists" {
			text, rep, err := rollout.BuildLists(os.DirFS(path), made.guard)
			if err != nil {
				return nil, fmt.Errorf("lists %s: %w", path, err)
			}
			out[of], made.Report = text, &rep
			continue
		}
		b, err := partOf(c.Name, path)
		if err != nil {
			return nil, err
		}
		if _, twice := out[of]; twice {
			return nil, fmt.Errorf("%s: there is one for this platform already", from)
		}
		if c.Name == rollout.Agent {
			if err := checkProgram(strings.TrimPrefix(of, rollout.Agent+"-"), b); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
		out[of] = b
	}
	return out, nil
}

// partOf reads a file that is a part as it is; a folder of playbooks is made one.
func partOf(name, path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() && name == "playbooks" {
		b, err := playbook.Pack(os.DirFS(path))
		if err != nil {
			return nil, fmt.Errorf("playbooks %s: %w", path, err)
		}
		return b, nil
	}
	if info.Size() > rollout.MaxAgent { // the largest part that there is
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), rollout.MaxAgent)
	}
	return os.ReadFile(path)
}

type bundleSign struct {
	File string `arg:"" optional:"" help:"A bundle file." type:"existingfile"`
	Keys string `help:"A folder that holds root.key, when it is not kept with the cloud's data; a key that is not there is taken from the cloud's." type:"existingdir"`

	Agree bool `help:"Of lists: sign them also where they lost half of the newest ones' entries, or grew tenfold."`
	signedWhy
}

// Help says what happens to lists.
func (bundleSign) Help() string {
	return `Lists are judged once more: what no list may block, and what is excepted (cardea admin intel allow), is left out, counted and
named, and the exceptions go with them. What is signed may so be other than the file.`
}

// Run is called by kong.
func (c bundleSign) Run(ctx context.Context, top *cli) error {
	return top.Bundle.with(ctx, func(a *admin) error {
		r := a.rooms.Rollout
		if c.Keys != "" {
			keys, err := rollout.LoadKeys(filepath.Join(top.Bundle.Data, "bundle-keys"))
			if err == nil {
				keys, err = keys.Over(c.Keys)
			}
			if err != nil {
				return err
			}
			r = r.With(keys)
		}
		if c.File == "" {
			note, err := a.noteAll("bundle-sign", c.Why)
			if err != nil {
				return err
			}
			if err := r.Renew(a.ctx, func(tx *db.Tx) error { return note(tx, "metadata") }); err != nil {
				return err
			}
			return a.print(map[string]any{"signed": true}, "The metadata is up to date.")
		}
		f, err := readBundle(c.File)
		if err != nil {
			return err
		}
		if err := checkPrograms(&f); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
		by, err := a.hand("bundle-sign", c.Why, c.Agree)
		if err != nil {
			return err
		}
		rep, err := r.PublishFileBy(a.ctx, f, by)
		if err != nil {
			return err
		}
		words := fmt.Sprintf("%s is signed as version %d.", f.Name, rep.Version)
		if !rep.Changed {
			words = fmt.Sprintf("Version %d of %s says the same already.", rep.Version, f.Name)
		}
		out := map[string]any{"name": f.Name, "version": rep.Version, "changed": rep.Changed}
		if f.Name == "lists" {
			out["lists"] = rep
		}
		return a.print(out, append([]string{words}, leftText(&rep)...)...)
	})
}

func readBundle(path string) (rollout.File, error) {
	info, err := os.Stat(path)
	if err == nil && info.Size() > rollout.MaxFile {
		err = fmt.Errorf("it has %d bytes", info.Size())
	}
	var b []byte
	if err == nil {
		b, err = os.ReadFile(path)
	}
	var f rollout.File
	if err == nil {
		f, err = rollout.ParseFile(b)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

type bundleInspect struct {
	File string `arg:"" help:"A bundle file." type:"existingfile"`
}

// Run is called by kong.
func (c bundleInspect) Run(top *cli) error {
	f, err := readBundle(c.File)
	if err != nil {
		return fmt.Errorf("bundle: %w", err)
	}
	text := []string{f.Name}
	for _, of := range slices.Sorted(maps.Keys(f.Parts)) {
		p := f.Parts[of]
		text = append(text, fmt.Sprintf("  %s: %d bytes, SHA-256 %s", of, p.Size, p.SHA256))
	}
	return (&admin{json: top.Bundle.JSON}).print(f, text...)
}
