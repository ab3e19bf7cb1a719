package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"

	"cardea/gateway"
	"cardea/gateway/lists"
	"cardea/identity"
	"cardea/intel/network/data"
	"cardea/internal/show"

	"golang.org/x/term"
)

type replayCmd struct {
	JSON     bool     `help:"Print NDJSON: finding, contact and device objects, then a summary."`
	Profiles string   `help:"What is normal for which device: a file of learn --out or of a cloud." type:"path" placeholder:"FILE"`
	Intel    string   `help:"Folder (or file) of indicator lists." type:"path" placeholder:"DIR"`
	Models   string   `help:"What was learned of who devices are: a file of eval identify --out or of a cloud." type:"existingfile" placeholder:"FILE"`
	KEV      string   `help:"CISA's catalogue of known exploited vulnerabilities, as JSON." type:"existingfile" placeholder:"FILE"`
	EOL      []string `help:"endoflife.date's products, as JSON or as its pages: a file or a folder; repeat." type:"path" placeholder:"PATH"`
	Home     []string `help:"The home's own addresses; default: private and link-local ones." placeholder:"CIDR"`
	Files    []string `arg:"" name:"file" help:"Capture files: pcap, pcapng or Zeek's conn.log (as it is, labelled, as CSV or JSON), also gzipped; replayed in order as one home." type:"path"`
}

// Help explains the output.
func (replayCmd) Help() string {
	return `With --json each line is an object with a kind:
  finding  evidence that a device misbehaves: detector, sentence, facts, and the frame (of a log the line) at which it was raised
  contact  a device's dealings with one endpoint in one hour: flows, bytes, whether that is usual for the device and for its model,
           the service and the list that it is on where they are known, the verdict and its reason
  device   a device with its addresses and names, who it is (model, vendor, class, confidence, evidence) and how it is exposed
  summary  the last line: what was read; seconds is the span of the files' own time
A conn.log holds neither names nor Ethernet addresses: devices are known by their addresses, and every contact is judged as one
without a name. Replayed after packets it tells of those devices only whose addresses the packets showed. Lines that make no sense
are counted as malformed. A broken file is judged as far as it can be read; then the exit status is 1.`
}

// Run is called by kong.
func (c replayCmd) Run(ctx context.Context) error {
	var opts gateway.ReplayOptions
	for _, s := range c.Home {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("--home %s: want a prefix as 192.168.1.0/24", s)
		}
		opts.Home = append(opts.Home, p.Masked())
	}
	if c.Intel != "" {
		set, _, err := lists.Load(c.Intel)
		if err != nil {
			return fmt.Errorf("--intel: %w", err)
		}
		opts.Intel = set
	}
	if err := c.known(&opts); err != nil {
		return err
	}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		opts.Progress = progress()
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<16)
	emit := replayText(out)
	if c.JSON {
		enc := json.NewEncoder(out)
		enc.SetEscapeHTML(false)
		emit = func(v any) error { return enc.Encode(v) }
	}
	err := gateway.Replay(ctx, c.Files, opts, emit)
	if opts.Progress != nil {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if ferr := out.Flush(); err == nil && ferr != nil {
		err = fmt.Errorf("write results: %w", ferr)
	}
	return err
}

// known reads the tables that tell who devices are and how exposed.
func (c replayCmd) known(opts *gateway.ReplayOptions) (err error) {
	opts.Networks = func(a netip.Addr) (uint32, string, string) {
		networks, _ := data.Default() // read at the first question; built without it large operators are known still
		n, _ := networks.Of(a)
		return n.ASN, n.Operator, n.Country
	}
	if c.Profiles != "" {
		if opts.Profiles, err = readProfiles(c.Profiles); err != nil {
			return fmt.Errorf("--profiles %w", err)
		}
	}
	if c.Models != "" {
		b, err := os.ReadFile(c.Models)
		if err == nil {
			opts.Model, err = identity.ParseModel(b)
		}
		if err != nil {
			return fmt.Errorf("--models %s: %w", c.Models, err)
		}
	}
	if c.KEV != "" || len(c.EOL) > 0 {
		opts.Exposures, err = readExposures(c.KEV, c.EOL)
		return err
	}
	return nil
}

// progress draws one line on a terminal, ten times a second at most.
func progress() func(string, int64, int64) {
	var last time.Time
	return func(file string, done, size int64) {
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond && size > 0 {
			last = now
			fmt.Fprintf(os.Stderr, "\r\x1b[K%3d %% of %s", min(100, done*100/size), show.Cut(file[strings.LastIndexByte(file, '/')+1:], 60))
		}
	}
}
