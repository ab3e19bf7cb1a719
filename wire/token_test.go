package wire_test

import (
	"hash/fnv"
	"strings"
	"testing"

	"cardea/wire"

	"pgregory.net/rapid"
)

func TestOnlyTextsThatHoldNoPersonsWordsMayLeaveAHome(t *testing.T) {
	for _, c := range []struct {
		kind wire.Telling
		text string
		may  bool
	}{
		{wire.TellMaker, "Belkin International Inc.", true},
		{wire.TellParams, "1,3,6,12,15,28,42", true},
		{wire.TellParams, "v6 21,22,#", true},
		{wire.TellParams, "1,3,6,anna", false},
		{wire.TellVendor, "udhcp 1.22.1", true},
		{wire.TellVendor, "<script>", false},
		{wire.TellService, "_hap._tcp", true},
		{wire.TellService, "Anna's lamp._hap._tcp", false},
		{wire.TellSSDP, "urn:Belkin:device:controllee:1", true},
		{wire.TellSSDP, "uuid:Socket-1_0-221438K0100073", false},
		{wire.TellJA4, "t13d1516h2_8daaf6152771_e5627efa2ab1", true},
		{wire.TellPort, "49153/tcp", true},
		{wire.TellSYN, "64:M1460,S,T,N,W6", true},
		{0, "host-of-anna", false},
		{99, "anything", false},
		{wire.TellJA4, "", false},
		{wire.TellJA4, strings.Repeat("a", wire.MaxToken+1), false},
		{wire.TellMaker, "line\nbreak", false},
		{wire.TellMaker, "\xff", false},
	} {
		if got := wire.MayTell(c.kind, c.text); got != c.may {
			t.Errorf("%d %q: %v", c.kind, c.text, got)
		}
	}
}

func TestATokensHashIsFNV(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		clue, value := rapid.Byte().Draw(r, "clue"), rapid.String().Draw(r, "value")
		h := fnv.New64a()
		h.Write([]byte{clue})
		h.Write([]byte(value))
		if got := wire.TokenHash(clue, value); got != h.Sum64() {
			r.Fatalf("%x, want %x", got, h.Sum64())
		}
	})
}
