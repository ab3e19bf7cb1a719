package browser_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// house is a running cloud, all of it in one process, with a home in which nobody lives yet. Its gateway has joined and told of it.
type house struct {
	dir        string // what the cloud keeps
	app, label string // where the app is, and the code on the gateway's label
	post       *office
	cloud      *os.Process
	end        func()
	incident   string // a case that is open, and its code for the phone
	code       string
}

// aHouse makes one. People reach it by the name localhost: a passkey is for a name, and a browser trusts this one without TLS.
func aHouse(t *testing.T, before ...func(*rooms.Rooms, home.Place)) *house {
	t.Helper()
	dir, web, broker, ctx := t.TempDir(), freeport.Must(t), freeport.Must(t), t.Context()
	_, port, err := net.SplitHostPort(web)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{dir: dir, app: "http://localhost:" + port, post: openOffice(t), incident: uuid.Must(uuid.NewV7()).String(), code: "K7QM"}
	cfg := cloud.Config{Data: dir, HTTP: []string{web}, Public: h.app, Listen: broker, Advertise: []string{broker}}
	rooms := got(cloud.Open(ctx, cfg))(t)
	defer func() {
		if err := rooms.Close(); err != nil {
			t.Error(err)
		}
	}()
	a := rooms.Accounts
	tenant := got(a.CreateTenant(ctx, "example", "Example Net"))(t)
	p := got(a.CreateHome(ctx, tenant.ID, "Hill Road 2", "100-4711"))(t).Place()
	claim, _, err := a.CreateClaim(ctx, p, "admin", false)
	if err != nil {
		t.Fatal(err)
	}
	p.Gateway = got(a.Enrol(ctx, enrolment(t, claim)))(t).GetGateway()
	if _, h.label, err = a.CreateLabel(ctx, p.OfHome(), "admin"); err != nil {
		t.Fatal(err)
	}
	for _, f := range before { // what the provider did before anybody came
		f(rooms, p)
	}
	h.live(t, rooms, dbtest.Open(t, "sqlite:"+filepath.Join(dir, "cardea.db")), p)
	h.cloud, h.end = served(t, h.app, "--data", dir, "--http", web, "--public", h.app, "--listen", broker, "--advertise", broker, "--no-learn",
		"--smtp", h.post.addr, "--smtp-from", "Example Net <cardea@example.net>")
	return h
}

// enrolment is what a gateway sends that joins.
func enrolment(t *testing.T, claim string) *pb.Enrolment {
	t.Helper()
	key := got(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	m := &pb.Enrolment{Protocol: wire.Protocol, Version: "1.2.3", Claim: got(wire.ClaimID(claim))(t),
		Csr: got(x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key))(t)}
	wire.SignEnrolment(m, got(wire.ClaimKey(claim))(t))
	return m
}

// live has the gateway tell of some weeks: devices, one of which waits for a yes, what was stopped today and before, a case; and a report
// of the last week is due.
func (h *house) live(t *testing.T, rooms *rooms.Rooms, d *db.DB, p home.Place) {
	t.Helper()
	now := time.Now()
	device := func(name, class, vendor string, since time.Duration, held bool) *pb.Device {
		return &pb.Device{Id: uuid.Must(uuid.NewV7()).String(), Name: name, Class: class, Vendor: vendor, IdentifiedBy: "rules", Confidence: 1, Mode: "off", Held: held,
			First: now.Add(-since).UnixMilli(), Last: now.UnixMilli()}
	}
	cam, pc := device(camera, "camera", "Example", 60*aDay, false), device(laptop, "computer", "Example", 60*aDay, false)
	cam.Mode = "quarantine"
	cam.Exposures = []*pb.Exposure{{Id: "way", Kind: "internet", Proto: "tcp", Port: 80, External: 8080, Certain: true, Advice: "Close it.", First: now.Add(-aDay).UnixMilli(), Last: now.UnixMilli()}}
	ms := now.Add(-time.Hour).UnixMilli()
	tell := func(at time.Time, items ...*pb.Item) {
		err := d.Tx(t.Context(), func(tx *db.Tx) error {
			devices, cases := rooms.History.Begin(tx), rooms.Incidents.Begin(tx)
			for _, i := range items {
				i.Time = at.UnixMilli()
				if err := devices.Take(p, at, i); err != nil {
					return err
				}
				if err := cases.Take(p, at, i); err != nil {
					return err
				}
			}
			if err := devices.Flush(); err != nil {
				return err
			}
			return cases.Flush()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	stopped := func(at time.Time, endpoint, class, reason string) {
		tell(at, &pb.Item{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 7, Stops: []*pb.Stop{{Device: pc.GetId(), Endpoint: endpoint, Class: class, Reason: reason, Count: 2,
			Source: "example-list", Confidence: 90, Card: []byte(`{"model":"Example Laptop","homes":0,"of":4321,"history":{"since":"2026-01-02T00:00:00Z","days":40,"endpoints":9},"blocks":["` + endpoint + `"]}`),
			First: at.UnixMilli(), Last: at.UnixMilli()}}}}})
	}
	tell(now, &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{cam, pc, device("guest-tablet", "tablet", "Example", 2*time.Hour, true),
		device("new-plug", "plug", "Acme", 3*time.Hour, false)}}}})
	stopped(now.Add(-60*aDay), "months-ago.example:443", "malware", "It is on a list of malware.")
	stopped(now.Add(-9*aDay), "last-week.example:443", "malware", "It is on a list of malware.")
	stopped(now, "login.bank.example:443", "phishing", "It is on a list of phishing.")
	tell(now, &pb.Item{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: h.incident, Code: h.code, Device: cam.GetId(), State: "contained", Mode: "quarantine", Grade: "port",
		Kind: "telnet-botnet", Opened: ms, Changed: ms, Symptom: &pb.Symptom{Detector: "scan-wan"},
		History: []*pb.Transition{{Time: ms, To: "open", By: "gateway"}, {Time: ms, From: "open", To: "contained", By: "gateway"}}}}})
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		if err := rooms.Reports.Home(tx, p); err != nil {
			return err
		}
		_, err := tx.Exec("UPDATE report_home SET next = next - ? WHERE home = ?", (7 * aDay).Milliseconds(), p.Home)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
