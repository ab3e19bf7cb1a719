package gateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"time"

	"cardea/behavior/profile"
	"cardea/gateway/judge"
	"cardea/gateway/ledger"
	"cardea/home"
)

// Looking back: what was contacted before it was known as bad. When lists, what homes agree on or the profiles have changed, the
// ledger's contacts are judged again: by lists, and by the profiles of models that were learnt since from homes enough, or are known from
// twice as many. What a profile no longer knows is not told of the past: mostly it only grew old.
const (
	huntBack  = 30 * 24 * time.Hour
	huntWait  = 10 * time.Second // after a change: more may follow
	huntEvery = time.Minute      // at most
	huntMost  = 32               // findings of one hunt
)

// hunts looks back after each change until ctx ends.
func (g *Gateway) hunts(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.lookBack:
		}
		if !sleep(ctx, huntWait) {
			return nil
		}
		select { // a change within the minute is looked at now
		case <-g.lookBack:
		default:
		}
		if err := g.hunt(ctx); err != nil && ctx.Err() == nil {
			g.log.Warn("looking back", "err", err)
		}
		if !sleep(ctx, huntEvery) {
			return nil
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// changedIntel asks for a look back; it never blocks.
func (g *Gateway) changedIntel() {
	select {
	case g.lookBack <- struct{}{}:
	default:
	}
}

// hunt judges the ledger's contacts again and tells what is new.
func (g *Gateway) hunt(ctx context.Context) error {
	h := g.judge.Hunt(huntMost)
	g.mu.Lock()
	now := map[home.DeviceID]scored{}
	h.Past = g.judge.Past(g.observer.Devices(), g.now(), func(d home.DeviceID, l profile.Level, homes uint32) bool {
		was, is := g.scored[d], scored{l.String(), homes}
		if homes < profile.MinHomes || was.Model == is.Model && homes < 2*was.Homes {
			if was.Model == is.Model {
				now[d] = was
			}
			return false
		}
		now[d] = is
		return true
	})
	g.mu.Unlock()
	err := g.ledger.Query(ctx, ledger.Query{From: g.now().Add(-huntBack)}, func(c *home.Contact) bool {
		h.Contact(c)
		return ctx.Err() == nil
	})
	if err != nil {
		return err
	}
	found := h.Findings()
	g.count("hunts", 1)
	g.count("hunts_left_out", uint64(h.Left))
	g.mu.Lock()
	defer g.mu.Unlock()
	g.tellPast(found)
	if h.Past != nil {
		g.scored = now
	}
	return nil
}

// scored is by what a device's past was judged.
type scored struct {
	Model string `json:"model"`
	Homes uint32 `json:"homes"`
}

// tellPast tells what was found of the past, each once. The lock is held.
func (g *Gateway) tellPast(found []*home.Finding) {
	now := g.now()
	for _, f := range found {
		d := g.observer.Borrow(f.Device)
		if d == nil || !g.hunted.first(huntedKey(f.Device, judge.Cause(f)), now) {
			continue // the device is gone, or its owner was told already
		}
		f.MAC, f.Time = d.MAC, now
		if f.Detector == home.DetectNovelty {
			g.judge.Doubt(f)
		}
		g.Find(f)
	}
}

// hunted is what was told of the past, and when: it is kept as long as the ledger is, and as the device is known, across restarts. What a
// device met stands in no file: a key is the device and a hash of both.
type hunted map[string]time.Time

const huntedHash = 12 // bytes

func huntedKey(d home.DeviceID, cause string) string {
	sum := sha256.Sum256(fmt.Append(nil, d, " ", cause))
	return string(d) + " " + hex.EncodeToString(sum[:huntedHash])
}

// restored is what an older program may have written, with what devices met in plain text.
func (h hunted) restored() hunted {
	out := hunted{}
	for key, at := range h {
		d, what, _ := strings.Cut(key, " ")
		if b, err := hex.DecodeString(what); err != nil || len(b) != huntedHash {
			key = huntedKey(home.DeviceID(d), what)
		}
		out[key] = at
	}
	return out
}

// keep forgets devices that are gone.
func (h hunted) keep(known map[home.DeviceID]bool) {
	maps.DeleteFunc(h, func(key string, _ time.Time) bool {
		d, _, _ := strings.Cut(key, " ")
		return !known[home.DeviceID(d)]
	})
}

const maxHunted = 1024

// first notes a key; false: it is known.
func (h hunted) first(key string, now time.Time) bool {
	if at, ok := h[key]; ok && now.Sub(at) < huntBack+huntBack/30 {
		return false
	}
	if len(h) >= maxHunted {
		maps.DeleteFunc(h, func(_ string, at time.Time) bool { return now.Sub(at) > huntBack })
		if len(h) >= maxHunted {
			return false // more than a home can be told
		}
	}
	h[key] = now
	return true
}
