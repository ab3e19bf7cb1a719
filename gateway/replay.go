package gateway

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"slices"
	"time"

	"cardea/behavior"
	"cardea/behavior/profile"
	"cardea/behavior/usual"
	"cardea/exposure"
	"cardea/gateway/capture/file"
	"cardea/gateway/capture/zeek"
	"cardea/gateway/judge"
	"cardea/gateway/observe"
	"cardea/home"
	"cardea/identity"
	"cardea/identity/same"
)

// ReplayOptions say how capture files are judged. The zero value is fit for use.
type ReplayOptions struct {
	Home      []netip.Prefix  // the home's own addresses; nil: private and link-local ones
	Intel     judge.Intel     // nil: none
	Profiles  *profile.Set    // what is normal for which device; nil: nothing is known
	Model     *identity.Model // what was learned of who devices are; nil: the rules alone
	Networks  Networks        // nil: whose network an address is stays unknown
	Exposures *exposure.Facts // known vulnerabilities and ends of life; nil: none
	Progress  func(file string, done, size int64)
}

// Networks tells whose network an address of the internet is; 0 and "" for what is not known.
type Networks func(netip.Addr) (asn uint32, operator, country string)

// Records of a replay, in the order in which they come: findings and contacts as they arise, then the devices, then one
// summary. Kind is "finding", "contact", "device" or "summary".
type (
	FindingRecord struct {
		Kind string `json:"kind"`
		File string `json:"file,omitempty"` // only where several files are replayed
		home.Finding
		Log bool `json:"-"` // the file is a log: Frame is the number of a line
	}
	ContactRecord struct {
		Kind string `json:"kind"`
		home.Contact
	}
	DeviceRecord struct {
		Kind string `json:"kind"`
		home.Device
		Exposures []home.Exposure `json:"exposures"`
	}
)

// Summary is a replay's last record.
type Summary struct {
	Kind      string  `json:"kind"`
	Packets   uint64  `json:"packets"`
	Bytes     uint64  `json:"bytes"` // on the wire
	Truncated uint64  `json:"truncated"`
	Malformed uint64  `json:"malformed"`       // packets, and lines of logs, that make no sense
	Lines     uint64  `json:"lines,omitempty"` // of logs of connections; their packets are counted above
	Devices   int     `json:"devices"`
	Contacts  uint64  `json:"contacts"`
	Findings  uint64  `json:"findings"`
	Seconds   float64 `json:"seconds"` // from the first packet to the last, in the files' own time
	Error     string  `json:"error,omitempty"`
}

// replay is one run: observer and judge, and where the records go.
type replay struct {
	observer *observe.Observer
	judge    *judge.Judge
	who      *who
	looked   time.Time // when it was last worked out who is who
	networks Networks  // nil: none
	emit     func(any) error
	file     string    // "" when there is only one
	log      bool      // the file is a log of connections
	last     time.Time // of the latest packet
	sum      Summary
	err      error // the first of emit; nothing is emitted after it
}

// Replay judges capture files as the agent judges a home: one after the other, as one home. It hands each record to
// emit, the Summary last, also when a file turns out to be broken; that is the error then.
func Replay(ctx context.Context, files []string, o ReplayOptions, emit func(any) error) error {
	r := &replay{emit: emit, networks: o.Networks, sum: Summary{Kind: "summary"}}
	r.who = newWho(same.Config{Find: r.Find}, nil)
	r.who.book.Set(o.Model)
	r.who.exposed.SetFacts(o.Exposures)
	r.judge = judge.New(judge.Config{Behavior: behavior.Config{Usual: r.usual(o.Profiles)}, Intel: o.Intel, Services: services{}, Headless: r.headless}, r)
	r.observer = observe.New(observe.Config{Home: atHome(ctx, files, o.Home), ByAddr: true, Vendor: vendor, Domain: registrable}, r)
	var broken error
	for _, path := range files {
		if len(files) > 1 {
			r.file = path
		}
		if broken = r.play(ctx, path, o.Progress); broken != nil || r.err != nil {
			break
		}
	}
	r.identify()
	r.observer.Close()
	for _, d := range r.observer.Devices() {
		r.sum.Devices++
		r.put(DeviceRecord{"device", d, r.exposures(&d)})
	}
	if broken != nil {
		r.sum.Error = broken.Error()
	}
	r.put(r.sum)
	if r.err != nil {
		return fmt.Errorf("write results: %w", r.err)
	}
	return broken
}

func (r *replay) play(ctx context.Context, path string, progress func(string, int64, int64)) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open capture: %w", err)
	}
	defer f.Close()
	var done func(int64)
	if progress != nil {
		size := int64(0)
		if st, err := f.Stat(); err == nil {
			size = st.Size()
		}
		done = func(n int64) { progress(path, n, size) }
	}
	in := bufio.NewReaderSize(f, zeek.Sniff)
	prefix, _ := in.Peek(zeek.Sniff) // what cannot be read is told by who reads on
	r.log = zeek.Kind(prefix) != ""
	var st file.Stats
	if r.log {
		st, err = r.readLog(ctx, in, done)
	} else {
		st, err = file.Replay(ctx, in, r.observer, file.Options{Progress: done})
	}
	r.sum.Packets += st.Packets
	r.sum.Bytes += st.Bytes
	if st.Last.After(r.last) {
		r.last = st.Last
	}
	r.sum.Truncated += st.Truncated
	r.sum.Malformed += st.Malformed
	if d := st.Last.Sub(st.First); d > 0 {
		r.sum.Seconds += d.Round(time.Microsecond).Seconds()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readLog plays a log of connections, and tells what was in it as of a capture of packets.
func (r *replay) readLog(ctx context.Context, in io.Reader, done func(int64)) (file.Stats, error) {
	st, err := zeek.Replay(ctx, in, r.observer, zeek.Options{Progress: done})
	r.sum.Lines += st.Rows + st.Other
	return file.Stats{Packets: st.Packets, Bytes: st.Bytes, Malformed: st.Bad, First: st.First, Last: st.Last}, err
}

// atHome are the home's addresses: those that are given, else what logs among the files call local. Nil: private ones.
func atHome(ctx context.Context, files []string, given []netip.Prefix) (list []netip.Prefix) {
	if given != nil {
		return given
	}
	for _, path := range files {
		for _, p := range calledLocal(ctx, path) {
			if !slices.Contains(list, p) {
				list = append(list, p)
			}
		}
	}
	return list
}

// calledLocal are the addresses that one file calls local, if it is a log. What cannot be read is told when it is played.
func calledLocal(ctx context.Context, path string) []netip.Prefix {
	if st, err := os.Stat(path); err != nil || !st.Mode().IsRegular() {
		return nil // a pipe can be read only once
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, zeek.Sniff)
	if prefix, _ := in.Peek(zeek.Sniff); !zeek.Is(prefix) {
		return nil
	}
	list, err := zeek.Home(ctx, in)
	if err != nil {
		return nil
	}
	return list
}

// Observe, Contact and Find are the pipeline of a replay.
func (r *replay) Observe(o *home.Observation) {
	r.who.observe(o)
	if o.Kind == home.EventTick && o.Time.Sub(r.looked) >= time.Second {
		r.looked = o.Time
		r.identify()
	}
	r.judge.Observe(o)
}

func (r *replay) identify() { r.who.identify(r.observer.Identify, r.Find) }

func (r *replay) headless(id home.DeviceID) bool {
	return headless[r.who.book.Strictest(id, r.looked)]
}

// exposures is never nil: programs read it.
func (r *replay) exposures(d *home.Device) []home.Exposure {
	return append([]home.Exposure{}, r.who.exposed.List(d.ID, d.Identity, r.last)...)
}

// usual ties what is usual to the replay: whose level a device is of goes by who it is taken for, which the observer is told. Hours of
// the day are UTC's: a capture does not tell where it was made.
func (r *replay) usual(set *profile.Set) usual.Config {
	return usual.Config{
		Profiles: func() *profile.Set { return set },
		Class:    func(d *home.Device) home.DeviceClass { return r.who.book.Strictest(d.ID, r.looked) },
		Domain:   registrable,
		Network: func(a netip.Addr) uint32 {
			if r.networks == nil {
				return 0
			}
			n, _, _ := r.networks(a)
			return n
		},
	}
}

// Contact judges a contact whose window closed.
func (r *replay) Contact(c *home.Contact) {
	r.judge.Closed(c)
	r.sum.Contacts++
	out := ContactRecord{"contact", *c}
	if e := &out.Endpoint; r.networks != nil && !c.Local && !c.Lookup {
		e.ASN, e.Network, e.Country = r.networks(e.IP)
	}
	r.put(out)
}

// Find takes a finding of the judge.
func (r *replay) Find(f *home.Finding) {
	r.sum.Findings++
	r.judge.Card(f, slices.Values(r.contacts(f.Device)))
	if f.ID == "" { // the same file gives the same output: the id is derived, not drawn
		f.ID = string(home.DeviceIDOf(fmt.Sprint("finding ", f.Device, f.Detector, f.Time.UnixNano(), r.sum.Findings)))
	}
	r.put(FindingRecord{"finding", r.file, *f, r.log})
}

// contacts are what a device has been doing in the hour that is open, in an order that is the same each time.
func (r *replay) contacts(id home.DeviceID) (list []home.Contact) {
	r.observer.Contacts(id, func(c home.Contact) bool {
		list = append(list, c)
		return true
	})
	slices.SortFunc(list, func(a, b home.Contact) int {
		x, y := &a.Endpoint, &b.Endpoint
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(x.Name, y.Name), x.IP.Compare(y.IP), cmp.Compare(x.Port, y.Port), cmp.Compare(x.Proto, y.Proto))
	})
	return list
}

func (r *replay) put(record any) {
	if r.err == nil {
		r.err = r.emit(record)
	}
}
