package gateway

import (
	"time"

	"cardea/home"
)

// anchors knows on which bridge port each device belongs, so that a frame with a neighbour's MAC from another port is
// not taken for the neighbour. A device that moves is believed after it was silent on its old port for anchorMoves, and
// what comes in then is no hard evidence for another anchorTrusts. Used by the pipeline only.
type anchors map[home.DeviceID]*anchor

type anchor struct {
	port      string
	seen      time.Time // last on port
	elsewhere time.Time // first elsewhere since then
	since     time.Time // when port became the anchor; zero for the first port
}

const (
	anchorMoves  = time.Minute
	anchorTrusts = 10 * time.Minute
)

// seen notes a frame of a device and says whether it proves anything about it.
func (a anchors) seen(id home.DeviceID, port string, now time.Time) bool {
	if port == "" {
		return false
	}
	n := a[id]
	if n == nil {
		a[id] = &anchor{port: port, seen: now}
		return true
	}
	if n.seen.Sub(now) > anchorMoves { // the clock was set back
		n.seen, n.elsewhere = time.Time{}, time.Time{}
	}
	if n.since.After(now) {
		n.since = now
	}
	if n.port == port {
		n.seen, n.elsewhere = now, time.Time{}
		return n.since.IsZero() || now.Sub(n.since) >= anchorTrusts
	}
	if n.elsewhere.IsZero() {
		n.elsewhere = now
	}
	if now.Sub(n.seen) >= anchorMoves && now.Sub(n.elsewhere) >= anchorMoves {
		*n = anchor{port: port, seen: now, since: now}
	}
	return false
}

// forged says whether a frame from a port cannot be the device's own, since that is heard where it belongs.
func (a anchors) forged(id home.DeviceID, port string, now time.Time) bool {
	n := a[id]
	return n != nil && n.port != port && now.Sub(n.seen) < anchorMoves
}

// restore puts back where devices belonged before a restart: whoever speaks first with a neighbour's address is not
// taken for it.
func (a anchors) restore(ports map[home.DeviceID]string) {
	for id, port := range ports {
		if port != "" {
			a[id] = &anchor{port: port}
		}
	}
}

// ports is what restore takes.
func (a anchors) ports() map[home.DeviceID]string {
	out := make(map[home.DeviceID]string, len(a))
	for id, n := range a {
		out[id] = n.port
	}
	return out
}

// merge takes what is known of where a device was heard last to the one that it is now.
func (a anchors) merge(into, from home.DeviceID) {
	if n := a[from]; n != nil && (a[into] == nil || a[into].seen.Before(n.seen)) {
		a[into] = n
	}
	delete(a, from)
}

// owner is the device that a port belongs to, other than one; "" where there is none, or more than one.
func (a anchors) owner(port string, other home.DeviceID) (id home.DeviceID) {
	for d, n := range a {
		if n.port != port || d == other {
			continue
		}
		if id != "" {
			return ""
		}
		id = d
	}
	return id
}

// keep drops anchors of devices that are no longer known.
func (a anchors) keep(known func(home.DeviceID) bool) {
	for id := range a {
		if !known(id) {
			delete(a, id)
		}
	}
}
