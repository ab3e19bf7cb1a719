package baseline

import (
	"math"
	"slices"

	"cardea/home"
)

// Quantile compares each window of a device with the device's own earlier windows, as home routers' anomaly alerts do: flows,
// bytes sent and new hosts, each against its own high quantile. Until a device has an hour of active windows it is compared with
// those of all training units.
type Quantile struct {
	all quantiles
}

const (
	quantileOf = .99
	ownWindows = 60
)

var watched = [...]int{countFlows, countUp, countNew}

// quantiles counts windows by the logarithm of what they held.
type quantiles struct {
	n     int
	count [len(watched)][64]int // bins of a quarter of a factor e
}

func bin(v float64) int { return min(63, int(4*math.Log1p(v))) }

func (q *quantiles) add(w *window) {
	q.n++
	for i, c := range watched {
		q.count[i][bin(w.now[c])]++
	}
}

// at is the quantile's upper end, as a logarithm.
func (q *quantiles) at(i int) float64 {
	need := int(math.Ceil(quantileOf * float64(q.n)))
	sum := 0
	for b, n := range q.count[i] {
		if sum += n; sum >= need {
			return float64(b+1) / 4
		}
	}
	return 16
}

// Name implements Method.
func (*Quantile) Name() string { return "device-quantile" }

// Calibrated implements Method.
func (*Quantile) Calibrated() bool { return true }

// Learn implements Method.
func (q *Quantile) Learn(Level) Watcher { return newWindows(q.all.add) }

// Ready implements Method.
func (*Quantile) Ready() error { return nil }

// Judge implements Method.
func (q *Quantile) Judge(_ Level, emit func(Score)) Watcher {
	own := map[home.DeviceID]*quantiles{}
	return newWindows(func(w *window) {
		o := own[w.id]
		if o == nil {
			o = &quantiles{}
			own[w.id] = o
		}
		with := o
		if o.n < ownWindows {
			with = &q.all
		}
		if with.n > 0 {
			over := math.Inf(-1)
			for i, c := range watched {
				over = max(over, math.Log1p(w.now[c])-with.at(i))
			}
			emit(Score{w.id, w.end, over})
		}
		o.add(w)
	})
}

// AllowList knows which endpoints each model contacted in training, as a manufacturer's usage description (RFC 8520) lists them:
// by registrable domain or address, with port and protocol. What a device contacts beside them counts, each endpoint once a day.
type AllowList struct {
	models map[string]map[allowed]bool
	all    map[allowed]bool
}

type allowed struct {
	far   string
	port  uint16
	proto string
	local bool
}

// allowedOf names what is contacted. Peers in the home are told apart by port only: their addresses mean nothing elsewhere.
func allowedOf(o *home.Observation) allowed {
	a := allowed{port: o.Far.Port, proto: o.Far.Proto, local: o.Direction == home.Local}
	switch {
	case a.local:
	case o.Far.Domain != "":
		a.far = o.Far.Domain
	case o.Far.Name != "":
		a.far = o.Far.Name
	default:
		a.far = o.Far.IP.String()
	}
	return a
}

// Name implements Method.
func (*AllowList) Name() string { return "allow-list" }

// Calibrated implements Method.
func (*AllowList) Calibrated() bool { return true }

type eachFlow func(*home.Observation)

func (f eachFlow) Observe(o *home.Observation) {
	if o.Kind == home.EventFlow && o.Flow.State == home.FlowNew && o.Device != nil && !o.Device.Gateway && o.Direction != home.Inbound {
		f(o)
	}
}

func (eachFlow) Close() {}

// Learn implements Method.
func (l *AllowList) Learn(level Level) Watcher {
	if l.all == nil {
		l.models, l.all = map[string]map[allowed]bool{}, map[allowed]bool{}
	}
	return eachFlow(func(o *home.Observation) {
		a := allowedOf(o)
		l.all[a] = true
		m := level(o.Device)
		if m == "" {
			return
		}
		if l.models[m] == nil {
			l.models[m] = map[allowed]bool{}
		}
		l.models[m][a] = true
	})
}

// Ready implements Method.
func (*AllowList) Ready() error { return nil }

// Judge implements Method. A model that was not in training is judged by all of training.
func (l *AllowList) Judge(level Level, emit func(Score)) Watcher {
	type day struct {
		day  int64
		seen []allowed
	}
	days := map[home.DeviceID]*day{}
	return eachFlow(func(o *home.Observation) {
		a := allowedOf(o)
		list := l.models[level(o.Device)]
		if list == nil {
			list = l.all
		}
		if list[a] {
			return
		}
		d, today := days[o.Device.ID], o.Time.Unix()/86400
		if d == nil || d.day != today {
			d = &day{day: today}
			days[o.Device.ID] = d
		}
		if len(d.seen) < 4096 && !slices.Contains(d.seen, a) {
			d.seen = append(d.seen, a)
		}
		emit(Score{o.Device.ID, o.Time, float64(len(d.seen))})
	})
}
