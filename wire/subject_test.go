package wire_test

import (
	"strings"
	"testing"

	"cardea/home"
	"cardea/wire"

	"pgregory.net/rapid"
)

func places() *rapid.Generator[home.Place] {
	id := rapid.StringMatching(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	return rapid.Custom(func(t *rapid.T) home.Place {
		return home.Place{Tenant: id.Draw(t, "tenant"), Home: id.Draw(t, "home"), Gateway: id.Draw(t, "gateway")}
	})
}

func TestASubjectNamesItsPlace(t *testing.T) {
	gen := places()
	rapid.Check(t, func(t *rapid.T) {
		p := gen.Draw(t, "place")
		for s, rest := range map[string]string{
			wire.Up(p): "", wire.Beat(p): "", wire.Down(p): "", wire.Request(p, "desired"): "desired", wire.Answer(p, "q1"): "q1",
			wire.Inbox(p) + ".x": "x", "p.15." + strings.TrimPrefix(wire.Up(p), "t."): "",
		} {
			got, r, err := wire.ParseSubject(s)
			if err != nil || got != p || r != rest {
				t.Fatalf("%s: %v, %q, %v", s, got, r, err)
			}
		}
		got, err := wire.ParseSAN(wire.SAN(p))
		if err != nil || got != p {
			t.Fatal(got, err)
		}
	})
}

// matches is NATS' rule for wildcards, in its own words.
func matches(pattern, subject string) bool {
	a, b := strings.Split(pattern, "."), strings.Split(subject, ".")
	for i, tok := range a {
		switch {
		case tok == ">":
			return len(b) > i
		case i >= len(b) || tok != "*" && tok != b[i]:
			return false
		}
	}
	return len(a) == len(b)
}

func anyMatches(patterns []string, subject string) bool {
	for _, p := range patterns {
		if matches(p, subject) {
			return true
		}
	}
	return false
}

// No subject of one place is within the permissions of another, not even of one that shares its tenant or home.
func TestPermissionsAreOfOnePlaceOnly(t *testing.T) {
	gen := places()
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		if rapid.Bool().Draw(t, "same tenant") {
			b.Tenant = a.Tenant
		}
		if rapid.Bool().Draw(t, "same home") {
			b.Home = a.Home
		}
		own := []string{wire.Up(a), wire.Beat(a), wire.Request(a, "desired"), wire.Request(a, "renew"), wire.Answer(a, "q")}
		for _, s := range own {
			if !anyMatches(wire.MayPublish(a), s) {
				t.Fatalf("%s may not be published", s)
			}
			if a != b && anyMatches(wire.MayPublish(b), s) {
				t.Fatalf("%s may be published by %s", s, b)
			}
		}
		for _, s := range []string{wire.Down(a), wire.Inbox(a) + ".x", wire.Inbox(a) + ".x.y"} {
			if !anyMatches(wire.MaySubscribe(a), s) {
				t.Fatalf("%s may not be heard", s)
			}
			if a != b && anyMatches(wire.MaySubscribe(b), s) {
				t.Fatalf("%s may be heard by %s", s, b)
			}
			if anyMatches(wire.MayPublish(a), s) {
				t.Fatalf("%s may be published by the gateway itself", s)
			}
		}
	})
}

func FuzzParseSubject(f *testing.F) {
	for _, s := range []string{"", ".", "p", "p.1", "t.a.b.c", wire.Up(here), "p.3." + wire.Up(here), wire.Request(here, "x") + ".y", "t.*.*.*", "t.>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, _, err := wire.ParseSubject(s)
		if err == nil && (p.Check() != nil || !strings.Contains(s, p.Tenant+"."+p.Home+"."+p.Gateway)) {
			t.Fatalf("%q gives %v", s, p)
		}
		if err != nil && p != (home.Place{}) {
			t.Fatalf("%q: refused, and yet %v", s, p)
		}
	})
}

func FuzzParseSAN(f *testing.F) {
	for _, s := range []string{"", "cardea://", wire.SAN(here), wire.SAN(here) + "/", strings.ToUpper(wire.SAN(here)), "cardea://tenant/a/home/b/gateway/c", "https://x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := wire.ParseSAN(s)
		if err == nil && wire.SAN(p) != s {
			t.Fatalf("%q gives %v, which is named otherwise", s, p)
		}
		if err != nil && p != (home.Place{}) {
			t.Fatalf("%q: refused, and yet %v", s, p)
		}
	})
}
