package judge

import (
	"fmt"
	"net/netip"
	"time"

	"cardea/home"
	"cardea/say"
)

const (
	// sure is the confidence from which one contact of a device without a browser is enough: feeds that a person checked.
	sure = 75
	// A contact is repeated "over hours" when it was seen in at least repeatTimes windows of repeatGap, over at least
	// repeatSpan: a web page that stays open reloads for minutes, a bot calls home for good.
	repeatTimes = 3
	repeatGap   = 20 * time.Minute
	repeatSpan  = 2 * time.Hour
	// perDevice bounds the listed endpoints remembered of one device; the one met longest ago goes first.
	perDevice = 16
)

// met is one listed endpoint that a device has been in contact with.
type met struct {
	value       string // the indicator's
	first, last time.Time
	told        time.Time // last finding
	times       int       // windows of repeatGap with a contact
	contacts    uint64
	hard        bool // told as hard
}

// listed remembers contacts with listed endpoints, per device.
type listed struct {
	again   time.Duration
	max     int
	devices map[home.DeviceID][]met
}

func newListed(again time.Duration, devices int) *listed {
	if again <= 0 {
		again = time.Hour
	}
	if devices <= 0 {
		devices = 512
	}
	return &listed{again: again, max: devices, devices: map[home.DeviceID][]met{}}
}

// meet notes a contact and returns what is remembered of it.
func (l *listed) meet(id home.DeviceID, value string, now time.Time) *met {
	list, ok := l.devices[id]
	if !ok && len(l.devices) >= l.max {
		var oldest home.DeviceID
		var at time.Time
		for k, v := range l.devices {
			last := v[0].last
			for _, m := range v {
				if m.last.After(last) {
					last = m.last
				}
			}
			if at.IsZero() || last.Before(at) || last.Equal(at) && k < oldest {
				oldest, at = k, last
			}
		}
		delete(l.devices, oldest)
	}
	at := -1
	for i := range list {
		if list[i].value == value {
			at = i
			break
		}
	}
	if at < 0 {
		at = len(list)
		if at < perDevice {
			list = append(list, met{})
		} else {
			at = 0
			for i := range list {
				if list[i].last.Before(list[at].last) {
					at = i
				}
			}
		}
		list[at] = met{value: value, first: now}
		l.devices[id] = list
	}
	m := &list[at]
	if m.times == 0 || now.Sub(m.last) >= repeatGap {
		m.times++
	}
	m.last = now
	m.contacts++
	return m
}

// observeListed raises contact with malware: a flow to a listed address or name, or a name in a flow's first packets. A
// look-up is no contact.
func (j *Judge) observeListed(o *home.Observation) {
	if o.Device == nil || j.intel.Load() == nil {
		return
	}
	var name string
	switch o.Kind {
	case home.EventFlow:
		if o.Flow.State != home.FlowNew || o.Direction == home.Local {
			return
		}
		name = o.Far.Name
	case home.EventDropped:
		if o.Direction == home.Local {
			return
		}
		name = o.Far.Name
	case home.EventName:
		if name = o.Name.Host; o.Name.ECH {
			return
		}
	default:
		return
	}
	p := j.policy.Load()
	v := j.endpoint(p, o.Device.ID, &home.Endpoint{Name: name, IP: o.Far.IP, Port: o.Far.Port}, false)
	if v.Listed == nil || v.Listed.Class != home.ClassMalware || v.Action != home.Block {
		return
	}
	j.contacted(o, name, v.Listed)
}

// contacted decides how much a contact with malware says and tells it, once each Config.Again and when it becomes hard.
func (j *Judge) contacted(o *home.Observation, name string, ind *home.Indicator) {
	m := j.listed.meet(o.Device.ID, ind.Value, o.Time)
	inbound := o.Direction == home.Inbound
	headless := j.headless != nil && j.headless(o.Device.ID)
	repeated := m.times >= repeatTimes && o.Time.Sub(m.first) >= repeatSpan
	hard := o.Proven && !inbound && ind.Confidence >= sure && (headless || repeated)
	if !m.told.IsZero() && o.Time.Sub(m.told) < j.listed.again && (!hard || m.hard) {
		return
	}
	m.told, m.hard = o.Time, hard
	f := &home.Finding{
		ID:     string(home.DeviceIDOf(fmt.Sprintf("finding %s %s %d", o.Device.ID, ind.Value, o.Time.UnixNano()))),
		Device: o.Device.ID, MAC: o.Device.MAC, Time: o.Time, Frame: o.Frame, Detector: home.DetectIndicator,
		Strength: home.Soft, Score: float64(ind.Confidence), Said: saidListed(o, name, ind, m, hard),
		Facts: map[string]any{
			"indicator": ind.Value, "kind": ind.Kind.String(), "family": ind.Family, "source": ind.Source,
			"confidence": ind.Confidence, "contacts": m.contacts, "first": m.first, "address": o.Far.IP.String(),
			"port": o.Far.Port, "proto": o.Far.Proto, "proven": o.Proven, "no_browser": headless,
		},
		Symptom: home.Symptom{Detector: home.DetectIndicator},
	}
	f.Sentence = say.English(f.Said)
	if hard {
		f.Strength = home.Hard
	}
	if o.Proven {
		f.Port = o.Port
		if f.Port == "" {
			f.Port = o.Device.Port
		}
	}
	if name != "" {
		f.Facts["name"] = name
		f.Symptom.Names = []string{name}
	} else {
		f.Symptom.Addrs = []netip.Addr{o.Far.IP.Unmap()}
	}
	j.sink.Find(f)
}

func saidListed(o *home.Observation, name string, ind *home.Indicator, m *met, hard bool) home.Words {
	what := o.Far.IP.String()
	if name != "" {
		what = name
	}
	often, doubt := say.Word(""), say.Word("")
	if m.times > 1 {
		often = say.Said(say.New("; {0} times since {1}", say.Count(m.contacts), say.Time(m.first)))
	}
	switch {
	case !o.Proven:
		doubt = say.Word("; the sender is known by its address only, which can be forged")
	case !hard && o.Direction != home.Inbound:
		doubt = say.Word("; one contact can come from a web page or a message, so it is watched for now")
	}
	if o.Direction == home.Inbound {
		return say.New("was contacted by {0}, which list {1} names as {2}{3}{4}", say.Text(what), say.Text(ind.Source), family(ind), often, doubt)
	}
	return say.New("contacted {0}, which list {1} names as {2}{3}{4}", say.Text(what), say.Text(ind.Source), family(ind), often, doubt)
}

// family is the malware that an entry is about.
func family(ind *home.Indicator) say.Arg {
	if ind.Family == "" {
		return say.Word("malware")
	}
	return say.Text(ind.Family)
}
