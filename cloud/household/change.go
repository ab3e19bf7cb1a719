package household

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"cardea/home"
)

// Act is what somebody did.
type Act string

// Acts.
const (
	ActPolicy          Act = "policy"        // of the home, with approval and zone
	ActDevicePolicy    Act = "device-policy" // subject: the device
	ActPersonAdded     Act = "person-added"
	ActPersonChanged   Act = "person-changed"
	ActPersonRemoved   Act = "person-removed"
	ActScheduleAdded   Act = "schedule-added"
	ActScheduleChanged Act = "schedule-changed"
	ActScheduleRemoved Act = "schedule-removed"
	ActPaused          Act = "paused"  // subject: whom, "" everybody
	ActResumed         Act = "resumed" // before its time
	ActAdmission       Act = "admission"
	ActGuest           Act = "guest"
	ActPrivacy         Act = "privacy"
	ActHelp            Act = "help" // whether other homes learn from this one
)

// Change is what one person changed at one time.
type Change struct {
	ID      string
	Time    time.Time
	Who     string // a resident's id
	Name    string // and name then
	Act     Act
	Subject string // id of a device, person or schedule; "" the home
	Called  string // name of the person or schedule, then
	Fields  []Field
}

// Field is what of it is different: "" is nothing, or as for the home.
type Field struct {
	Name string `json:"name"`
	From string `json:"from"`
	To   string `json:"to"`
}

const maxText = 500 // bytes of one value that is kept of a change

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	s = s[:maxText]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}

// diff is what is different, in an order that stays.
func diff(a, b Kept) (out []Change) {
	add := func(act Act, subject, called string, from, to []Field) {
		c := Change{Act: act, Subject: subject, Called: called, Fields: compare(from, to)}
		if len(c.Fields) > 0 {
			out = append(out, c)
		}
	}
	add(ActPolicy, "", "", homeFields(a), homeFields(b))
	add(ActPrivacy, "", "", []Field{{Name: "private", To: onOff(a.Private)}}, []Field{{Name: "private", To: onOff(b.Private)}})
	add(ActHelp, "", "", []Field{{Name: "help", To: string(a.Help)}}, []Field{{Name: "help", To: string(b.Help)}})
	for _, id := range union(slices.Collect(maps.Keys(a.Devices)), slices.Collect(maps.Keys(b.Devices))) {
		add(ActDevicePolicy, string(id), "", policyFields(a.Devices[id]), policyFields(b.Devices[id]))
	}
	each(a.People, b.People, func(p home.Person) string { return p.ID }, func(p, q *home.Person) {
		switch {
		case p == nil:
			add(ActPersonAdded, q.ID, q.Name, nil, b.person(*q))
		case q == nil:
			add(ActPersonRemoved, p.ID, p.Name, a.person(*p), nil)
		default:
			add(ActPersonChanged, q.ID, q.Name, a.person(*p), b.person(*q))
		}
	})
	each(a.Schedules, b.Schedules, func(s home.Schedule) string { return s.ID }, func(p, q *home.Schedule) {
		switch {
		case p == nil:
			add(ActScheduleAdded, q.ID, q.Name, nil, scheduleFields(*q))
		case q == nil:
			add(ActScheduleRemoved, p.ID, p.Name, scheduleFields(*p), nil)
		default:
			add(ActScheduleChanged, q.ID, q.Name, scheduleFields(*p), scheduleFields(*q))
		}
	})
	each(a.Pauses, b.Pauses, func(p home.Pause) string { return p.Whose }, func(p, q *home.Pause) {
		if q == nil {
			add(ActResumed, p.Whose, "", pauseFields(p), nil)
			return
		}
		add(ActPaused, q.Whose, "", pauseFields(p), pauseFields(q))
	})
	for _, id := range union(slices.Concat(a.Admitted, a.Refused), slices.Concat(b.Admitted, b.Refused)) {
		add(ActAdmission, string(id), "", []Field{{Name: "admission", To: a.Admission(id)}}, []Field{{Name: "admission", To: b.Admission(id)}})
	}
	for _, id := range union(a.Guests, b.Guests) {
		add(ActGuest, string(id), "", []Field{{Name: "guest", To: onOff(slices.Contains(a.Guests, id))}}, []Field{{Name: "guest", To: onOff(slices.Contains(b.Guests, id))}})
	}
	return out
}

// compare makes fields with before and after of two lists that have the values as To.
func compare(from, to []Field) (out []Field) {
	values := map[string]Field{}
	var names []string
	for _, f := range from {
		names = append(names, f.Name)
		values[f.Name] = Field{f.Name, f.To, ""}
	}
	for _, f := range to {
		if _, there := values[f.Name]; !there {
			names = append(names, f.Name)
		}
		values[f.Name] = Field{f.Name, values[f.Name].From, f.To}
	}
	for _, n := range names {
		if f := values[n]; f.From != f.To {
			out = append(out, Field{n, cut(f.From), cut(f.To)})
		}
	}
	return out
}

func union(a, b []home.DeviceID) []home.DeviceID {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// each calls f with the pairs of the same id, nil where one has none.
func each[T any](a, b []T, id func(T) string, f func(was, is *T)) {
	for i := range a {
		j := slices.IndexFunc(b, func(x T) bool { return id(x) == id(a[i]) })
		if j < 0 {
			f(&a[i], nil)
			continue
		}
		f(&a[i], &b[j])
	}
	for j := range b {
		if !slices.ContainsFunc(a, func(x T) bool { return id(x) == id(b[j]) }) {
			f(nil, &b[j])
		}
	}
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

func homeFields(k Kept) []Field {
	return append(policyFields(k.Policy), Field{Name: "approve", To: string(k.Approve)}, Field{Name: "zone", To: k.Zone.Name})
}

func policyFields(p home.Policy) []Field {
	return []Field{{Name: "block", To: string(p.Block)}, {Name: "contain", To: string(p.Contain)}, {Name: "tidy", To: string(p.Tidy)},
		{Name: "essential", To: string(p.Essential)}}
}

func (k *Kept) person(p home.Person) []Field {
	return []Field{{Name: "name", To: p.Name}, {Name: "group", To: onOff(p.Group)}, {Name: "devices", To: join(p.Devices)}, {Name: "account", To: k.Accounts[p.ID]},
		{Name: "open", To: onOff(slices.Contains(k.Open, p.ID))}, {Name: "level", To: cmp.Or(string(p.Level), "everything")}}
}

func join[T ~string](ids []T) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = cmp.Or(string(id), "everybody")
	}
	return strings.Join(parts, " ")
}

var dayNames = [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

func scheduleFields(s home.Schedule) []Field {
	var days []string
	for i, d := range dayNames {
		if s.Days&(1<<i) != 0 {
			days = append(days, d)
		}
	}
	return []Field{{Name: "name", To: s.Name}, {Name: "whose", To: join(s.Whose)}, {Name: "days", To: strings.Join(days, " ")}, {Name: "from", To: clock(s.From)},
		{Name: "to", To: clock(s.To)}, {Name: "off", To: strconv.FormatBool(s.Off)}}
}

func clock(minutes uint16) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func pauseFields(p *home.Pause) []Field {
	if p == nil {
		return nil
	}
	return []Field{{Name: "until", To: p.Until.UTC().Format(time.RFC3339)}}
}
