package fleet

import (
	"slices"
	"time"

	"cardea/home"
	"cardea/wire/pb"
)

// Kind is what somebody of staff found out that devices are.
type Kind struct{ Model, Vendor, Class string }

// Named is what those devices are of one cluster that somebody named.
func (f Filling) Named() Kind { return Kind{"Kestrel Feeder 1", "Kestrel", "appliance"} }

// Listed are the made-up servers of a version of the lists, the first of 0; each version has some more.
func (f Filling) Listed(version int) []string {
	return slices.Clone(campaigns[:min(len(campaigns), 2+version)])
}

// Tried is the version of the lists that homes judge by without acting.
const Tried = 3

// triedMeet is how many homes have a device that calls what the tried version lists and the one in force does not.
const triedMeet = 0.08

// tried makes up what the tried version would have stopped in a home.
func (f Filling) tried(r *random, m *Made, devices []*pb.Device) {
	if len(devices) == 0 || !r.chance(triedMeet) {
		return
	}
	more := f.Listed(Tried)[len(f.Listed(Tried-2)):]
	d := devices[r.under(len(devices))]
	for _, class := range []home.DeviceClass{home.ClassTV, home.ClassComputer} { // the new source errs about them most
		if i := slices.IndexFunc(devices, func(d *pb.Device) bool { return d.GetClass() == string(class) }); i >= 0 && r.chance(0.8) {
			d = devices[i]
			break
		}
	}
	first := f.Now.Add(-time.Duration(10+r.under(30)) * time.Hour)
	h := &pb.ShadowHit{Device: d.GetId(), Model: d.GetModel(), What: more[0], Count: uint64(1 + r.under(40)), First: first.UnixMilli(), Last: first.Add(time.Duration(r.under(9*60)) * time.Minute).UnixMilli()}
	if r.chance(0.3) {
		h.What = more[len(more)-1]
	}
	m.Shadow = append(m.Shadow, h)
}
