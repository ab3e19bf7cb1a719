package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"cardea/gateway"
	"cardea/gateway/control"
	"cardea/gateway/uplink"
	"cardea/gateway/uplink/enroll"
	"cardea/internal/show"
)

type enrollCmd struct {
	asJSON
	Cloud    string `help:"The cloud's address, as https://cloud.example." required:""`
	Config   string `help:"Configuration file of the agent." default:"/etc/cardea/agent.yaml" type:"path"`
	CodeFile string `help:"File with the claim code; without it the code is read from standard input." type:"path"`
	Replace  bool   `help:"Enrol although this gateway belongs to a home already. It forgets what that one was told."`
}

// maxCode bounds what is read as a claim code.
const maxCode = 256

// enrolled is what enroll prints.
type enrolled struct {
	Tenant  string    `json:"tenant"`
	Home    string    `json:"home"`
	Gateway string    `json:"gateway"`
	Until   time.Time `json:"until"`
}

// Run is called by kong. The running agent notices the new identity by itself.
func (c enrollCmd) Run(ctx context.Context) error {
	cfg, err := gateway.LoadConfig(c.Config)
	if err != nil {
		return err
	}
	dir := gateway.IdentityDir(cfg)
	before, err := uplink.LoadIdentity(dir)
	switch {
	case err == nil && !c.Replace:
		return fmt.Errorf("this gateway belongs to home %s already; --replace enrols it anew", before.Place.Home)
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !c.Replace:
		return fmt.Errorf("%w; --replace enrols it anew", err)
	}
	code, err := c.code()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return fmt.Errorf("state folder: %w", err)
	}
	id, err := enroll.Enroll(ctx, c.Cloud, code, version, dir)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(enrolled{id.Place.Tenant, id.Place.Home, id.Place.Gateway, id.Until})
	}
	fmt.Printf("enrolled as gateway %s of home %s, tenant %s\ncertificate until %s; it is renewed by itself\n",
		id.Place.Gateway, id.Place.Home, id.Place.Tenant, id.Until.Local().Format(time.DateTime))
	return nil
}

// code reads the claim code. It is a secret: it stands in no argument list, where others could read it.
func (c enrollCmd) code() (string, error) {
	in := io.Reader(os.Stdin)
	if c.CodeFile != "" {
		f, err := os.Open(c.CodeFile)
		if err != nil {
			return "", fmt.Errorf("claim code: %w", err)
		}
		defer f.Close()
		in = f
	} else if info, err := os.Stdin.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		fmt.Fprint(os.Stderr, "Claim code: ")
		line := make([]byte, maxCode)
		n, err := os.Stdin.Read(line) // a terminal gives a line
		if err != nil {
			return "", fmt.Errorf("claim code: %w", err)
		}
		return strings.TrimSpace(string(line[:n])), nil
	}
	b, err := io.ReadAll(io.LimitReader(in, maxCode))
	if err != nil {
		return "", fmt.Errorf("claim code: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

type looksCmd struct{ asJSON }

// Run is called by kong.
func (c looksCmd) Run(ctx context.Context, all *cli) error {
	list, err := control.Dial(all.Socket).Looks(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(list)
	}
	w := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TIME\tWHO\tASKED FOR\tDEVICE\tREASON\tANSWERED")
	for _, l := range list {
		answered := "yes"
		if l.Refused {
			answered = "no: " + l.Why
		}
		fmt.Fprintf(w, "%s\t%s (%s)\t%s\t%s\t%s\t%s\n", l.Time.Local().Format(time.DateTime), show.Text(l.Who), show.Text(l.Asker),
			show.Text(l.What), show.Text(l.Device), show.Text(l.Reason), show.Text(answered))
	}
	return w.Flush()
}

// printCloud says how things stand with the cloud.
func printCloud(c *control.Cloud) {
	if c == nil {
		fmt.Println("no cloud: enrolled nowhere")
		return
	}
	state := "not connected"
	if c.Connected {
		state = "connected"
	}
	fmt.Printf("cloud: %s since %s, home %s\n", state, c.Since.Local().Format(time.DateTime), c.Place.Home)
	if c.Problem != "" && !c.Connected {
		fmt.Println("!", show.Text(c.Problem))
	}
	fmt.Printf("  %d things not confirmed yet (%d bytes), %d given up; runs version %d of what is wanted\n", c.Items, c.Bytes, c.Dropped, c.Desired)
	for name, v := range c.Bundles {
		fmt.Printf("  %s: version %d\n", show.Text(name), v)
	}
	if !c.Until.IsZero() {
		fmt.Printf("  certificate until %s\n", c.Until.Local().Format(time.DateTime))
	}
}
