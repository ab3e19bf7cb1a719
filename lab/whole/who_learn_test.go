package whole

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cardea/cloud/api/view"
	"cardea/gateway/control"
	"cardea/home"
	"cardea/identity"
	"cardea/internal/platform/db"
	"cardea/lab"
)

// rows are all that a table of the cloud holds, as text.
func (s *sky) rows(table string) (list []string) {
	s.w.t.Helper()
	d, err := db.Open(s.w.ctx, "sqlite:"+filepath.Join(cloudData, "cardea.db"))
	s.w.must(err)
	defer d.Close()
	s.w.must(d.View(s.w.ctx, func(tx *db.Tx) error {
		list = nil
		rows, err := tx.Query("SELECT * FROM " + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		names, err := rows.Columns()
		if err != nil {
			return err
		}
		for rows.Next() {
			values, to := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				to[i] = &values[i]
			}
			if err := rows.Scan(to...); err != nil {
				return err
			}
			var b strings.Builder
			for i, v := range values {
				if raw, ok := v.([]byte); ok {
					v = string(raw)
				}
				fmt.Fprintf(&b, "%s=%v ", names[i], v)
			}
			list = append(list, b.String())
		}
		return rows.Err()
	}))
	return list
}

// evidence is what the agent keeps of who its devices are, while it does not run.
func (w *world) evidence() (list []identity.DeviceEvidence) {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(lab.State, "known.json"))
	w.must(err)
	var k struct{ Evidence []identity.DeviceEvidence }
	w.must(json.Unmarshal(b, &k))
	return k.Evidence
}

// learned is a model that knows the devices with such evidence, as others had them.
func learned(list []identity.DeviceEvidence, called func(home.DeviceID) string) *identity.Model {
	var units []identity.Unit
	for _, e := range list {
		var session identity.Session
		for _, t := range e.Tokens {
			session.Tokens, session.Day = append(session.Tokens, identity.Shown{Token: identity.Token{Hash: t.Hash, Clue: t.Clue}}), t.Day
		}
		for n := range 6 {
			units = append(units, identity.Unit{Home: fmt.Sprint("home ", n), Sessions: []identity.Session{session},
				Label: identity.Label{Model: called(e.ID), Vendor: "Example", Class: home.ClassTV}})
		}
	}
	return identity.Learn(units, identity.LearnOptions{})
}

// What gateways see of who is who reaches the fleet without names, and what the fleet learned comes back, is in force and stays so;
// what is broken is not taken.
func TestWhoIsLearnedByTheFleet(t *testing.T) {
	w, s := beginAbove(t, 206, options{})
	cam, telly := s.known(w.mac(camera)), s.known(w.mac(tv))
	lap := s.known(w.mac(laptop))
	s.done("PUT", cam.ID, "/identity", view.Correction{Model: "Seewell Cam 2", Class: "camera"})
	s.done("PUT", lap.ID, "/identity", view.Correction{Model: "Annas old thing", Class: "computer"})
	w.agent.stop()
	seen := w.evidence()
	w.must(w.start())
	w.eventually("the fleet has the sightings", func() bool {
		return len(s.rows("fleet_device")) >= len(w.home.Plan.Devices) && len(s.rows("fleet_word")) == 2
	})
	s.saysNothingOfPeople()

	model, err := learned(seen, func(id home.DeviceID) string {
		return map[bool]string{true: "Example TV 7", false: "Example " + string(id)}[string(id) == telly.ID]
	}).MarshalBinary()
	w.must(err)
	version, changed, err := s.rooms.Rollout.PublishData(w.ctx, "models", model)
	w.must(err)
	if !changed || version == 0 {
		t.Fatal(version, changed)
	}
	s.done("DELETE", cam.ID, "/identity", nil) // the next order brings what there is
	taken := func(d control.Device) bool { return d.Model == "Example TV 7" && d.By == "learned" && d.Confidence > 0 }
	w.eventually("the model is in force", func() bool {
		st := w.status()
		return st.Cloud != nil && st.Cloud.Bundles["models"] == version && taken(w.known(w.mac(tv)))
	})
	s.sees("what was learned", w.mac(tv), func(d *view.Device) bool { return d.Identity.Model == "Example TV 7" && d.Identity.By == "learned" })

	bad, _, err := s.rooms.Rollout.PublishData(w.ctx, "models", append(model[:len(model)/2:len(model)/2], "broken"...))
	w.must(err)
	s.done("PUT", cam.ID, "/identity", view.Correction{Class: "camera"})
	w.eventually("a broken one is refused", func() bool {
		out, err := w.home.Exec(w.ctx, "gateway", "curl", "-sS", "--max-time", "5", "http://"+metrics+"/metrics")
		return err == nil && strings.Contains(out, "cardea_agent_cloud_bundles_failed_total ") && !strings.Contains(out, "cardea_agent_cloud_bundles_failed_total 0")
	})
	if st := w.status(); st.Cloud.Bundles["models"] != version || bad <= version || !taken(w.known(w.mac(tv))) {
		t.Errorf("in force is %d, and %+v", st.Cloud.Bundles["models"], w.known(w.mac(tv)).Identity)
	}
	w.must(w.home.CutCloud(true))
	w.again()
	w.eventually("after a restart, without the cloud", func() bool { return taken(w.known(w.mac(tv))) })
	w.must(w.home.CutCloud(false))
}

// saysNothingOfPeople searches what the fleet keeps for what the home's things and people are called, and for their addresses.
func (s *sky) saysNothingOfPeople() {
	s.w.t.Helper()
	var all strings.Builder
	for _, table := range []string{"fleet_home", "fleet_device", "fleet_word", "fleet_exposure", "fleet_cluster", "fleet_label", "fleet_name"} {
		for _, r := range s.rows(table) {
			all.WriteString(strings.ToLower(r) + "\n")
		}
	}
	text := all.String()
	if !strings.Contains(text, "seewell cam 2") { // the search does find what is there
		s.w.t.Error("the owner's word of a camera is not there")
	}
	words := []string{"annas old thing", "anna", "resident@example.net"}
	for _, d := range s.w.home.Devices() {
		words = append(words, d.Name, d.MAC.String(), d.IPv4.String())
	}
	for _, d := range s.w.home.Plan.Devices {
		words = append(words, d.Cloud, fmt.Sprintf("%x", d.Seed))
	}
	for _, word := range words {
		if strings.Contains(text, strings.ToLower(word)) {
			s.w.t.Errorf("the fleet keeps %q", word)
		}
	}
}

// What the agent keeps of who is who is broken: it starts, says so, keeps the file, and knows its devices as before.
func TestWhoIsForgottenIsSeenAgain(t *testing.T) {
	w := begin(t, options{})
	id := w.known(w.mac(camera)).ID
	w.agent.stop()
	file := filepath.Join(lab.State, "known.json")
	whole, err := os.ReadFile(file)
	w.must(err)
	for _, text := range []string{"\x00\x00", string(whole[:len(whole)/2]), `{"scheme":99}`, ""} {
		w.must(os.WriteFile(file, []byte(text), 0o600))
		w.must(w.start())
		if !strings.Contains(w.agent.tail(), "who the devices are has to be seen again") {
			t.Errorf("%.20q: the agent says nothing of it", text)
		}
		if b, err := os.ReadFile(file + ".broken"); err != nil || string(b) != text {
			t.Errorf("%.20q is not kept aside: %v", text, err)
		}
		if d := w.known(w.mac(camera)); d.ID != id || d.Vendor == "" {
			t.Errorf("%.20q: the camera is %+v", text, d)
		}
		w.agent.stop()
		w.evidence() // it was written anew
	}
	w.must(w.start())
}
