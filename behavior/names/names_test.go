package names

import (
	"math"
	"testing"
	"unsafe"
)

func TestSize(t *testing.T) {
	if got := unsafe.Sizeof(walk{}); got > 1600 {
		t.Errorf("%d bytes, at most 1600 were meant", got)
	}
}

// The numbers of the walk: made-up names need 4, others 8, and a device of whose zones two in three exist drifts down.
func TestOdds(t *testing.T) {
	if n := math.Ceil(threshold / made); n != 4 {
		t.Errorf("made-up names: %v", n)
	}
	if n := math.Ceil(threshold / plain); n != 8 {
		t.Errorf("other names: %v", n)
	}
	if plain+2*exists >= 0 {
		t.Error("a device of whose zones two in three exist drifts up")
	}
}

func TestRandom(t *testing.T) {
	for s, want := range map[string]bool{
		"qzxkvwtrpl": true, "a3f9c01be77d": true, "xjwqkzvt": true, "k7d2m9x4p1": true,
		"google": false, "doubleclick": false, "amazonaws": false, "wikipedia": false, "tplinkcloud": false, "springfield": false, "netflix": false,
		"xn--bcher-kva": false, "office365": false, "akamaihd": false,
	} {
		if got := random(s); got != want {
			t.Errorf("%s: %v, want %v", s, got, want)
		}
	}
}

func TestPublic(t *testing.T) {
	for name, want := range map[string]bool{
		"qzxkvwtrpl.com": true, "www.qzxkvwtrpl.co.uk": true, "4.3.2.1.in-addr.arpa": false, "printer.local": false, "wpad.example.com": false,
		"2.0.0.127.zen.spamhaus.org": false, "_sip._tcp.example.com": false, "nas.home": false, "360.cn": true,
	} {
		if got := public(name, "example.com"); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
