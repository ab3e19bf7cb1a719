package normal

import (
	"fmt"
	"testing"

	"cardea/behavior/endpoint"
	"cardea/behavior/profile"
	"cardea/cloud/normal/record"
	"cardea/home"
	"cardea/wire"
)

// Homes that claim models and endpoints that nobody else has leave room for what many have, even if they are counted first.
func TestClaimsOfFewHomesMakeRoom(t *testing.T) {
	all := newTally(t0, nil, quiet)
	week := wire.Week(t0)
	device := func(id string, ends int, first uint64) aDevice {
		var d record.Device
		d.Use(week-3, endpoint.Chain{Keys: [endpoint.Grains]uint64{1}}, 0, 0)
		for n := range uint64(ends) {
			d.Use(week, endpoint.Chain{Keys: [endpoint.Grains]uint64{first + n}}, 0, 0)
		}
		return aDevice{id: id, data: d.Append(nil)}
	}
	add := func(n int, levels map[string]profile.Level, devices ...aDevice) {
		t.Helper()
		if err := all.add(&aHome{place: place(tenantA, n), since: t0.Add(-90 * day), network: uint64(n%5 + 1), levels: levels, devices: devices}); err != nil {
			t.Fatal(err)
		}
	}
	for n := range maxModels/MaxDevices + 2 {
		levels := map[string]profile.Level{}
		for d := range MaxDevices {
			levels[fmt.Sprint(d)] = profile.Level{Class: home.ClassCamera, Model: fmt.Sprint(n, ".", d)}
		}
		add(n, levels)
	}
	for n := range 4 { // more of the model's endpoints than are looked at
		add(1000+n, map[string]profile.Level{"cam": camera}, device("cam", 390, uint64(1000*(n+1))))
	}
	for n := range 30 {
		add(2000+n, map[string]profile.Level{"cam": camera}, device("cam", 1, 77))
	}
	if m := all.models[camera]; m == nil || m.votes != 34 {
		t.Fatalf("%d models, the camera's %+v", len(all.models), m)
	}
	if x := all.adoptions[camera].ends[77]; x == nil || len(x.homes) != 30 {
		t.Errorf("what 30 homes adopted: %+v", x)
	}
	all.heard = hearing
	for n := range uint64(maxEnds) {
		all.models[profile.Level{Class: home.ClassCamera, Model: fmt.Sprint(maxModels/MaxDevices+1, ".", n%MaxDevices)}].ends[n+1] = &end{homes: 1}
	}
	if all.thinEnds(); len(all.models[camera].ends) == 0 || all.adoptions[camera].ends[77] == nil || all.heard != 0 {
		t.Error("what many use gave way")
	}
	kept := 0
	for _, m := range all.models {
		kept += len(m.ends)
	}
	if kept > maxEnds {
		t.Errorf("%d endpoints are kept", kept)
	}
}
