package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/normal"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// taught is a running cloud that has learned of homes.
type taught struct {
	app, resident, staff string // where the app is, and links that sign somebody in, once
	incident             string
}

const (
	learners = 40 // homes that teach
	weeks    = 6
	aDay     = 24 * time.Hour
)

var (
	cam  = profile.Level{Class: home.ClassCamera, Vendor: "Example", Model: "Example Cam 3"}
	plug = profile.Level{Class: home.ClassPlug, Vendor: "Example", Model: `<img src=x onerror=alert(1)> Plug`} // what a gateway says of a model is text, too
)

// teacher has homes of one provider live for some weeks, by a clock of its own.
type teacher struct {
	t      *testing.T
	db     *db.DB
	rooms  *rooms.Rooms
	normal *normal.Normal
	now    time.Time
	homes  []home.Place
}

// teach fills a cloud's database and starts the cloud on it: as broker and API, so that what was learned stays as it is.
func teach(t *testing.T) *taught {
	t.Helper()
	dir, web, broker := t.TempDir(), freeport.Must(t), freeport.Must(t)
	c := &taught{app: "http://" + web}
	cfg := cloud.Config{Data: dir, HTTP: []string{web}, Public: c.app, Listen: broker, Advertise: []string{broker}}
	rooms, err := cloud.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := rooms.Close(); err != nil {
			t.Error(err)
		}
	})
	w := &teacher{t: t, db: dbtest.Open(t, "sqlite:"+filepath.Join(dir, "cardea.db")), rooms: rooms, now: time.Now().Add(-weeks * 7 * aDay)}
	tenant := got(rooms.Accounts.CreateTenant(t.Context(), "example", "Example Net"))(t)
	if err := rooms.Accounts.SaveSharing(t.Context(), tenant.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"); err != nil {
		t.Fatal(err)
	}
	w.normal = normal.New(w.db, normal.Options{Now: func() time.Time { return w.now }, Publish: rooms.Rollout, Levels: w.levels, Networks: networks,
		Troubled: func(context.Context) (func(home.Place) bool, error) {
			return func(home.Place) bool { return false }, nil
		},
		Allowed: func(string) bool { return false }, Facts: func(profile.Level) []uint64 {
			return []uint64{chainOf("update.cam.example", "cam.example", 443).Keys[endpoint.Domain]}
		}})
	for range learners {
		w.homes = append(w.homes, home.Place{Tenant: tenant.ID, Home: uuid.Must(uuid.NewV7()).String()})
	}
	w.live()
	w.trouble()
	var who account.Person
	who, c.incident = w.infect(tenant.ID)
	c.serve(t, dir, cfg)
	staff := got(rooms.Accounts.AddStaff(t.Context(), tenant.ID, "support@example.net", "Support", uuid.NewString(), rights.Tier2, rights.SOC, rights.Admin))(t)
	c.resident = c.app + "/sign-in#" + got(rooms.Accounts.SignInLink(t.Context(), account.Resident, tenant.ID, who.ID, time.Hour))(t)
	c.staff = c.app + "/staff/sign-in#" + got(rooms.Accounts.SignInLink(t.Context(), account.Staff, tenant.ID, staff.ID, time.Hour))(t)
	return c
}

func got[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (w *teacher) levels(_ context.Context, homes []home.Place) (map[home.Place]map[string]profile.Level, error) {
	out := map[home.Place]map[string]profile.Level{}
	for _, p := range homes {
		if slices.Contains(w.homes, p) {
			out[p] = map[string]profile.Level{"cam": cam, "plug": plug}
		}
	}
	return out, nil
}

// networks puts homes on five access networks.
func networks(_ context.Context, homes []home.Place) (map[home.Place]uint64, error) {
	out := map[home.Place]uint64{}
	for _, p := range homes {
		out[p] = 1 + uint64(p.Home[len(p.Home)-1])%5
	}
	return out, nil
}

func chainOf(name, domain string, port uint16) endpoint.Chain {
	return endpoint.Of(&home.Endpoint{Name: name, Domain: domain, Port: port, Proto: "tcp", ASN: 64500}, false, false)
}

// first is a first time, or one told again after a week.
func (w *teacher) first(device, name, domain string) *pb.FirstTime {
	c := chainOf(name, domain, 443)
	return &pb.FirstTime{Device: device, Endpoint: c.Keys[endpoint.Host], Domain: c.Keys[endpoint.Domain], Network: c.Keys[endpoint.Network], Service: c.Keys[endpoint.Service],
		Flags: uint32(c.Flags), Week: wire.Week(w.now), Days: 7, Active: 7, Renewed: true, Name: name + ":443/tcp"}
}

// tell stores what homes tell in one transaction.
func (w *teacher) tell(of func(n int) []*pb.Item) {
	w.t.Helper()
	err := w.db.Tx(context.Background(), func(tx *db.Tx) error {
		b := w.normal.Begin(tx)
		for n, p := range w.homes {
			for _, i := range of(n) {
				if err := b.Take(p, w.now, i); err != nil {
					return err
				}
			}
		}
		return b.Flush()
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// live lets the homes live: each camera calls its cloud and a clock, in the last weeks most get films from a new place, all use
// somebody's hosting, and one home calls what nobody else does. It is learned before the last week, and after it.
func (w *teacher) live() {
	w.t.Helper()
	for week := range weeks {
		w.tell(func(n int) []*pb.Item {
			list := []*pb.FirstTime{w.first("cam", "api.cam.example", "cam.example"), w.first("cam", "time.cam.example", "cam.example"), w.first("cam", "cam.duckdns.org", "duckdns.org"),
				w.first("plug", "api.plug.example", "plug.example")}
			if week >= weeks-2 && n < 30 {
				list = append(list, w.first("cam", "films.other.example", "other.example"))
			}
			if n == 0 {
				list = append(list, w.first("cam", "odd.example.org", "example.org"))
			}
			return []*pb.Item{{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme, FirstTimes: list}}},
				{Body: &pb.Item_DayScores{DayScores: w.days(n)}}}
		})
		w.now = w.now.Add(7 * aDay)
		if week >= weeks-3 {
			got(w.normal.Learn(context.Background()))(w.t)
		}
	}
}

// days are the scores of a camera's past week. It is most active in the evening.
func (w *teacher) days(n int) *pb.DayScores {
	out := &pb.DayScores{}
	today := uint32(w.now.Unix() / 86400)
	for d := today - 7; d < today; d++ {
		s := &pb.DayScore{Device: "cam", Day: d, Profile: 1, Endpoints: 4, Up: 40 << 20, Hours: make([]uint32, 24)}
		for h := range s.Hours {
			s.Hours[h] = uint32(4 + max(0, 12-3*max(h-19, 19-h)))
		}
		for k := range 7 {
			s.Maxima = append(s.Maxima, float32((n*31+int(d)*17+k*7)%100)/20)
		}
		out.Days = append(out.Days, s)
	}
	return out
}

// found is a finding with an endpoint.
func found(id, device string, d home.Detector, s home.Strength, name string, port uint16) *pb.Item {
	card, err := json.Marshal(home.Card{Seen: []home.Seen{{Endpoint: home.Endpoint{Name: name, Port: port, Proto: "tcp"}}}})
	if err != nil {
		panic(err)
	}
	return &pb.Item{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: id, Device: device, Incident: "case-" + device, Detector: string(d), Strength: s.String(), Card: card}}}
}

// trouble has the cameras get an update and the plugs an infection, and people say of some findings that they were none.
func (w *teacher) trouble() {
	w.t.Helper()
	w.now = time.Now()
	w.tell(func(n int) []*pb.Item {
		return []*pb.Item{found("said", "cam", home.DetectNovelty, home.Soft, "new.other.example", 443),
			{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: "case-cam", Device: "cam", State: "closed", History: []*pb.Transition{{From: "open", To: "closed", By: "owner"}}}}}}
	})
	got(w.normal.Learn(context.Background()))(w.t)
	w.tell(func(n int) (list []*pb.Item) {
		if n < 35 {
			update := found("update", "cam", home.DetectNovelty, home.Soft, "update.cam.example", 443)
			update.GetFinding().Incident = "case-update"
			list = append(list, update)
		}
		if n < 30 {
			list = append(list, found("beacon", "plug", home.DetectBeacon, home.Soft, "c2.example.net", 6667), found("scan", "plug", home.DetectScanWAN, home.Hard, "victim.example.org", 23))
		}
		return list
	})
	if g := got(w.normal.Guard(context.Background()))(w.t); g.Trips < 2 || g.Indicators < 1 {
		w.t.Fatalf("the guard saw nothing: %+v", g)
	}
}

// infect makes a home whose gateway tells of a finding with a card, with a name that is hostile.
func (w *teacher) infect(tenant string) (who account.Person, incident string) {
	t, ctx := w.t, w.t.Context()
	t.Helper()
	h := got(w.rooms.Accounts.CreateHome(ctx, tenant, "Home", "100-4711"))(t)
	who = got(w.rooms.Accounts.AddResident(ctx, tenant, []string{h.ID}, "resident@example.net", "Resident", uuid.NewString()))(t)
	p := home.Place{Tenant: tenant, Home: h.ID, Gateway: uuid.Must(uuid.NewV7()).String()}
	now := time.Now()
	ms := now.UnixMilli()
	device := uuid.Must(uuid.NewV7()).String()
	incident = uuid.Must(uuid.NewV7()).String()
	homes := uint32(0)
	name := `<img src=x onerror=alert(1)>` + "\u202egnp.exe"
	card := got(json.Marshal(home.Card{Model: "<b>Example Cam</b>", Homes: &homes, Of: 41210, History: home.History{Since: now.Add(-12 * aDay), Days: 12, Endpoints: 4},
		Numbers: []home.Number{{Name: "how unusual it is", Value: 19.5, Unit: "bits"}},
		Seen:    []home.Seen{{Endpoint: home.Endpoint{Name: name, Port: 6667, Proto: "tcp"}, Flows: 41, Failed: 3, Up: 4100, Down: 900, First: now.Add(-time.Minute), Last: now}},
		Blocks:  []string{name}, Breaks: "Nothing that this model usually does."}))(t)
	items := []*pb.Item{
		{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{{Id: device, Name: camera, First: now.Add(-12 * aDay).UnixMilli(), Last: ms, Mode: "quarantine", Class: "camera",
			IdentifiedBy: "rules", Confidence: 1}}}}},
		{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: incident, Code: "K7QM", Device: device, State: "contained", Mode: "quarantine", Grade: "port", Opened: ms, Changed: ms,
			History: []*pb.Transition{{Time: ms, From: "", To: "open", By: "gateway", Why: "a server that is new for it"}, {Time: ms, From: "open", To: "contained", By: "gateway", Why: "a server that is new for it"}}}}},
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: uuid.Must(uuid.NewV7()).String(), Device: device, Incident: incident, Detector: string(home.DetectNovelty), Strength: home.Hard.String(),
			Sentence: "It called a server that no home with this model ever called.", Facts: []byte(`{"server":"x"}`), Card: card}}},
	}
	err := w.db.Tx(ctx, func(tx *db.Tx) error {
		devices, incidents := w.rooms.History.Begin(tx), w.rooms.Incidents.Begin(tx)
		for _, i := range items {
			i.Time = ms
			if err := devices.Take(p, now, i); err != nil {
				return err
			}
			if err := incidents.Take(p, now, i); err != nil {
				return err
			}
		}
		if err := devices.Flush(); err != nil {
			return err
		}
		return incidents.Flush()
	})
	if err != nil {
		t.Fatal(err)
	}
	return who, incident
}

// serve runs cardea serve until the test ends.
func (c *taught) serve(t *testing.T, dir string, cfg cloud.Config) {
	t.Helper()
	served(t, c.app, "--role", "broker,api", "--data", dir, "--http", cfg.HTTP[0], "--public", cfg.Public, "--listen", cfg.Listen, "--advertise", cfg.Advertise[0])
}

// served runs cardea serve until end is called, or the test ends.
func served(t *testing.T, app string, args ...string) (process *os.Process, end func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "cardea"), append([]string{"serve"}, args...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	end = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGCONT) // it may be stopped
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := <-ended; err != nil {
			t.Errorf("the cloud ended with %v\n%s", err, said.String())
		}
	})
	t.Cleanup(end)
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if r, err := http.Get(app + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return cmd.Process, end
			}
		}
		if time.Now().After(until) {
			t.Fatal(fmt.Errorf("the cloud is not ready\n%s", said.String()))
		}
	}
}
