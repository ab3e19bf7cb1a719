package fleet

import (
	"fmt"
	"strings"
	"time"

	"cardea/behavior/endpoint"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

// How much is made up of what devices use.
const (
	tellsUse    = 0.22 // of homes tell what their devices use in which week; homes of the outbreak do as well
	tellsNames  = 0.15 // of those also tell what is called how
	tellsHours  = 0.1  // of homes tell how much of it in an hour of each day; homes of the outbreak do as well
	useWeeks    = 6    // before the present one
	useDays     = 7    // with today
	outbreak    = 0.3  // of the devices of the model that it is among
	outbreakOf  = "DVR 8"
	outbreakTo  = "c2.harbour.example" // one of the campaigns
	outbreakAge = 10                   // days since the first
	movedAge    = 19                   // days since makers of some models moved to another service
)

// contact is a server that devices of a model use.
type contact struct {
	name string
	port uint16
}

// contacts are those of a model: its maker's, and one of its own.
func (m model) contacts() []contact {
	maker := strings.ToLower(m.vendor) + ".example" // RFC 2606: nobody's
	return []contact{{"api." + maker, 443}, {"time." + maker, 123}, {strings.ReplaceAll(strings.ToLower(m.name), " ", "-") + ".devices." + maker, 8883}}
}

// moved is the service that some makers' devices began to use not long ago, with a new program of theirs; the zero contact for others.
func (m model) moved() contact {
	if len(m.name)%3 != 0 {
		return contact{}
	}
	return contact{"cloud2." + strings.ToLower(m.vendor) + ".example", 443}
}

// text is how gateways write it.
func (c contact) text() string {
	proto := "tcp"
	if c.port == 123 {
		proto = "udp"
	}
	return fmt.Sprintf("%s:%d/%s", c.name, c.port, proto)
}

// chain names a server as gateways do.
func (c contact) chain() endpoint.Chain {
	proto := "tcp"
	if c.port == 123 {
		proto = "udp"
	}
	labels := strings.Split(c.name, ".")
	return endpoint.Of(&home.Endpoint{Name: c.name, Domain: strings.Join(labels[len(labels)-2:], "."), Port: c.port, Proto: proto}, false, false)
}

// used is what a device uses: of so many days before now on.
type used struct {
	chain endpoint.Chain
	name  string
	days  int
}

// uses makes up what devices contact. hours: how much as well.
func (f Filling) uses(r *random, m *Made, devices []*pb.Device, models []model, hours bool) {
	all, ill := make([][]used, len(devices)), false
	for i, d := range devices {
		if models[i].name == "" {
			continue // nobody knows what it is
		}
		if !home.DeviceClass(d.GetClass()).Personal() {
			for _, c := range models[i].contacts() {
				all[i] = append(all[i], used{c.chain(), c.text(), 7 * useWeeks})
			}
			if c := models[i].moved(); c.name != "" {
				all[i] = append(all[i], used{c.chain(), c.text(), r.under(movedAge)})
			}
		}
		if models[i].name == outbreakOf && r.chance(outbreak) {
			ill = true
			all[i] = append(all[i], used{contact{outbreakTo, 443}.chain(), "", r.under(outbreakAge)})
		}
	}
	if ill || r.chance(tellsUse) {
		f.firstTimes(r, m, devices, all)
	}
	if ill || hours {
		f.hours(r, m, devices, models, all)
	}
}

// firstTimes are the weeks in which devices used what they use.
func (f Filling) firstTimes(r *random, m *Made, devices []*pb.Device, all [][]used) {
	out, names := &pb.FirstTimes{Scheme: home.CollapseScheme}, r.chance(tellsNames)
	now := wire.Week(f.Now)
	for i, d := range devices {
		for _, u := range all[i] {
			first := max(wire.Week(f.Now.AddDate(0, 0, -u.days)), wire.Week(time.UnixMilli(d.GetFirst())))
			for week := first; week <= now; week++ {
				t := &pb.FirstTime{Device: d.GetId(), Week: week, Renewed: week > first, Endpoint: u.chain.Keys[endpoint.Host], Domain: u.chain.Keys[endpoint.Domain],
					Network: u.chain.Keys[endpoint.Network], Service: u.chain.Keys[endpoint.Service], Flags: uint32(u.chain.Flags)}
				if t.Renewed {
					t.Days, t.Active = 7, 7
				}
				if names && week == now {
					t.Name = u.name
				}
				out.FirstTimes = append(out.FirstTimes, t)
			}
		}
	}
	if len(out.GetFirstTimes()) > 0 {
		m.Told = append(m.Told, Told{m.Seen, &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: out}}})
	}
}

// hours are one of each day of the week: how much devices moved, and of those that are not a person's what they used.
func (f Filling) hours(r *random, m *Made, devices []*pb.Device, models []model, all [][]used) {
	for ago := range useDays {
		at := f.Now.AddDate(0, 0, -ago).Add(-time.Duration(r.under(60)) * time.Minute)
		if at.Before(m.Created) || at.After(m.Seen) {
			continue
		}
		told := &pb.RollUp{Scheme: home.CollapseScheme}
		for i, d := range devices {
			if at.UnixMilli() < d.GetFirst() || models[i].class.Personal() && ago > 0 {
				continue
			}
			h := &pb.DeviceHour{Device: d.GetId(), Hour: at.Truncate(time.Hour).UnixMilli(), Up: uint64(r.under(9_000_000)), Down: uint64(r.under(90_000_000))}
			for _, u := range all[i] {
				if u.days >= ago {
					h.Usage = append(h.Usage, &pb.Usage{Endpoint: u.chain.Keys[endpoint.Host], Flows: uint64(1 + r.under(40)), Up: h.Up / 8, Down: h.Down / 8})
				}
			}
			told.Hours = append(told.Hours, h)
		}
		if len(told.GetHours()) > 0 {
			m.Told = append(m.Told, Told{at, &pb.Item{Body: &pb.Item_RollUp{RollUp: told}}})
		}
	}
}
