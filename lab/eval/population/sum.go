package population

import (
	"context"
	"math"
	"time"

	"cardea/behavior/calibrate"
	"cardea/behavior/profile"
	"cardea/home"
)

// Run simulates a fleet.
func Run(ctx context.Context, o Options) (*Report, error) {
	s, err := newSim(o)
	if err != nil {
		return nil, err
	}
	if err := s.run(ctx); err != nil {
		return nil, err
	}
	r := s.report()
	if o.Attack {
		r.Scans, r.Calls = scanners(o.Seed), append(patient(o.Seed), s.clever()...)
	}
	return r, nil
}

func (s *sim) homes(yield func(*house) bool) {
	for _, sh := range s.shards {
		for _, h := range sh.houses {
			if !yield(h) {
				return
			}
		}
	}
}

func (s *sim) report() *Report {
	var homes []*house
	for h := range s.homes {
		homes = append(homes, h)
	}
	b := s.book
	r := &Report{Simulated: true, Note: Note, Homes: s.o.Homes, Days: s.o.Days, Seed: s.o.Seed, Tail: s.o.Tail, Models: len(s.w.models),
		DeviceDays: b.tally.deviceDays, Contacts: b.tally.contacts, HomeDays: b.tally.homeDays, Early: b.early, Guests: b.guests, Strangers: b.unknown,
		Alerts: alerts(homes, false), Own: alerts(homes, true), ByDetector: map[string]int{}}
	for _, u := range units {
		if u.Calibrates {
			r.Calibrating = append(r.Calibrating, u.Unit)
		} else {
			r.Judged = append(r.Judged, u.Unit)
		}
	}
	for d, n := range b.detector {
		r.ByDetector[string(d)] = n
	}
	for _, h := range homes {
		r.Devices += len(h.devices)
		for i := range h.devices {
			if h.devices[i].role == updated {
				r.updated++
			}
		}
	}
	r.Holiday = holiday(homes)
	if days := b.tally.judgedDays + b.tally.calibratingDays; days > 0 {
		r.Contained = float64(b.contains) / float64(days) * quarter
	}
	r.Detection, r.Lost, r.compared = s.detection(homes)
	r.Past = Past{b.tally.pastIll, b.tally.pastFalse}
	r.Normal, r.Only443 = s.normal(homes), s.only443(homes)
	r.Herd = s.herd(homes)
	r.Incidents = s.incidents()
	r.Outbreaks = []Outbreak{s.outbreak(homes, sickModel), s.outbreak(homes, sickWebModel)}
	r.League = s.league(homes)
	r.Unknown, r.Within = s.unknown(homes)
	if s.cloud.speaks() {
		r.Spoke = s.cloud.spoke + 1
	}
	r.Profiles.Shed = s.cloud.counts.Shed()
	if data, err := s.cloud.set.MarshalBinary(); err == nil {
		r.Profiles.Bytes = len(data)
	}
	for range s.cloud.set.Profiles() {
		r.Profiles.Levels++
	}
	r.Goals = r.goals()
	return r
}

// plagues yields the infections of devices that could be judged.
func (s *sim) plagues(homes []*house, yield func(*house, *device, *plague)) {
	for _, h := range homes {
		for i := range h.devices {
			if d := &h.devices[i]; d.plague != nil && d.plague.onset != 0 {
				yield(h, d, d.plague)
			}
		}
	}
}

// detection is the table of what was found, and by how many points less is found of those ill from the start in five of a hundred
// homes than of those that are ill with what no other home has.
func (s *sim) detection(homes []*house) (out []Detection, lost float64, of compared) {
	type key struct {
		scenario
		kind
	}
	rows, hours := map[key]*Detection{}, map[key][]float64{}
	spoke := int64(math.MaxInt64)
	if s.cloud.spoke > 0 {
		spoke = dayTime(s.cloud.spoke, 0).UnixNano()
	}
	s.plagues(homes, func(_ *house, _ *device, p *plague) {
		k := key{p.scenario, p.kind}
		row := rows[k]
		if row == nil {
			row = &Detection{Scenario: p.scenario.String(), Kind: p.kind.String()}
			rows[k] = row
		}
		row.Devices++
		if p.found == 0 {
			return
		}
		row.Found++
		if p.hard {
			row.Hard++
		}
		from := p.onset
		if p.by != home.DetectScanWAN && spoke < p.found {
			from = max(from, spoke)
		}
		hours[k] = append(hours[k], float64(p.found-from)/float64(time.Hour))
	})
	out = []Detection{}
	var five, alone [2]float64
	for sc := range scenarios {
		for kd := range kinds {
			row := rows[key{sc, kd}]
			if row == nil {
				continue
			}
			row.Share = float64(row.Found) / float64(row.Devices)
			row.Median, row.P95 = median(hours[key{sc, kd}]), quantile(hours[key{sc, kd}], 0.95)
			out = append(out, *row)
			switch {
			case kd == kindWorm:
			case sc == start5:
				five[0], five[1] = five[0]+float64(row.Found), five[1]+float64(row.Devices)
			case sc == startAlone:
				alone[0], alone[1] = alone[0]+float64(row.Found), alone[1]+float64(row.Devices)
			}
		}
	}
	// worms are found by hard evidence whoever else is ill: they would only hide what is lost
	of = compared{int(five[1]), int(alone[1]), int(alone[0])}
	if five[1] == 0 || alone[1] == 0 {
		return out, 0, of
	}
	return out, 100 * (alone[0]/alone[1] - five[0]/five[1]), of
}

// normal says how what came up stands in the end.
func (s *sim) normal(homes []*house) []Became {
	out := []Became{}
	count := func(what string, l profile.Level, found bool, ends ...*end) {
		var row *Became
		for i := range out {
			if out[i].What == what {
				row = &out[i]
			}
		}
		if row == nil {
			out = append(out, Became{What: what})
			row = &out[len(out)-1]
		}
		for _, e := range ends {
			row.Ends++
			if found {
				row.Found++
			}
			st, ok := s.cloud.set.For(l).Known(&e.chain)
			switch {
			case !ok:
			case st.Standing == profile.Pending:
				row.Pending++
			case st.Standing == profile.Normal:
				row.Normal++
				if found {
					row.WithFindings++
				}
			}
		}
	}
	for _, m := range s.w.models {
		for i := range m.news {
			what := "an update's hosts at its vendor"
			if m.role == adopting {
				what = [2]string{"slowly adopted, a domain of its own", "slowly adopted, in a cloud"}[i]
			}
			count(what, m.level, false, &m.news[i])
		}
		if m.role == leagued {
			count("C2 that homes in league teach", m.level, s.cloud.foundC2[s.w.league.Endpoint.Hash()], s.w.league)
		}
	}
	type seenC2 struct {
		scenario scenario
		model    int
		hash     uint64
	}
	seen := map[seenC2]bool{}
	s.plagues(homes, func(_ *house, d *device, p *plague) {
		k := seenC2{p.scenario, d.index, p.c2.Endpoint.Hash()}
		if p.scenario == late || p.scenario == startAlone || p.scenario == inLeague || seen[k] {
			return
		}
		seen[k] = true
		count("C2 of: "+p.scenario.String()+", "+p.kind.String(), d.level, s.cloud.foundC2[k.hash], p.c2)
	})
	return out
}

// only443 is of infections from the start that do nothing but call a name in a cloud on 443.
func (s *sim) only443(homes []*house) (q Quiet) {
	s.plagues(homes, func(_ *house, d *device, p *plague) {
		if p.kind != kindCloud || p.scenario > start5 {
			return
		}
		q.Infections++
		if st, ok := s.cloud.set.For(d.level).Known(&p.c2.chain); ok && st.Standing == profile.Normal {
			q.Normal++
		}
		if p.found != 0 {
			q.Found++
		}
	})
	if q.Infections > 0 {
		share := float64(q.Normal) / float64(q.Infections)
		q.Share = &share
	}
	return q
}

// herd: a home that the worm comes to once the indicator is in force is spared, since its gateway has it then and cuts the contact with the C2.
func (s *sim) herd(homes []*house) (h Herd) {
	c2 := herdEndpoint(s.w.c2(kindWorm, uint64(wormModel+1)))
	force, ok := s.cloud.forced[c2]
	var at []int64
	s.plagues(homes, func(_ *house, _ *device, p *plague) {
		if p.scenario != worming {
			return
		}
		if ok && time.Unix(0, p.onset).After(force) {
			h.After++
			return
		}
		h.Before++
		at = append(at, p.onset)
	})
	if ok && len(at) >= 5 {
		fifth := make([]float64, len(at))
		for i, x := range at {
			fifth[i] = float64(x)
		}
		quantile(fifth, 0)
		h.Minutes = math.Round((float64(force.UnixNano())-fifth[4])/float64(time.Minute)*10) / 10
	}
	h.InForce, h.HitBefore, h.Spared, h.Without = ok, h.Before, h.After, h.Before+h.After
	h.Indicators = len(s.cloud.forced)
	for e := range s.cloud.forced {
		if !s.cloud.bad[e] {
			h.Healthy++
		}
	}
	return h
}

func (s *sim) incidents() []Incident {
	out := []Incident{}
	for _, t := range s.cloud.order {
		truth := "nothing happened to it"
		for _, m := range s.w.models {
			if m.level.Model == t.Model {
				truth = m.role.String()
			}
		}
		out = append(out, Incident{Model: t.Model, Reason: t.Reason, Truth: truth, Kind: [...]string{"unknown", "update", "outbreak"}[min(t.Kind, 2)],
			Homes: t.Homes, Day: math.Round(t.at.Sub(begin).Hours()/24*1000) / 1000})
	}
	return out
}

// outbreak says when a model's residents heard of it: by their own finding, or by the operator's incident once that is called an
// outbreak, which is told to all whose device made that first contact.
func (s *sim) outbreak(homes []*house, index int) (o Outbreak) {
	m, tripped := s.w.models[index], int64(0)
	o.C2 = [2]string{"a domain on an unregistered port", "a domain on 443"}[sickOn(index)]
	for _, t := range s.cloud.order {
		if t.Model == m.level.Model && t.outbreak != 0 && (tripped == 0 || t.outbreak < tripped) {
			o.AsOutbreak, tripped = true, t.outbreak
		}
	}
	s.plagues(homes, func(_ *house, d *device, p *plague) {
		if d.model != m {
			return
		}
		if d.unknown { // nobody knows that it is of the model: not told by it
			o.Unknown++
			return
		}
		o.Homes++
		if p.found != 0 {
			o.Found++
		}
		at := p.told
		if known := p.first; tripped != 0 && known != 0 {
			if incident := max(tripped, known); at == 0 || incident < at {
				at = incident
			}
		}
		if at == 0 {
			return
		}
		minutes := float64(at-p.onset) / float64(time.Minute)
		o.Longest = max(o.Longest, math.Round(minutes*10)/10)
		if minutes <= 60 {
			o.Told++
		}
	})
	return o
}

func (s *sim) league(homes []*house) (l League) {
	model, of, in := s.w.models[leagueModel], 0, 0
	for _, h := range homes {
		if h.league {
			l.Homes++
		}
		for i := range h.devices {
			if h.devices[i].model == model {
				of++
				if h.league {
					in++
				}
			}
		}
	}
	if of > 0 {
		l.OfModel = float64(in) / float64(of)
	}
	st, ok := s.cloud.set.For(model.level).Known(&s.w.league.chain)
	l.C2Normal = ok && st.Standing == profile.Normal
	_, l.Indicator = s.cloud.forced[herdEndpoint(s.w.framedEnd())]
	s.plagues(homes, func(_ *house, _ *device, p *plague) {
		if p.scenario != inLeague {
			return
		}
		l.Victims++
		if p.found != 0 {
			l.Found++
			if p.told == 0 || p.told-p.found > int64(24*time.Hour) {
				l.Protected++
			}
		}
	})
	return l
}

func (s *sim) unknown(homes []*house) (u Unknown, within float64) {
	budget := calibrate.BudgetP(calibrate.PerHomeQuarter, calibrate.Devices)
	var none, noProfile, silent, things float64
	for _, h := range homes {
		for i := range h.devices {
			d := &h.devices[i]
			u.Devices++
			if d.unknown {
				none++
			}
			if d.level.Class.Personal() {
				continue
			}
			things++
			u.Things++
			p := s.cloud.set.For(d.level)
			if p.Level() != d.level {
				noProfile++
			}
			switch x := p.Calibration().P(calibrate.Days, 500); {
			case x.How == calibrate.Silent:
				silent++
			case x.Floor <= budget:
				within++
			}
		}
	}
	if u.Devices > 0 && things > 0 {
		u.NoModel, u.NoProfile, u.NoThresholds = none/float64(u.Devices), noProfile/things, silent/things
		within /= things
	}
	return u, within
}
