package fleet_test

import (
	"testing"
	"time"

	"cardea/home"
	"cardea/lab/fleet"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

// A home is the same whenever and beside whomever it is made, and another seed makes another.
func TestAMadeUpHomeIsAlwaysTheSame(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		n, seed := rapid.IntRange(0, 100_000).Draw(t, "n"), rapid.Uint64().Draw(t, "seed")
		a := fleet.Filling{Seed: seed, Homes: 10, Now: now}.Home(n)
		b := fleet.Filling{Seed: seed, Homes: 100_000, Now: now}.Home(n)
		other := fleet.Filling{Seed: seed + 1, Now: now}.Home(n)
		if a.ID != b.ID || a.Name != b.Name || len(a.Told) != len(b.Told) || !proto.Equal(a.Beat, b.Beat) || a.ID == other.ID {
			t.Fatalf("%+v\n%+v", a, b)
		}
		for i := range a.Told {
			if !a.Told[i].At.Equal(b.Told[i].At) || !proto.Equal(a.Told[i].Item, b.Told[i].Item) {
				t.Fatalf("%v\n%v", a.Told[i], b.Told[i])
			}
		}
		if !home.IsUUID(a.ID) || a.Gateway != "" && !home.IsUUID(a.Gateway) {
			t.Fatalf("%q %q", a.ID, a.Gateway)
		}
	})
}

// The fleet has some of everything that a console has to show.
func TestAFleetHasSomeOfEverything(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f := fleet.Filling{Seed: 1, Homes: 4000, Now: now}
	states, detectors, models, outcomes := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	quiet, fresh, devices, done := 0, 0, 0, 0
	for n := range f.Homes {
		m := f.Home(n)
		done += len(m.Done)
		if m.Beat == nil {
			fresh++
			continue
		}
		if now.Sub(m.Seen) > 3*time.Minute {
			quiet++
		}
		for _, told := range m.Told {
			if told.At.After(now) {
				t.Fatalf("%v is in the future", told.At)
			}
			switch b := told.Item.GetBody().(type) {
			case *pb.Item_Devices:
				devices += len(b.Devices.GetDevices())
				for _, d := range b.Devices.GetDevices() {
					models[d.GetModel()]++
				}
			case *pb.Item_Incident:
				states[b.Incident.GetState()]++
				outcomes[b.Incident.GetOutcome()]++
				detectors[b.Incident.GetSymptom().GetDetector()]++
			}
		}
	}
	if len(states) != 5 || len(detectors) < 8 || len(models) < 30 || len(outcomes) < 4 || quiet == 0 || fresh == 0 || done == 0 || devices < 3*f.Homes {
		t.Errorf("states %v, detectors %v, %d models, outcomes %v, %d offline, %d new, %d devices, %d acts", states, detectors, len(models), outcomes, quiet, fresh, devices, done)
	}
}
