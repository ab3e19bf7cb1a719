package gateway

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"cardea/exposure"
	"cardea/gateway/capture/file"
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
	Malformed uint64  `json:"malformed"`
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
	r.judge = judge.New(judge.Config{Intel: o.Intel, Services: services{}, Headless: r.headless}, r)
	r.observer = observe.New(observe.Config{Home: o.Home, ByAddr: true, Vendor: vendor, Domain: registrable}, r)
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
	var in io.Reader = f
	opts := file.Options{}
	if progress != nil {
		size := int64(0)
		if st, err := f.Stat(); err == nil {
			size = st.Size()
		}
		opts.Progress = func(done int64) { progress(path, done, size) }
	}
	st, err := file.Replay(ctx, in, r.observer, opts)
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

// Contact judges a contact whose window closed.
func (r *replay) Contact(c *home.Contact) {
	r.judge.Contact(c)
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
	if f.ID == "" { // the same file gives the same output: the id is derived, not drawn
		f.ID = string(home.DeviceIDOf(fmt.Sprint("finding ", f.Device, f.Detector, f.Time.UnixNano(), r.sum.Findings)))
	}
	r.put(FindingRecord{"finding", r.file, *f})
}

func (r *replay) put(record any) {
	if r.err == nil {
		r.err = r.emit(record)
	}
}
