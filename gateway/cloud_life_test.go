package gateway

import (
	"context"
	"io/fs"
	"net/netip"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cardea/home"
)

// The agent notices that it was enrolled, and that it was enrolled elsewhere, without being started again.
func TestTheCloudIsNoticedWhileTheAgentRuns(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		g, _ := start(t, dir)
		if err := g.cloud.close(); err != nil {
			t.Fatal(err)
		}
		var who atomic.Pointer[home.Place]
		other := testPlace
		other.Gateway = testPlace.Home
		spools := map[home.Place]*recorder{testPlace: {}, other: {}}
		var dials atomic.Int32
		g.cloud.enrolled = func() (home.Place, error) {
			if p := who.Load(); p != nil {
				return *p, nil
			}
			return home.Place{}, fs.ErrNotExist
		}
		g.cloud.dial = func(p home.Place) (*line, error) {
			dials.Add(1)
			return &line{spool: spools[p], link: nowhere{}}, nil
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- g.cloud.run(ctx) }()
		g.Find(hard("lamp"))
		time.Sleep(time.Hour)
		if dials.Load() != 0 {
			t.Fatal("it talks to a cloud that nobody enrolled it with")
		}
		who.Store(&testPlace)
		time.Sleep(10 * time.Second)
		g.Find(hard("camera"))
		time.Sleep(10 * time.Second)
		got := spools[testPlace].take()
		if !slices.Contains(got, "Devices") {
			t.Error("no devices are told")
		}
		got = slices.DeleteFunc(got, func(s string) bool { return s == "Devices" })
		equal(t, "told", got, "incident lamp contained quarantine none",
			"incident camera open off none", "incident camera contained quarantine none", "finding scan-wan camera")
		who.Store(&other)
		time.Sleep(10 * time.Second)
		spools[testPlace].take()
		g.Find(hard("tv"))
		time.Sleep(10 * time.Second)
		equal(t, "the one before is told", spools[testPlace].take())
		if got := spools[other].take(); len(got) < 5 {
			t.Errorf("the other is told: %v", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		g.Find(hard("phone"))
		if err := g.cloud.close(); err != nil {
			t.Error(err)
		}
		if got := spools[other].take(); len(got) < 3 {
			t.Errorf("the last word: %v", got)
		}
	})
}

// The kernel refuses an address to all or to none. What the owner decided for one device holds for that one.
func TestAnAddressIsAllowedForOneDeviceOnly(t *testing.T) {
	g, _ := start(t, t.TempDir())
	killed := func(from byte) bool {
		before := len(g.jobs)
		g.Handle(event(from, 2000+uint16(before), g.now()))
		return len(g.jobs) > before
	}
	if killed(2) {
		t.Fatal("a flow is killed without a reason")
	}
	for _, c := range []struct {
		verb, endpoint, device string
		camera, lamp           bool
	}{
		{"block", "198.51.100.0/24", "", true, true}, {"allow", "198.51.100.7", "lamp", true, false},
		{"disallow", "198.51.100.7", "lamp", true, true}, {"unblock", "198.51.100.0/24", "", false, false},
	} {
		if err := g.rule(home.DeviceID(c.device), c.endpoint, c.verb); err != nil {
			t.Fatal(err)
		}
		for len(g.jobs) > 0 {
			<-g.jobs
		}
		if got := killed(2); got != c.camera {
			t.Errorf("%s %s: the camera's flow is killed: %v", c.verb, c.endpoint, got)
		}
		if got := killed(3); got != c.lamp {
			t.Errorf("%s %s: the lamp's flow is killed: %v", c.verb, c.endpoint, got)
		}
	}
	if err := g.rule("lamp", "198.51.100.7", "allow"); err != nil {
		t.Fatal(err)
	}
	for p, want := range map[string]bool{"198.51.100.7/32": true, "198.51.100.0/24": true, "198.51.100.8/32": false} {
		if g.excepted(netip.MustParsePrefix(p)) != want {
			t.Errorf("%s is left to the kernel: %v", p, want)
		}
	}
}
