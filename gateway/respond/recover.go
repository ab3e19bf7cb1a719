package respond

import (
	"time"

	"cardea/home"
	"cardea/say"
)

// Recover holds a device as it was held before, of which nothing else is known any more: in a mode, with ports that nobody (shut) or nobody
// from the internet (closed) reaches. It is a case of its own, which people see and may end.
func (r *Responder) Recover(d home.DeviceID, mode home.Mode, shut, closed []home.PortRule, why string, now time.Time) {
	r.act(func() {
		if mode.Rank() < 0 {
			mode = home.ModeQuarantine // of a newer version, perhaps: no less than it was
		}
		c := r.primary(d)
		if c == nil {
			c = r.personal(d, now)
		}
		for _, p := range shut {
			r.deed(c, home.Deed{Kind: home.DeedShut, Port: p, Said: say.New("It was kept shut before.")}, now)
		}
		for _, p := range closed {
			r.deed(c, home.Deed{Kind: home.DeedMapping, Port: p, Said: say.New("It was kept closed to the internet before.")}, now)
		}
		if isolates(mode) {
			r.contain(c, now, mode, ByGateway, theirs(why))
			return
		}
		r.move(c, now, home.StateOpen, home.ModeOff, ByGateway, theirs(why))
	})
}
