package gateway

import (
	"cardea/home"
	"cardea/identity"
	"cardea/wire"
)

// tellings are the clues whose text may leave the home: they say what a product is, nothing of its owner.
var tellings = map[identity.Clue]wire.Telling{
	identity.ClueMaker: wire.TellMaker, identity.ClueDHCPParams: wire.TellParams, identity.ClueDHCPVendor: wire.TellVendor,
	identity.ClueService: wire.TellService, identity.ClueSSDPType: wire.TellSSDP, identity.ClueJA4: wire.TellJA4, identity.ClueOffers: wire.TellPort,
	identity.ClueSYN: wire.TellSYN,
}

// maxTexts bounds the texts that are remembered; further tokens are told by their hash alone.
const maxTexts = 4096

// texts are what was hashed into tokens, for clues that may be told.
type texts map[uint64]string

// gather remembers what an observation's clues say, where that may leave the home and is what the token was made of.
func (t texts) gather(o *home.Observation) {
	switch o.Kind {
	case home.EventFlow, home.EventName, home.EventLease, home.EventAnnounce, home.EventServed:
	default:
		return
	}
	identity.Sightings(o, func(s identity.Sighting) {
		if tellings[s.Clue] == 0 || len(t) >= maxTexts || len(s.Value) > wire.MaxToken {
			return
		}
		h := identity.TokenOf(s, nil).Hash
		if _, known := t[h]; !known && h == wire.TokenHash(byte(s.Clue), s.Value) {
			t[h] = string([]byte(s.Value))
		}
	})
}

// text is what a token was made of, and as what it may be told; 0 when it may not.
func (w *who) text(k identity.Token) (wire.Telling, string) {
	text, ok := w.texts[k.Hash]
	if kind := tellings[k.Clue]; ok && wire.MayTell(kind, text) {
		return kind, text
	}
	return 0, ""
}
