package report

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"
)

func plug(tokens ...string) Seen {
	s := Seen{Device: "plug", Identity: home.Identity{Model: "Example Plug 2", Vendor: "Example", Class: home.ClassPlug, By: "rules", Confidence: 0.987}}
	for _, t := range tokens {
		s.Tokens = append(s.Tokens, Token{Hash: wire.TokenHash(3, t), Clue: 3, Telling: wire.TellVendor, Text: t})
	}
	return s
}

func told(list []*pb.Sightings) (n int) {
	for _, s := range list {
		n += len(s.GetDevices())
	}
	return n
}

func TestSightingsAreToldWhenTheyChangeAndEachWeek(t *testing.T) {
	var s Sights
	var got []string
	at := monday
	for _, c := range []struct {
		after time.Duration
		seen  Seen
		what  string
	}{
		{0, plug("a"), "the first"}, {time.Minute, plug("a"), "same"}, {time.Minute, plug("a", "b"), "changed at once"}, {time.Hour, plug("a", "b"), "changed"},
		{24 * time.Hour, plug("b", "a"), "another order"}, {6 * 24 * time.Hour, plug("a", "b"), "next week"}, {time.Hour, plug("a", "b"), "told this week"},
	} {
		at = at.Add(c.after)
		if told(s.Changes(at, []Seen{c.seen})) > 0 {
			got = append(got, c.what)
		}
	}
	if want := "the first, changed, next week"; strings.Join(got, ", ") != want {
		t.Errorf("told: %q, want %s", got, want)
	}
	s.Forget(func(home.DeviceID) bool { return false })
	if told(s.Changes(at, []Seen{plug("a", "b")})) != 1 {
		t.Error("a device that came back is not told")
	}
}

func TestOfAPersonalDeviceOnlyClassAndVendorAreTold(t *testing.T) {
	byOwner := plug("a")
	byOwner.Personal = true
	byClass := plug("a")
	byClass.Identity.Class = home.ClassPhone
	for name, seen := range map[string]Seen{"its owner says so": byOwner, "it is a phone": byClass} {
		var s Sights
		m := s.Changes(monday, []Seen{seen})[0].GetDevices()[0]
		want := &pb.Sighted{Device: "plug", Week: wire.Week(monday), Vendor: "Example", Class: string(seen.Identity.Class)}
		if !proto.Equal(m, want) {
			t.Errorf("%s: told %v", name, m)
		}
	}
}

// Whatever the home has seen: a text leaves it only with a kind that may be told, and no item is too large.
func TestOnlyTextsThatMayBeToldLeaveTheHome(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var list []Seen
		for d := range rapid.IntRange(1, 40).Draw(r, "devices") {
			seen := Seen{Device: home.DeviceID(fmt.Sprint("device", d)), Identity: home.Identity{Model: strings.Repeat("m", 500), Vendor: "\u202e" + strings.Repeat("v", 500)}}
			for i := range rapid.IntRange(0, 300).Draw(r, "tokens") {
				text := rapid.SampledFrom([]string{"anna's lamp", "1,3,6", "udhcp 1.22", strings.Repeat("long ", 80), "_hap._tcp", ""}).Draw(r, "text")
				seen.Tokens = append(seen.Tokens, Token{Hash: uint64(i), Clue: byte(i), Telling: wire.Telling(rapid.IntRange(0, 12).Draw(r, "telling")), Text: text})
			}
			list = append(list, seen)
		}
		var s Sights
		out := s.Changes(monday, list)
		if told(out) != len(list) {
			r.Fatalf("%d of %d devices told", told(out), len(list))
		}
		for _, m := range out {
			if n := proto.Size(m); n > wire.MaxReport/2 {
				r.Fatalf("%d bytes", n)
			}
			for _, d := range m.GetDevices() {
				for _, token := range d.GetTokens() {
					if token.GetText() != "" && !wire.MayTell(wire.Telling(token.GetTelling()), token.GetText()) {
						r.Fatalf("%q left the home", token.GetText())
					}
				}
				if len(d.GetTokens()) > maxTokens || len(d.GetVendor()) > maxName || strings.Contains(d.GetVendor(), "\u202e") {
					r.Fatalf("%v", d)
				}
			}
		}
	})
}

func TestADevicesIdentityIsToldWithinBounds(t *testing.T) {
	long := strings.Repeat("so long ", 200)
	d := &home.Device{ID: "camera", Identity: home.Identity{Model: "Example Cam", Class: home.ClassCamera, Confidence: 0.98765, By: "rules", Evidence: []string{long, long, long, long, long, long}}}
	w := Who{Strictest: home.ClassHub}
	for i := range 40 {
		w.Exposures = append(w.Exposures, home.Exposure{ID: fmt.Sprint(i), Kind: home.ExposedTelnet, Port: 23, Sentence: long, Advice: long,
			Evidence: []string{long, long, long, long, long}, Protect: []home.Protection{home.ProtectNoLAN}, Last: monday.Add(59 * time.Minute)})
		w.Behind = append(w.Behind, Behind{Name: long, Identity: home.Identity{Evidence: []string{long, long, long}}})
		w.Aliases = append(w.Aliases, Alias{Device: "old", MACs: []home.MAC{{2}}, Why: []string{long, long, long, long, long}, Confidence: 2})
		w.Protections = append(w.Protections, Protection{home.ProtectClose, home.PortRule{Proto: home.ProtoTCP, Port: 80}})
	}
	m := Device(d, Held{Who: w})
	if m.GetModel() != "Example Cam" || m.GetClass() != "camera" || m.GetConfidence() != 0.99 || m.GetStrictest() != "hub" || m.GetIdentifiedBy() != "rules" ||
		len(m.GetEvidence()) != maxEvidence {
		t.Errorf("%v", m)
	}
	if e := m.GetExposures()[0]; e.GetLast() != Millis(monday) || e.GetPort() != 23 || e.GetProtect()[0] != "no-lan" {
		t.Errorf("%v", e)
	}
	if p := m.GetProtections()[0]; p.GetProto() != "tcp" || p.GetPort() != 80 || p.GetKind() != "close" {
		t.Errorf("%v", p)
	}
	if n := proto.Size(m); n > MaxItem {
		t.Errorf("%d bytes", n)
	}
}
