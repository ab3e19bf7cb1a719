package cell

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/history"
	"cardea/cloud/incident"
	"cardea/cloud/rooms"
	"cardea/home"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shown is all that a home's page is made of, without what no two homes have alike.
type shown struct {
	State, Version       string
	Online               bool
	Gateways             []string
	Devices              []string
	Stopped, Trackers    uint64
	Week                 [7]history.Strip
	First                map[string]int
	Cases                []string
	Desired              uint64
	Orders, Feed, Audit  []string
	Residents, HomesOfIt int
}

// look reads a home through the contexts.
func look(t *testing.T, r *rooms.Rooms, c *Cell, n int) (s shown) {
	t.Helper()
	ctx, p := t.Context(), c.Place(n)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("home %d: %v", n, err)
		}
	}
	h, err := r.Accounts.Home(ctx, p)
	ok(err)
	if h.Name != nameOf(n) || h.Account != accountOf(n) {
		t.Errorf("home %d is %+v", n, h)
	}
	state, err := r.History.State(ctx, p)
	ok(err)
	s.State, s.Version, s.Online = state.Status, state.Beat.GetVersion(), state.Seen.After(c.Filled)
	gateways, err := r.Accounts.Gateways(ctx, p)
	ok(err)
	active, err := r.Accounts.Active(ctx, p)
	ok(err)
	for _, g := range gateways {
		if g.Place.Gateway != active || g.Place.Gateway != state.Place.Gateway {
			t.Errorf("home %d: gateway %s, active %s, the one that beats %s", n, g.Place.Gateway, active, state.Place.Gateway)
		}
		s.Gateways = append(s.Gateways, g.State+" "+g.Version)
	}
	whole, err := r.History.Home(ctx, p)
	ok(err)
	if whole.Gateway != active {
		t.Errorf("home %d: %s told its devices", n, whole.Gateway)
	}
	list, err := r.History.DeviceList(ctx, p)
	ok(err)
	for _, d := range list {
		s.Devices = append(s.Devices, d.GetId()+" "+d.GetName()+" "+d.GetMode())
	}
	stopped, trackers, err := r.History.StoppedSince(ctx, p, c.Filled.AddDate(0, 0, -6))
	ok(err)
	for _, x := range stopped {
		s.Stopped += x.Count
	}
	s.Trackers = trackers
	s.Week, err = r.History.Week(ctx, p, device(n, 1), c.Filled)
	ok(err)
	s.First, err = r.History.FirstTimes(ctx, p)
	ok(err)
	s.Desired, err = r.Desired.Version(ctx, p)
	ok(err)
	orders, err := r.Desired.List(ctx, p, "")
	ok(err)
	for _, o := range orders {
		s.Orders = append(s.Orders, o.Verb+" "+o.Device+" "+o.Endpoint+" "+string(o.Status))
	}
	cases, err := r.Incidents.List(ctx, p, incident.All, "", 0)
	ok(err)
	for _, one := range cases {
		full, err := r.Incidents.Get(ctx, p, one.GetId())
		ok(err)
		want, evidence := incidentOf(n, c.Filled)
		if full.GetCode() != want.GetCode() || len(full.Steps) != len(want.GetHistory()) || len(full.Evidence) != 1 || !proto.Equal(full.Evidence[0].Finding, evidence) {
			t.Errorf("home %d: case %v", n, full)
		}
		s.Cases = append(s.Cases, one.GetState()+" "+one.GetDevice())
	}
	events, err := r.Feed.After(ctx, p, 0, 0)
	ok(err)
	for _, e := range events {
		if e.Kind == "incident" { // each home's has its own
			e.ID = ""
		}
		s.Feed = append(s.Feed, e.Kind+" "+e.ID)
	}
	looks, err := r.Audit.List(ctx, c.Tenant, p.Home, "", 0)
	ok(err)
	for _, e := range looks {
		s.Audit = append(s.Audit, e.Who+" "+e.Act+" "+e.What)
	}
	slices.Sort(s.Audit) // a copy's are all of one millisecond
	people, err := r.Accounts.Residents(ctx, p)
	ok(err)
	s.Residents = len(people)
	s.HomesOfIt = len(enter(t, r, c, n).Homes)
	return s
}

// enter signs a home's resident in.
func enter(t *testing.T, r *rooms.Rooms, c *Cell, n int) account.Session {
	t.Helper()
	link, err := r.Accounts.SignInLink(t.Context(), account.Resident, c.Tenant, c.Resident(n), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	s, _, err := r.Accounts.SignInBy(t.Context(), account.Resident, link)
	if err != nil || len(s.Homes) != 1 || s.Homes[0] != c.Place(n) {
		t.Fatalf("home %d: %+v, %v", n, s, err)
	}
	return s
}

// TestCopiesAreLikeWhatTheContextsWrote reads copies through the contexts and compares them with the homes that the contexts
// made.
func TestCopiesAreLikeWhatTheContextsWrote(t *testing.T) {
	const homes = 3*Patterns + 30
	dir := t.TempDir()
	if _, err := Open(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("an empty folder: %v", err)
	}
	made, err := Fill(t.Context(), dir, homes, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(dir)
	if err != nil || !reflect.DeepEqual(c, made) {
		t.Fatalf("%+v, %v", c, err)
	}
	r := roomsOf(t, c)
	seen := map[string]bool{}
	for n := range homes {
		if p := c.Place(n); !home.IsUUID(p.Home) || seen[p.Home] {
			t.Fatalf("home %d is %s", n, p.Home)
		}
		seen[c.Place(n).Home] = true
	}
	for n := range Patterns {
		want := look(t, r, c, n)
		if got := look(t, r, c, n+2*Patterns); !reflect.DeepEqual(got, want) {
			t.Fatalf("home %d is\n%+v, its pattern\n%+v", n+2*Patterns, got, want)
		}
		if len(want.Devices) != Devices(n) || want.Stopped != 3*stops || want.Trackers != 3*trackers(n) || len(want.Audit) == 0 || len(want.Feed) == 0 ||
			want.Residents != 1 || len(want.First) != Devices(n) || want.Week[6].Up == 0 {
			t.Errorf("home %d is %+v", n, want)
		}
	}
	states(t, r, c)
}

// states checks who is not fine, and that the list of a tenant's homes has each once.
func states(t *testing.T, r *rooms.Rooms, c *Cell) {
	t.Helper()
	for n, want := range map[int]string{contained: history.StatusContained, degraded: history.StatusDegraded, 0: history.StatusFine} {
		if s := look(t, r, c, n+Patterns); s.State != want || !s.Online {
			t.Errorf("home %d is %+v", n+Patterns, s)
		}
	}
	if s := look(t, r, c, offlineA+Patterns); s.Online {
		t.Error("nobody is offline")
	}
	list, err := r.Accounts.Homes(t.Context(), c.Tenant, account.Query{Limit: 500})
	if err != nil || len(list) != c.Homes {
		t.Fatalf("%d homes, %v", len(list), err)
	}
	n, err := r.History.Counts(t.Context(), c.Tenant)
	if err != nil || n.Homes != uint64(c.Homes) || n.Contained != 4 {
		t.Errorf("%+v, %v", n, err)
	}
	if cases, err := r.Incidents.ByCode(t.Context(), c.Tenant, code(mix(uint64(contained+Patterns)^1<<40))); err != nil || len(cases) != 1 {
		t.Errorf("%v, %v", cases, err)
	}
}

func roomsOf(t *testing.T, c *Cell) *rooms.Rooms {
	t.Helper()
	r, err := cloud.Open(context.Background(), c.Config())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

func TestFillRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, err := Fill(t.Context(), dir, Patterns-1, t.Logf); err == nil {
		t.Error("fewer homes than patterns were made")
	}
	if err := os.WriteFile(filepath.Join(dir, "cardea.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Fill(t.Context(), dir, Patterns, t.Logf); err == nil {
		t.Error("somebody's store was filled")
	}
	if err := os.WriteFile(filepath.Join(dir, mark), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what nobody filled was taken: %v", err)
	}
}
