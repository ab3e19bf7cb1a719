package main_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/api/view"
	"cardea/cloud/staff/rights"

	"github.com/google/uuid"
)

// staffed is staff of a made-up fleet's provider, signed in at a cloud that serves it and learns nothing more.
type staffed struct {
	t      *testing.T
	url    string
	client *http.Client
}

func staffOf(t *testing.T, homes string) *staffed {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	stdout, stderr, status := cardea(t, me, "simulate", "--fill", "--json", "--homes", homes, "--data", dir)
	var said struct{ Tenant string }
	if err := json.Unmarshal([]byte(stdout), &said); err != nil || status != 0 {
		t.Fatalf("%d, %v: %s%s", status, err, stdout, stderr)
	}
	rooms, err := cloud.Open(t.Context(), cloud.Config{Data: dir})
	if err != nil {
		t.Fatal(err)
	}
	who, err := rooms.Accounts.AddStaff(t.Context(), said.Tenant, "staff@example.net", "Staff", uuid.NewString(), rights.Tier2, rights.SOC, rights.Admin)
	if err != nil {
		t.Fatal(err)
	}
	token, err := rooms.Accounts.SignInLink(t.Context(), account.Staff, said.Tenant, who.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := rooms.Close(); err != nil {
		t.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, "--role", "broker,api")
	until(t, "the cloud is ready", func() bool {
		status, _ := get(t, s.url+"/readyz")
		return status == http.StatusOK
	})
	c := &staffed{t: t, url: s.url, client: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	body, err := json.Marshal(map[string]string{"token": token})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.client.Post(s.url+"/v1/staff/sessions", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("sign in: %s", resp.Status)
	}
	return c
}

func (c *staffed) get(path string, to any) {
	c.t.Helper()
	resp, err := c.client.Get(c.url + "/v1/staff/" + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(to); err != nil || resp.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %s, %v", path, resp.Status, err)
	}
}

// What a fleet learns in weeks is there when it is filled, and staff are told that it is simulated: models that teach, clusters that wait for
// a name and one that has it, what is normal with how well it is known and how it changed, and rollouts in each state.
func TestAFilledFleetHasLearned(t *testing.T) {
	t.Parallel()
	c := staffOf(t, "2500")
	var session struct{ Provider struct{ Simulated bool } }
	if c.get("session", &session); !session.Provider.Simulated {
		t.Error("staff are not told that the homes are made up")
	}
	var models view.List[view.FleetModel]
	c.get("models?limit=100", &models)
	teach := 0
	for _, m := range models.Items {
		if m.Teaches && len(m.Evidence) > 0 {
			teach++
		}
	}
	if teach < 5 {
		t.Errorf("%d of %d models are learned", teach, len(models.Items))
	}
	var clusters view.List[view.FleetCluster]
	c.get("clusters?limit=100", &clusters)
	named := 0
	for _, k := range clusters.Items {
		if k.Name != nil {
			named++
		}
	}
	if named != 1 || len(clusters.Items) < 5 {
		t.Errorf("%d of %d clusters have a name", named, len(clusters.Items))
	}
	var profiles view.List[view.Profile]
	c.get("profiles?limit=100", &profiles)
	voted, drift, calibrated, usual := 0, 0, 0, 0
	for _, p := range profiles.Items {
		var f view.ProfileFacts
		c.get("profiles/"+p.ID, &f)
		if f.Voted.Count != nil {
			voted++
		}
		if len(f.Changes) > 0 {
			drift++
		}
		if f.Calibration.Days > 0 {
			calibrated++
		}
		if slices.ContainsFunc(f.Endpoints, func(e view.ProfileEndpoint) bool { return e.Standing == "normal" && e.Name != "" }) {
			usual++
		}
	}
	if voted == 0 || drift == 0 || calibrated == 0 || usual == 0 {
		t.Errorf("of %d profiles %d rest on enough homes, %d changed, %d are calibrated, %d have an endpoint that is normal", len(profiles.Items), voted, drift, calibrated, usual)
	}
	c.rollouts()
}

// rollouts are there in each state, with why.
func (c *staffed) rollouts() {
	c.t.Helper()
	var list view.List[view.Rollout]
	c.get("rollouts", &list)
	got := map[string]view.RolloutFacts{}
	for _, r := range list.Items {
		var f view.RolloutFacts
		c.get("rollouts/"+r.ID, &f)
		got[r.Bundle+" "+r.State+" "+r.Ring] = f
	}
	if len(got) != 4 {
		c.t.Errorf("%d rollouts, want 4", len(got))
	}
	if f := got["lists done all"]; len(f.History) != 6 || f.With.Have == 0 {
		c.t.Errorf("done: %+v", f)
	}
	if f := got["models undone 1"]; !strings.Contains(f.Reason, "people took back") || f.Back != 3 || !slices.ContainsFunc(f.Gates, func(g view.RolloutGate) bool { return g.Failed }) {
		c.t.Errorf("halted and undone: %+v", f)
	}
	if f := got["profiles running 5"]; f.With.Have == 0 || f.Without.Have > 0 || f.Without.Homes < 10*f.With.Homes {
		c.t.Errorf("running: %+v", f)
	}
	if f := got["lists shadow none"]; f.Shadow == 0 || !slices.ContainsFunc(f.Tried, func(t view.RolloutTried) bool { return t.What == "stop" && t.Count > 0 }) {
		c.t.Errorf("in shadow: %+v", f)
	}
	var tried view.List[view.Shadowed]
	c.get("intel/shadow", &tried)
	if len(tried.Items) != 1 || tried.Items[0].Count == 0 || len(tried.Items[0].Models) < 2 || len(tried.Items[0].What) == 0 {
		c.t.Errorf("what lists that are tried would have stopped: %+v", tried.Items)
	}
}
