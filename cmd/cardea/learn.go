package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/identity"
	"cardea/internal/show"
	"cardea/lab/eval/units"

	"golang.org/x/term"
)

type learnCmd struct {
	Out    string   `required:"" help:"Write the profiles to this file, for replay --profiles." type:"path" placeholder:"FILE"`
	Merge  []string `help:"Add what an earlier learn --counts wrote; repeat." type:"existingfile" placeholder:"FILE"`
	Counts string   `help:"Write what was counted to this file as well, for a later --merge." type:"path" placeholder:"FILE"`
	Models string   `help:"What was learned of who devices are: a file of eval identify --out or of a cloud." type:"existingfile" placeholder:"FILE"`
	Home   []string `help:"The homes' own addresses; default: private and link-local ones." placeholder:"CIDR"`
	Intel  string   `help:"Folder (or file) of indicator lists: homes in which a device surely deals with listed malware teach nothing." type:"path" placeholder:"DIR"`
	All    bool     `name:"despite-findings" help:"Learn from homes, too, in which a device surely misbehaves."`
	JSON   bool     `help:"Print one JSON object: units, levels, refused, problems."`
	Files  []string `arg:"" name:"capture" help:"Capture files (pcap, pcapng, Zeek's conn.log, also gzipped), or folders of them." type:"path"`
}

// Help explains what is learned.
func (learnCmd) Help() string {
	return `Each capture is a unit, which counts as one home; captures that show the same device (by its Ethernet address) are one unit. Those
without Ethernet addresses, as Zeek's logs, are one unit with what they are copies or excerpts of (the same flows at the same times),
be it another log or the packets that it was made of, or when their folder has a file _one-home.txt; private addresses say nothing.
What units' devices use is counted by class, vendor and model, one home one vote. Rows of a log that its labels call part of an attack,
or by a word that is not known, are left out and counted. Units in which the gateway's own detectors find a device that surely
misbehaves (scans, floods, forged addresses, password guessing; with --intel listed malware) teach nothing, as such homes do not in a
fleet: which, by which file, device and finding, is told on standard error and under "refused", and is no failure. Infections that
only call home are not told so, and are learned. --despite-findings learns from all.
The same captures give the same file, in whatever order they are named. A capture that cannot be read does not keep the others from
being learned: it is told, and the exit status is 1. Where nothing could be learned at all the exit status is 1 and no file is
written; a wrong command line is 2. docs/detection.md says what is done with it.`
}

// learned is what is printed.
type learned struct {
	Units    []learnedUnit    `json:"units"`
	Levels   []learnedLevel   `json:"levels"`
	Days     int              `json:"device_days"`
	Bytes    int              `json:"bytes"` // of the profiles
	Left     learnedLeft      `json:"left_out"`
	Refused  []refusedUnit    `json:"refused"`
	Problems []learnedProblem `json:"problems"`
}

// learnedLeft is what labels kept from being learned.
type learnedLeft struct {
	Malicious int      `json:"malicious_rows"`
	Unknown   int      `json:"unknown_rows"` // with a label that is no known word
	Words     []string `json:"unknown_words"`
}

func leftOf(l units.Left) learnedLeft {
	return learnedLeft{l.Malicious, l.Unknown, append([]string{}, l.Words...)}
}

type learnedUnit struct {
	Name    string          `json:"name"`
	Files   int             `json:"files"`
	Packets uint64          `json:"packets"`
	Left    learnedLeft     `json:"left_out"`
	Devices []learnedDevice `json:"devices"`
}

type learnedDevice struct {
	ID         home.DeviceID    `json:"id"`
	MAC        home.MAC         `json:"mac"`
	Model      string           `json:"model"`
	Vendor     string           `json:"vendor"`
	Class      home.DeviceClass `json:"class"`
	Confidence float64          `json:"confidence"`
	Days       int              `json:"days"`
	Flows      uint64           `json:"flows"`
}

type learnedLevel struct {
	Name      string           `json:"name"`
	Class     home.DeviceClass `json:"class"`
	Vendor    string           `json:"vendor"`
	Model     string           `json:"model"`
	Homes     int              `json:"homes"` // units of these captures; not those of --merge
	Days      int              `json:"device_days"`
	Endpoints int              `json:"endpoints"`
}

type learnedProblem struct {
	File  string `json:"file"`
	Error string `json:"error"`
	Part  bool   `json:"part"` // what could be read of it was learned from
}

// Run is called by kong.
func (c learnCmd) Run(ctx context.Context) error {
	o, err := c.options()
	if err != nil {
		return fmt.Errorf("learn: %w", err)
	}
	counts := profile.NewCounts()
	for _, path := range slices.Sorted(slices.Values(c.Merge)) {
		more, err := readCounts(path)
		if err != nil {
			return fmt.Errorf("--merge %w", err)
		}
		counts.Merge(more)
	}
	o.Benign = true
	list, problems, err := units.Read(ctx, c.Files, o)
	if err != nil {
		return fmt.Errorf("learn: %w", err)
	}
	list, refused, err := c.healthy(ctx, list)
	var out *learned
	if err == nil {
		out, err = learn(ctx, list, counts)
	}
	if o.Progress != nil {
		fmt.Fprint(os.Stderr, "\r\x1b[K")
	}
	if err != nil {
		return fmt.Errorf("learn: %w", err)
	}
	out.Refused = refused
	tellRefused(refused)
	for _, p := range problems {
		out.Problems = append(out.Problems, learnedProblem{p.File, p.Err.Error(), p.Part})
	}
	if err := c.keep(counts, out); err != nil {
		return err
	}
	for _, p := range out.Problems {
		if !strings.Contains(p.Error, p.File) {
			p.Error = p.File + ": " + p.Error
		}
		fmt.Fprintf(os.Stderr, "cardea: %s\n", show.Text(p.Error))
	}
	if len(out.Problems) > 0 {
		return errSilent
	}
	return nil
}

// keep writes and prints what was learned. Where nothing was, no file is touched: an empty one would replace a good one.
func (c learnCmd) keep(counts *profile.Counts, out *learned) error {
	if len(out.Levels) > 0 {
		if err := c.write(counts, out); err != nil {
			return err
		}
		return c.print(out)
	}
	if c.JSON {
		if err := c.print(out); err != nil {
			return err
		}
	}
	why := "no captures in what was given"
	switch {
	case len(out.Units) > 0:
		why = "no device in what was given began anything"
	case len(out.Refused) > 0:
		why = "in all homes that were given a device surely misbehaves"
	case len(out.Problems) > 0:
		p := out.Problems[0]
		why = "nothing that was given could be used: " + p.File + ": " + strings.TrimPrefix(p.Error, p.File+": ")
		if n := len(out.Problems) - 1; n > 0 {
			why += fmt.Sprintf("; and %d more", n)
		}
	}
	return fmt.Errorf("learn: %s: nothing was learned, and %s was not written", why, c.Out)
}

func (c learnCmd) options() (o units.Options, err error) {
	for _, s := range c.Home {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return o, fmt.Errorf("--home %s: want a prefix as 192.168.1.0/24", s)
		}
		o.Home = append(o.Home, p.Masked())
	}
	if c.Models != "" {
		b, err := os.ReadFile(c.Models)
		if err == nil {
			o.Model, err = identity.ParseModel(b)
		}
		if err != nil {
			return o, fmt.Errorf("--models %s: %w", c.Models, err)
		}
	}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		o.Progress = func(file string, done, of int) {
			fmt.Fprintf(os.Stderr, "\r\x1b[K%d of %d: %s", done+1, of, show.Cut(filepath.Base(file), 60))
		}
	}
	return o, nil
}

// learn counts what units do.
func learn(ctx context.Context, list []*units.Unit, counts *profile.Counts) (*learned, error) {
	out := &learned{Units: []learnedUnit{}, Levels: []learnedLevel{}, Refused: []refusedUnit{}, Problems: []learnedProblem{}}
	levels := map[profile.Level]*learnedLevel{}
	ends := map[profile.Level]map[uint64]bool{}
	var left units.Left
	for _, u := range list {
		left.Add(u.Left)
		uses, err := units.Uses(ctx, u, units.UseOptions{Watched: true})
		if err != nil {
			return nil, err
		}
		uses = units.Compact(uses)
		seen := map[profile.Level]bool{}
		for i := range uses {
			use := &uses[i]
			counts.Add(use)
			l := levels[use.Level]
			if l == nil {
				l = &learnedLevel{Name: use.Level.String(), Class: use.Level.Class, Vendor: use.Level.Vendor, Model: use.Level.Model}
				levels[use.Level], ends[use.Level] = l, map[uint64]bool{}
			}
			if !seen[use.Level] {
				seen[use.Level] = true
				l.Homes++
			}
			l.Days += int(use.Active)
			for _, e := range use.Ends {
				ends[use.Level][e.Chain.Keys[0]] = true
			}
		}
		out.Units = append(out.Units, unitOf(u))
		out.Days += u.DeviceDays()
	}
	for level, l := range levels {
		l.Endpoints = len(ends[level])
		out.Levels = append(out.Levels, *l)
	}
	out.Left = leftOf(left)
	slices.SortFunc(out.Levels, func(a, b learnedLevel) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Vendor, b.Vendor), cmp.Compare(a.Model, b.Model))
	})
	return out, nil
}

func unitOf(u *units.Unit) learnedUnit {
	l := learnedUnit{Name: u.Name, Files: len(u.Files), Packets: u.Packets, Left: leftOf(u.Left), Devices: []learnedDevice{}}
	for i := range u.Devices {
		d := &u.Devices[i]
		l.Devices = append(l.Devices, learnedDevice{d.ID, d.MAC, d.Model, d.Vendor, d.Class, d.Confidence, len(d.Days), d.Flows})
	}
	return l
}

// write writes the profiles, and the counts where they are wanted.
func (c learnCmd) write(counts *profile.Counts, out *learned) error {
	// The homes are the caller's own captures: nobody is hidden among twenty, and what one of them does is normal.
	b, err := counts.Build(units.OwnHomes()).MarshalBinary()
	if err == nil {
		out.Bytes = len(b)
		err = os.WriteFile(c.Out, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if c.Counts == "" {
		return nil
	}
	if b, err = counts.MarshalBinary(); err == nil {
		err = os.WriteFile(c.Counts, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("--counts: %w", err)
	}
	return nil
}

func (c learnCmd) print(out *learned) error {
	w := bufio.NewWriter(os.Stdout)
	if c.JSON {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(out); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
		return w.Flush()
	}
	t := tabwriter.NewWriter(w, 2, 8, 2, ' ', 0)
	for _, u := range out.Units {
		fmt.Fprintf(t, "%s\t%s\t%s\n", show.Text(u.Name), count(uint64(u.Files), "file"), count(u.Packets, "packet"))
		for _, d := range u.Devices {
			who := cmp.Or(d.Model, d.Vendor, string(d.Class), "not known")
			fmt.Fprintf(t, "    %s\t%s\t%s, %s\n", d.MAC, show.Text(who), count(uint64(d.Days), "day"), count(d.Flows, "flow"))
		}
	}
	fmt.Fprintln(t)
	for _, l := range out.Levels {
		fmt.Fprintf(t, "%s\t%s\t%s, %s\n", show.Text(l.Name), count(uint64(l.Homes), "unit"), count(uint64(l.Days), "day"), count(uint64(l.Endpoints), "endpoint"))
	}
	_ = t.Flush() // into w, which keeps its error for its own Flush
	fmt.Fprintf(w, "\n%s of %s, %s: %d bytes in %s\n", count(uint64(out.Days), "device-day"), count(uint64(len(out.Units)), "unit"),
		count(uint64(len(out.Levels)), "level"), out.Bytes, show.Text(c.Out))
	left := units.Left{Malicious: out.Left.Malicious, Unknown: out.Left.Unknown, Words: out.Left.Words}
	if left.Any() {
		fmt.Fprintf(w, "not learned from: %s\n", show.Text(left.String()))
	}
	if n := len(out.Refused); n > 0 {
		fmt.Fprintf(w, "not learned from: %s in which a device surely misbehaves\n", count(uint64(n), "unit"))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

func readCounts(path string) (*profile.Counts, error) {
	b, err := readBounded(path, profile.MaxCounts)
	if err != nil {
		return nil, err
	}
	c, err := profile.ParseCounts(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, nil
}

// readProfiles reads a bundle of profiles.
func readProfiles(path string) (*profile.Set, error) {
	b, err := readBounded(path, profile.MaxSet)
	if err != nil {
		return nil, err
	}
	s, err := profile.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// readBounded reads a file of at most so many bytes.
func readBounded(path string, most int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", path, err)
	case len(b) > most:
		return nil, fmt.Errorf("%s: more than %d bytes", path, most)
	}
	return b, nil
}
