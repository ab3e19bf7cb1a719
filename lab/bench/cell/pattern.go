package cell

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"strings"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/desired"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// filler fills a cell.
type filler struct {
	*Cell
	rooms *rooms.Rooms
	db    *db.DB
	say   func(f string, a ...any)
}

// Of each hundred homes, these are not fine.
const (
	contained = 7  // a device is shut in
	closedA   = 23 // had an incident
	closedB   = 57
	degraded  = 11
	offlineA  = 3
	offlineB  = 53
	ordered   = 20 // one of that many has blocked an endpoint
)

// Devices is how many devices the nth home has, with its gateway.
func Devices(n int) int { return 4 + n%Patterns%6 }

// patterns makes the first homes as the cloud makes any home.
func (f *filler) patterns(ctx context.Context) error {
	t, err := f.rooms.Accounts.CreateTenant(ctx, "bench", "Made-up homes of a benchmark")
	if err != nil {
		return err
	}
	f.Tenant = t.ID
	if err := f.rooms.Accounts.SaveSharing(ctx, t.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"); err != nil {
		return err
	}
	staff, err := f.rooms.Accounts.AddStaff(ctx, t.ID, "staff@example.net", "Made-up staff", uuid.NewString(), rights.Tier2)
	if err != nil {
		return err
	}
	f.Staff = staff.ID
	for n := range Patterns {
		who, err := f.moveIn(ctx, n)
		if err != nil {
			return fmt.Errorf("pattern %d: %w", n, err)
		}
		f.Patterns = append(f.Patterns, who)
		if err := f.tell(ctx, n); err != nil {
			return fmt.Errorf("pattern %d: %w", n, err)
		}
		if n%ordered == 0 {
			if err := f.order(ctx, n); err != nil {
				return fmt.Errorf("pattern %d: %w", n, err)
			}
		}
	}
	f.say("made %d patterns", Patterns)
	return nil
}

func nameOf(n int) string    { return fmt.Sprintf("Made-up home %d", n) }
func accountOf(n int) string { return fmt.Sprintf("bench-%09d", n) }

// moveIn makes a home, its resident and its gateway.
func (f *filler) moveIn(ctx context.Context, n int) (who person, err error) {
	a := f.rooms.Accounts
	h, err := a.CreateHome(ctx, f.Tenant, nameOf(n), accountOf(n))
	if err != nil {
		return who, err
	}
	p, err := a.AddResident(ctx, f.Tenant, []string{h.ID}, fmt.Sprintf("resident-%09d@example.net", n), "Made-up resident", "")
	if err != nil {
		return who, err
	}
	code, _, err := a.CreateClaim(ctx, h.Place(), "benchmark", false)
	if err != nil {
		return who, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return who, err
	}
	m := &pb.Enrolment{Protocol: wire.Protocol, Version: "0.2.0"}
	if m.Csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key); err != nil {
		return who, err
	}
	if m.Claim, err = wire.ClaimID(code); err != nil {
		return who, err
	}
	mac, err := wire.ClaimKey(code)
	if err != nil {
		return who, err
	}
	wire.SignEnrolment(m, mac)
	r, err := a.Enrol(ctx, m)
	if err != nil {
		return who, err
	}
	return person{Home: h.ID, Gateway: r.GetGateway(), Person: p.ID}, nil
}

// gatewayOf is the nth home's gateway.
func (c *Cell) gatewayOf(n int) home.Place {
	w := c.who(n)
	return home.Place{Tenant: c.Tenant, Home: w.Home, Gateway: w.Gateway}
}

// tell has a home say what it says in three days, as ingest would store it.
func (f *filler) tell(ctx context.Context, n int) error {
	return f.db.Tx(ctx, func(tx *db.Tx) error {
		for ago := 2; ago >= 0; ago-- {
			at := f.Filled.Add(-time.Duration(ago) * 24 * time.Hour)
			b := f.rooms.History.Begin(tx)
			for _, i := range items(n, ago, at) {
				if err := b.Take(f.gatewayOf(n), at, i); err != nil {
					return err
				}
			}
			if err := b.Flush(); err != nil {
				return err
			}
		}
		return nil
	})
}

// makers and kinds of devices; what comes first is the gateway.
var kinds = []struct{ name, vendor string }{{"Gateway", "Cardea"}, {"Camera", "Tapo"}, {"Phone", "Apple"}, {"Television", "Samsung"}, {"Laptop", "Lenovo"},
	{"Plug", "Shelly"}, {"Speaker", "Sonos"}, {"Vacuum cleaner", "Roborock"}, {"Printer", "Brother"}}

// device has the form of the agent's ids, 128 bits in hexadecimal.
func device(n, i int) string {
	return fmt.Sprintf("%016x%016x", mix(uint64(n%Patterns)+1<<32), mix(uint64(i)+1))
}

// items are what a home told some days ago.
func items(n, ago int, at time.Time) (out []*pb.Item) {
	list := &pb.Devices{Whole: true}
	hours := &pb.RollUp{Scheme: home.CollapseScheme}
	firsts := &pb.FirstTimes{Scheme: home.CollapseScheme}
	for i := range Devices(n) {
		id, seed := device(n, i), mix(uint64(n)<<16|uint64(i)<<8|uint64(ago))
		last := at
		if i%3 == 2 {
			last = at.Add(-5 * time.Hour) // it sleeps
		}
		list.Devices = append(list.Devices, &pb.Device{Id: id, Name: kinds[i].name, Vendor: kinds[i].vendor, Gateway: i == 0, Mode: modeOf(n, i),
			Macs:      []string{fmt.Sprintf("02:00:%02x:%02x:%02x:%02x", byte(seed>>24), byte(seed>>16), byte(seed>>8), byte(i))},
			Addresses: []string{fmt.Sprintf("192.168.1.%d", i+1), fmt.Sprintf("fe80::%x", seed>>16)}, First: at.Add(-year).UnixMilli(), Last: last.UnixMilli()})
		for e := range uint64(2) {
			firsts.FirstTimes = append(firsts.FirstTimes, &pb.FirstTime{Device: id, Endpoint: mix(uint64(i)<<8 | e), Week: wire.Week(at)})
		}
		for _, h := range []int{1, 4, 7} {
			d := &pb.DeviceHour{Device: id, Hour: at.Add(-time.Duration(h) * time.Hour).Truncate(time.Hour).UnixMilli(), Unnamed: seed % 5000}
			for e := range uint64(2) {
				up := mix(seed+e) % 100_000
				d.Usage = append(d.Usage, &pb.Usage{Endpoint: mix(uint64(i)<<8 | e), Flows: 1 + up%50, Up: up, Down: 7 * up})
				d.Up, d.Down = d.Up+up, d.Down+7*up
			}
			hours.Hours = append(hours.Hours, d)
		}
	}
	stopped := &pb.Stopped{Trackers: trackers(n)}
	for s := range 2 - min(ago, 2) {
		stopped.Stops = append(stopped.Stops, &pb.Stop{Device: device(n, 3), Endpoint: fmt.Sprintf("ads%d.example.net", s), Class: "ads", Source: "made-up",
			Reason: "It is on a list.", Count: stops, First: at.Add(-time.Minute).UnixMilli(), Last: at.UnixMilli()})
	}
	if ago == 2 {
		out = append(out, &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: firsts}})
	}
	if ago == 0 {
		out = append(out, &pb.Item{Body: &pb.Item_Devices{Devices: list}})
	}
	return append(out, &pb.Item{Body: &pb.Item_RollUp{RollUp: hours}}, &pb.Item{Body: &pb.Item_Stopped{Stopped: stopped}})
}

// stops is how often each refused endpoint was asked for.
const stops = 3

func trackers(n int) uint64 { return uint64(12 + n%Patterns) }

func modeOf(n, i int) string {
	if n%Patterns == contained && i == 1 {
		return string(home.ModeQuarantine)
	}
	return string(home.ModeOff)
}

// order blocks an endpoint and lets the gateway confirm it.
func (f *filler) order(ctx context.Context, n int) error {
	o, err := f.rooms.Desired.Ask(ctx, desired.Order{Place: f.Place(n), Verb: "block", Device: device(n, 1), Endpoint: "tv.example.net", By: "owner",
		Who: f.Resident(n), Why: "made up"})
	if err != nil {
		return err
	}
	return f.db.Tx(ctx, func(tx *db.Tx) error {
		return f.rooms.Desired.Result(tx, f.gatewayOf(n), &pb.OrderResult{Id: o.ID, InForce: true, Done: f.Filled.UnixMilli()})
	})
}

// incidentOf is the case of a home that has or had one.
func incidentOf(n int, now time.Time) (*pb.Incident, *pb.Finding) {
	r := mix(uint64(n) ^ 1<<40)
	id := fmt.Sprintf("%016x%016x", r, mix(r))
	opened := now.Add(-time.Duration(1+r%uint64(20*24)) * time.Hour)
	if n%Patterns == contained {
		opened = now.Add(-time.Duration(5+r%600) * time.Minute)
	}
	ms := opened.UnixMilli()
	c := &pb.Incident{Id: id, Code: code(r), Device: device(n, 1), State: string(home.StateContained), Mode: string(home.ModeQuarantine), Grade: string(home.GradeMAC),
		Opened: ms, Changed: ms + 80, Findings: 1, Symptom: &pb.Symptom{Detector: "scan", Proto: 6, Ports: []uint32{23}},
		History: []*pb.Transition{{Time: ms, To: string(home.StateOpen), By: "agent", Why: "It scanned the internet."},
			{Time: ms + 80, From: string(home.StateOpen), To: string(home.StateContained), Mode: string(home.ModeQuarantine), By: "agent", Why: "Shut in."}}}
	if n%Patterns != contained {
		end := opened.Add(50 * time.Minute).UnixMilli()
		c.State, c.Mode, c.Changed = string(home.StateClosed), string(home.ModeOff), end
		c.History = append(c.History, &pb.Transition{Time: end, From: string(home.StateContained), To: string(home.StateClosed), By: "owner", Why: "It was me."})
	}
	return c, &pb.Finding{Id: strings.Repeat("f", 8) + id[8:], Device: c.Device, Incident: id, Detector: "scan", Strength: "hard", Score: 1,
		Sentence: "It tried to reach 100 addresses by telnet.", Facts: []byte(`{"targets":100}`)}
}

func code(r uint64) string {
	const letters = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
	b := make([]byte, 6)
	for i := range b {
		b[i], r = letters[r%uint64(len(letters))], r/uint64(len(letters))
	}
	return string(b)
}
