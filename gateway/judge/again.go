package judge

import (
	"fmt"
	"net/netip"
	"time"

	"cardea/behavior/usual"
	"cardea/home"
	"cardea/say"
)

// Again judges a contact of the past by what is known today. It returns a soft finding where the endpoint is known as malware
// now and was not then; nil: nothing new. It may be called from any goroutine. What came from outside, and a mere look-up, are
// nothing: see observeListed.
func (j *Judge) Again(c *home.Contact) *home.Finding {
	if c.Local || c.Inbound || c.Lookup || c.Flows == 0 || c.Listed != nil {
		return nil
	}
	v := j.endpoint(j.policy.Load(), c.Device, &c.Endpoint, false)
	if v.Listed == nil || v.Listed.Class != home.ClassMalware || v.Action != home.Block {
		return nil
	}
	return past(c, v.Listed)
}

// past is the finding of a contact of the past with an indicator.
func past(c *home.Contact, ind *home.Indicator) *home.Finding {
	what, symptom := c.Endpoint.Name, home.Symptom{Detector: home.DetectIndicator}
	if what != "" {
		symptom.Names = []string{what}
	} else {
		what, symptom.Addrs = c.Endpoint.IP.String(), []netip.Addr{c.Endpoint.IP.Unmap()}
	}
	said := say.New("contacted {0} on {1:day} at {1:clock} UTC, which list {2} names as {3} since then", say.Text(what), say.Time(c.Last),
		say.Text(ind.Source), family(ind))
	return &home.Finding{
		Device: c.Device, Detector: home.DetectIndicator, Strength: home.Soft, Score: float64(ind.Confidence), Symptom: symptom,
		Sentence: say.English(said), Said: said,
		Facts: map[string]any{
			"indicator": ind.Value, "kind": ind.Kind.String(), "family": ind.Family, "source": ind.Source, "confidence": ind.Confidence,
			"contacts": c.Flows, "first": c.First, "last": c.Last, "address": c.Endpoint.IP.String(), "port": c.Endpoint.Port, "retrospective": true, "proven": false,
		},
		Card: &home.Card{Blocks: []string{what}, Seen: []home.Seen{seen(c)}},
	}
}

func seen(c *home.Contact) home.Seen {
	return home.Seen{Endpoint: c.Endpoint, Flows: c.Flows, Failed: c.Failed, Up: c.Up, Down: c.Down, First: c.First, Last: c.Last}
}

// Hunt gathers what Again, and where Past is set that, find in contacts given one after the other: one finding for each device and
// indicator or cause, with its contacts as evidence. At most most findings.
type Hunt struct {
	Past *usual.Past // what has been learnt of models since; nil: nothing

	judge *Judge
	by    func(*home.Contact) (home.Indicator, bool) // what is looked for; nil: what is listed
	most  int
	found map[huntKey]*home.Finding
	order []huntKey
	Left  int // findings beyond most
}

type huntKey struct {
	device home.DeviceID
	value  string
}

// Cause is what findings of the past about one device are told once for: an indicator, or what nobody of its model does.
func Cause(f *home.Finding) string {
	if f.Detector == home.DetectNovelty && f.Card != nil && len(f.Card.Seen) > 0 {
		return fmt.Sprintf("normal %x", usual.CauseOf(&f.Card.Seen[0].Endpoint))
	}
	return fmt.Sprint(f.Facts["indicator"])
}

// cardSeen is how many contacts a card has at most.
const cardSeen = 8

// Hunt begins one.
func (j *Judge) Hunt(most int) *Hunt {
	return &Hunt{judge: j, most: most, found: map[huntKey]*home.Finding{}}
}

// Contact takes one of the past.
func (h *Hunt) Contact(c *home.Contact) {
	f := h.find(c)
	if f == nil {
		return
	}
	k := huntKey{c.Device, Cause(f)}
	was := h.found[k]
	if was == nil {
		if len(h.found) >= h.most {
			h.Left++
			return
		}
		h.found[k] = f
		h.order = append(h.order, k)
		return
	}
	was.Facts["contacts"] = was.Facts["contacts"].(uint64) + c.Flows
	if c.Last.After(was.Facts["last"].(time.Time)) {
		was.Facts["last"], was.Sentence, was.Said = c.Last, f.Sentence, f.Said
	}
	if len(was.Card.Seen) < cardSeen {
		was.Card.Seen = append(was.Card.Seen, seen(c))
	}
}

// Findings are what was found, in the order of the first contact.
func (h *Hunt) Findings() (out []*home.Finding) {
	for _, k := range h.order {
		out = append(out, h.found[k])
	}
	return out
}
