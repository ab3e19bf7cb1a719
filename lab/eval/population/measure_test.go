package population

import (
	"encoding/csv"
	"errors"
	"io"
	"maps"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/publicsuffix"

	"cardea/behavior/endpoint"
	"cardea/gateway/capture/file"
	"cardea/gateway/observe"
	"cardea/home"
	"cardea/internal/realdata"
)

// meter takes the figures of one unit.
type meter struct {
	unit func(home.DeviceID) bool
	days map[int64]*dayOf
	day  int64 // what is seen counts for this day; 0: for its own
}

// met is an endpoint of a day.
type met struct {
	bare   bool
	usual  bool // by its port
	domain uint64
}

type dayOf struct {
	ends    map[uint64]met
	flows   uint64
	up      uint64
	hours   map[int]bool
	windows int // contacts: an endpoint in an hour
}

func (m *meter) Observe(*home.Observation) {}

func (m *meter) Contact(c *home.Contact) {
	if !m.unit(c.Device) || c.Local || c.Inbound || c.Lookup || c.Flows == 0 || c.Endpoint.IP.IsMulticast() {
		return
	}
	m.add(&c.Endpoint, c.First, c.Flows, c.Up)
}

func (m *meter) add(e *home.Endpoint, at time.Time, flows, up uint64) {
	n := at.UTC().Unix() / 86400
	if m.day != 0 {
		n = m.day
	}
	d := m.days[n]
	if d == nil {
		d = &dayOf{ends: map[uint64]met{}, hours: map[int]bool{}}
		m.days[n] = d
	}
	c := endpoint.Of(e, false, false)
	d.ends[c.Keys[endpoint.Host]] = met{c.Flags&endpoint.Named == 0, c.Flags&endpoint.Usual != 0, c.Keys[endpoint.Domain]}
	d.flows += flows
	d.up += up
	d.hours[at.UTC().Hour()] = true
	d.windows++
}

func domainOf(name string) string {
	d, err := publicsuffix.EffectiveTLDPlusOne(name)
	if err != nil {
		return ""
	}
	return d
}

// figures sums up: endpoints a day, share of bare ones, new ones a day after the first, flows a contact, hours, bytes.
func (m *meter) figures(unit, source string) Figures {
	f := Figures{Unit: unit, Source: source, Days: len(m.days)}
	known := map[uint64]bool{}
	domains := map[uint64]bool{}
	var ends, bare, fresh, freshBare, kin, odd, later int
	var flows, up uint64
	var windows, hours int
	for i, n := range slices.Sorted(maps.Keys(m.days)) {
		d := m.days[n]
		ends += len(d.ends)
		for k, e := range d.ends {
			if e.bare {
				bare++
			}
			if !known[k] && i > 0 {
				fresh++
				if e.bare {
					freshBare++
				}
				if !e.usual {
					odd++
				}
				if domains[e.domain] {
					kin++
				}
			}
			known[k] = true
		}
		for _, e := range d.ends {
			domains[e.domain] = true
		}
		if i > 0 {
			later++
		}
		flows += d.flows
		up += d.up
		windows += d.windows
		hours += len(d.hours)
	}
	var logs, square float64
	for _, d := range m.days {
		x := math.Log2(1 + float64(d.up))
		logs, square = logs+x, square+x*x
	}
	days := float64(max(len(m.days), 1))
	round := func(x float64) float64 { return math.Round(x*1000) / 1000 }
	f.Ends, f.Bare = round(float64(ends)/days), round(float64(bare)/float64(max(ends, 1)))
	f.New = round(float64(fresh) / float64(max(later, 1)))
	f.NewBare, f.NewKin = round(float64(freshBare)/float64(max(fresh, 1))), round(float64(kin)/float64(max(fresh, 1)))
	f.UpSpread = round(math.Sqrt(max(0, square/days-logs/days*logs/days)))
	f.NewOdd = round(float64(odd) / float64(max(fresh, 1)))
	f.Flows = round(float64(flows) / float64(max(windows, 1)))
	f.Windows = round(float64(windows) / float64(max(ends, 1)))
	f.Hours, f.Up, f.Known = round(float64(hours)/days), math.Round(float64(up)/days), len(known)
	return f
}

// measurePcaps plays a unit's captures, each as a day of its own where there are several.
func measurePcaps(t *testing.T, f *Figures, macs []home.MAC, paths ...string) Figures {
	t.Helper()
	m := &meter{days: map[int64]*dayOf{}}
	for i, path := range paths {
		in, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		m.day = 0
		if len(paths) > 1 {
			m.day = int64(i) + 1
		}
		o := observe.New(observe.Config{Domain: domainOf}, m)
		m.unit = func(id home.DeviceID) bool {
			return slices.ContainsFunc(macs, func(mac home.MAC) bool { return o.Known(mac) == id })
		}
		if _, err := file.Replay(t.Context(), in, o, file.Options{}); err != nil {
			t.Logf("%s: %v", path, err) // what was readable counts
		}
		o.Close()
		in.Close()
	}
	return m.figures(f.Unit, f.Source)
}

func measureZeek(t *testing.T, path string, f *Figures) Figures {
	t.Helper()
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	col := map[string]int{}
	for i, h := range head {
		col[h] = i
	}
	m := &meter{days: map[int64]*dayOf{}}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		far, err := netip.ParseAddr(row[col["id.resp_h"]])
		if err != nil || row[col["id.orig_h"]] != f.MAC || far.IsPrivate() || far.IsMulticast() || far.IsLinkLocalUnicast() || far == netip.MustParseAddr("255.255.255.255") {
			continue
		}
		if row[col["label"]] != "benign" && row[col["label"]] != "Benign" {
			continue
		}
		ts, _ := strconv.ParseFloat(row[col["ts"]], 64)
		port, _ := strconv.Atoi(row[col["id.resp_p"]])
		up, _ := strconv.ParseUint(row[col["orig_bytes"]], 10, 64)
		m.add(&home.Endpoint{IP: far, Port: uint16(port), Proto: row[col["proto"]]}, time.Unix(int64(ts), 0), 1, up)
	}
	return m.figures(f.Unit, f.Source)
}

// TestFiguresAreThoseOfTheCaptures makes the table again.
func TestFiguresAreThoseOfTheCaptures(t *testing.T) {
	dir := realdata.Dir(t)
	for i := range units {
		f := &units[i]
		path := filepath.Join(dir, f.Source)
		var got Figures
		switch {
		case strings.HasSuffix(f.Source, ".csv"):
			got = measureZeek(t, path, f)
		case strings.HasSuffix(f.Source, ".pcap"):
			mac, err := home.ParseMAC(f.MAC)
			if err != nil {
				t.Fatal(err)
			}
			got = measurePcaps(t, f, []home.MAC{mac}, path)
		default:
			b, err := os.ReadFile(filepath.Join(path, "_iotdevice-mac.txt"))
			if err != nil {
				t.Fatal(err)
			}
			mac, err := home.ParseMAC(strings.TrimSpace(string(b)))
			if err != nil {
				t.Fatal(err)
			}
			paths, err := filepath.Glob(filepath.Join(path, "*.pcap"))
			if err != nil || len(paths) < 2 {
				t.Fatalf("%s: %d captures, %v", path, len(paths), err)
			}
			got = measurePcaps(t, f, []home.MAC{mac}, paths...)
		}
		got.MAC, got.Calibrates = f.MAC, f.Calibrates
		if !near(got, *f) {
			t.Errorf("measured now:\n\t%#v\nin the table:\n\t%#v", got, *f)
		}
	}
}

// near allows for what a better reader of the same captures makes of them.
func near(a, b Figures) bool {
	x := []float64{float64(a.Days), float64(a.Known), a.Ends, a.Bare, a.New, a.NewBare, a.NewOdd, a.NewKin, a.Flows, a.Windows, a.Hours, a.Up, a.UpSpread}
	y := []float64{float64(b.Days), float64(b.Known), b.Ends, b.Bare, b.New, b.NewBare, b.NewOdd, b.NewKin, b.Flows, b.Windows, b.Hours, b.Up, b.UpSpread}
	for i := range x {
		if math.Abs(x[i]-y[i]) > 0.03+0.05*math.Abs(y[i]) {
			return false
		}
	}
	return true
}
