package rooms

import (
	"context"
	"strings"
	"time"

	"cardea/behavior/profile"
	"cardea/home"
	"cardea/intel"
)

// levels says of what level each device of some homes is, as the fleet knows it.
func (r *Rooms) levels(ctx context.Context, homes []home.Place) (map[home.Place]map[string]profile.Level, error) {
	all, err := r.Fleet.Labels(ctx, homes)
	if err != nil {
		return nil, err
	}
	out := make(map[home.Place]map[string]profile.Level, len(all))
	for p, devices := range all {
		out[p] = make(map[string]profile.Level, len(devices))
		for id, l := range devices {
			out[p][id] = profile.Level{Class: home.DeviceClass(l.Class), Vendor: l.Vendor, Model: l.Model}
		}
	}
	return out, nil
}

// vendorDomains are the keys of the domains that are a level's vendor's own by our table, on the ports by which devices reach them.
func vendorDomains(l profile.Level) (out []uint64) {
	if l.Vendor == "" {
		return nil
	}
	for _, d := range intel.Domains(l.Vendor) {
		for _, at := range []struct {
			port  uint16
			proto string
		}{{443, "tcp"}, {443, "udp"}, {8883, "tcp"}, {123, "udp"}} {
			out = append(out, home.HashPort(d, at.port, at.proto))
		}
	}
	return out
}

// neverListed says whether a name must never become an indicator because homes say so: what is a known service of anybody.
func neverListed(name string) bool {
	_, known := intel.Service(strings.ToLower(name))
	return known
}

// HuntBack is how far back homes' first times and roll-ups are asked.
const HuntBack = 30 * 24 * time.Hour
