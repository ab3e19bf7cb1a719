package behavior_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"cardea/behavior"
	"cardea/home"
)

const nxDomain = 3

// letters makes a label as generators do.
func letters(r *rand.Rand, n int, from string) string {
	var b strings.Builder
	for range n {
		b.WriteByte(from[r.IntN(len(from))])
	}
	return b.String()
}

// What generators of well-known families make: random letters (Conficker, Necurs), letters and digits (Murofet's kin), hexadecimal
// (as of a hash), joined words (Suppobox, Matsnu). Ten names are the most that it may take.
func TestGeneratedNames(t *testing.T) {
	words := strings.Fields("table river market stone window garden paper winter silver candle forest bridge shoulder morning")
	tops := []string{"com", "net", "ru", "info", "biz", "org"}
	for _, v := range []struct {
		name string
		make func(r *rand.Rand) string
	}{
		{"letters", func(r *rand.Rand) string {
			return letters(r, 8+r.IntN(8), "abcdefghijklmnopqrstuvwxyz") + "." + tops[r.IntN(6)]
		}},
		{"letters and digits", func(r *rand.Rand) string {
			return letters(r, 14, "abcdefghijklmnopqrstuvwxyz0123456789") + "." + tops[r.IntN(6)]
		}},
		{"hexadecimal", func(r *rand.Rand) string { return letters(r, 16, "0123456789abcdef") + "." + tops[r.IntN(6)] }},
		{"words", func(r *rand.Rand) string {
			return words[r.IntN(len(words))] + words[r.IntN(len(words))] + "." + tops[r.IntN(6)]
		}},
		{"below dynamic DNS", func(r *rand.Rand) string { return letters(r, 10, "abcdefghijklmnopqrstuvwxyz") + ".ddns.net" }},
	} {
		t.Run(v.name, func(t *testing.T) {
			worst := 0
			for seed := range uint64(100) {
				s, r, n := newStage(t, behavior.Config{}), rand.New(rand.NewPCG(seed, 1)), 0
				for ; len(s.found) == 0 && n < 30; n++ {
					s.after(time.Second).lookup(5, v.make(r), nxDomain)
				}
				f := s.want(home.DetectNames, home.Soft)
				if len(f.Symptom.Names) == 0 || f.Card == nil {
					t.Fatalf("incomplete: %+v", f)
				}
				worst = max(worst, n)
			}
			if worst > 10 {
				t.Errorf("takes up to %d names, want at most 10", worst)
			}
			t.Logf("at most %d names", worst)
		})
	}
}

// What is asked for in vain in real homes.
func TestNoGeneratedNames(t *testing.T) {
	for _, v := range []struct {
		name string
		ask  func(s *stage, i int, r *rand.Rand)
	}{
		{"a browser's random probes", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, letters(r, 10, "abcdefghijklmnopqrstuvwxyz"), nxDomain)
		}},
		{"the same under a search list", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, letters(r, 10, "abcdefghijklmnopqrstuvwxyz")+".office.example.com", nxDomain)
		}},
		{"names that the router's search list makes wrong", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("host%d.site%d.com.belkin", i, i), nxDomain)
		}},
		{"reverse look-ups", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("%d.1.168.192.in-addr.arpa", i), nxDomain)
		}},
		{"names of the home", func(s *stage, i int, r *rand.Rand) { s.lookup(5, fmt.Sprintf("printer%d.local", i), nxDomain) }},
		{"a mail server asks block lists", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("%d.2.0.192.bl%d.example%d.org", i, i, i%50), nxDomain)
		}},
		{"proxies looked for in many domains", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("wpad.office%d.com", i), nxDomain)
		}},
		{"its dead cloud, again and again", func(s *stage, i int, r *rand.Rand) { s.lookup(5, "qzxkvwtrpl.com", nxDomain) }},
		{"advertisers that a resolver hides, between sites that exist", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("track.ads%d.com", i), nxDomain)
			s.lookup(5, fmt.Sprintf("news%d.com", i), 0)
		}},
		{"a person mistypes one name of four", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("newspaper%d.com", i), uint8(nxDomain*(1-min(i%4, 1))))
		}},
		{"a few a day that are gone", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, fmt.Sprintf("oldcloud%d.com", i), nxDomain)
			s.wait(20 * time.Minute)
		}},
		{"names that our own resolver refused", func(s *stage, i int, r *rand.Rand) {
			o := &home.Observation{Event: &home.Event{Kind: home.EventLookup, Lookup: &home.Lookup{
				Question: letters(r, 12, "abcdefghijklmnopqrstuvwxyz") + ".com", Answer: true, Rcode: nxDomain, Blocked: true}}, Device: device(5)}
			s.see(o)
		}},
		{"a resolver that fails", func(s *stage, i int, r *rand.Rand) {
			s.lookup(5, letters(r, 12, "abcdefghijklmnopqrstuvwxyz")+".com", 2)
		}},
	} {
		t.Run(v.name, func(t *testing.T) {
			s, r := newStage(t, behavior.Config{}), rand.New(rand.NewPCG(1, 1))
			for i := range 150 {
				v.ask(s, i, r)
				s.after(2 * time.Second)
			}
			s.wantNothing()
		})
	}
}
