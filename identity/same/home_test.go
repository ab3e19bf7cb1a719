package same

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"cardea/home"
)

var t0 = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

// house plays devices to a Linker as the observer would.
type house struct {
	l        *Linker
	now      time.Time
	devices  map[home.MAC]*home.Device
	owner    map[string]home.DeviceID // of a port, as the anchors know it
	standing map[home.DeviceID]Standing
	found    []*home.Finding
	who      home.Identity
}

func newHouse() *house {
	h := &house{now: t0, devices: map[home.MAC]*home.Device{}, owner: map[string]home.DeviceID{}, standing: map[home.DeviceID]Standing{}}
	h.l = New(h.config())
	return h
}

func (h *house) config() Config {
	return Config{Standing: func(id home.DeviceID) Standing { return h.standing[id] }, Find: func(f *home.Finding) { h.found = append(h.found, f) }}
}

func mac(s string) home.MAC {
	m, err := home.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

// thing is a device that a test plays.
type thing struct {
	mac    home.MAC
	port   string
	addr   string
	name   string
	client []byte
	params []byte
	vendor string
	asks   []string
	syn    *home.SYN
	ja4    string
	inner  home.MAC // the address in its DHCP messages, when it is behind a repeater
}

func (h *house) device(m home.MAC, addr string) *home.Device {
	d := h.devices[m]
	if d == nil {
		d = &home.Device{ID: home.DeviceIDOf(m.String()), MAC: m, MACs: []home.MAC{m}}
		h.devices[m] = d
	}
	d.MAC = m
	if a, err := netip.ParseAddr(addr); err == nil && !slices.Contains(d.Addresses, a) {
		d.Addresses = append(d.Addresses, a)
	}
	return d
}

func (h *house) tell(x thing, e home.Event) {
	e.Time, e.Source, e.Port = h.now, x.mac, x.port
	d := h.device(x.mac, x.addr)
	o := home.Observation{Event: &e, Device: d, Proven: true, Direction: home.Local}
	if d.Port == "" {
		d.Port = x.port
	}
	if d.Port != x.port { // as the pipeline proves: by its port
		o.Proven = false
		for _, other := range h.devices {
			if other.ID == h.owner[x.port] {
				o.Device, o.Proven = other, true
			}
		}
	}
	h.l.Observe(&o, h.who)
}

func (h *house) dhcp(x thing) {
	client := x.mac
	if !x.inner.IsZero() {
		client = x.inner
	}
	addr, _ := netip.ParseAddr(x.addr)
	for _, op := range []uint8{1, 3} {
		h.tell(x, home.Event{Kind: home.EventLease, Lease: &home.Lease{Op: op, Client: client, ClientID: x.client, Addr: addr, Hostname: x.name, Vendor: x.vendor, Params: x.params}})
	}
}

func (h *house) ask(x thing) {
	for _, n := range x.asks {
		h.tell(x, home.Event{Kind: home.EventLookup, Lookup: &home.Lookup{Question: n}})
	}
}

func (h *house) connect(x thing) {
	h.tell(x, home.Event{Kind: home.EventFlow, Flow: &home.Flow{State: home.FlowNew, Proto: home.ProtoTCP,
		Src: netip.AddrPortFrom(netip.MustParseAddr(x.addr), 4000), Dst: netip.MustParseAddrPort("198.51.100.7:443"), SYN: x.syn}})
	if x.ja4 != "" {
		h.tell(x, home.Event{Kind: home.EventName, Name: &home.Name{JA4: x.ja4}})
	}
}

// life lets things live side by side for a while.
func (h *house) life(d time.Duration, list ...thing) {
	for _, x := range list {
		h.dhcp(x)
	}
	for end := h.now.Add(d); h.now.Before(end); h.now = h.now.Add(10 * time.Second) {
		for _, x := range list {
			h.connect(x)
			h.ask(x)
		}
	}
}

// pass lets time pass in silence.
func (h *house) pass(d time.Duration) {
	for end := h.now.Add(d); h.now.Before(end); h.now = h.now.Add(10 * time.Second) {
		h.l.Observe(&home.Observation{Event: &home.Event{Kind: home.EventTick, Time: h.now}}, home.Identity{})
	}
}

func (h *house) want(t *testing.T, detectors ...home.Detector) {
	t.Helper()
	var got []home.Detector
	for _, f := range h.found {
		got = append(got, f.Detector)
		if f.Strength != home.Soft || f.Sentence == "" || f.Time.IsZero() || f.ID == "" || f.Device == "" || f.MAC.IsZero() || f.Symptom.Detector != f.Detector {
			t.Errorf("not a whole finding: %+v", f)
		}
	}
	if !slices.Equal(got, detectors) {
		t.Errorf("found %v, want %v", got, detectors)
	}
}

var (
	android  = []byte{1, 3, 6, 15, 26, 28, 51, 58, 59, 43}
	windows  = []byte{1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252}
	busybox  = []byte{1, 3, 6, 12, 15, 28, 42}
	phoneSYN = &home.SYN{Hops: 64, MSS: 1460, Options: "MSTNW"}
	winSYN   = &home.SYN{Hops: 128, MSS: 1460, Options: "MNWNNS"}
	duid     = []byte{0xff, 1, 2, 3, 4, 0, 4, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 9, 8, 7, 6, 5, 4}
	phone    = thing{mac: mac("02:00:00:00:00:01"), port: "lan1", addr: "192.168.1.30", name: "annas-phone", client: duid, params: android,
		vendor: "android-dhcp-14", asks: []string{"mail.example", "chat.example", "news.example", "bank.example", "push.example"},
		syn: phoneSYN, ja4: "t13d1516h2_8daaf6152771_b186095e22b6"}
	laptop = thing{mac: mac("a4:c3:f0:00:00:02"), port: "lan2", addr: "192.168.1.31", name: "office-laptop", params: windows, vendor: "MSFT 5.0",
		asks: []string{"office.example", "sync.example", "login.example", "update.example"}, syn: winSYN}
)

func again(x thing, m, addr string) thing {
	x.mac, x.addr = mac(m), addr
	return x
}
