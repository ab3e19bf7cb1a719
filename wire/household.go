package wire

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Bounds of a household, which both sides keep.
const (
	MaxPeople           = 64
	MaxSchedules        = 64
	MaxPauses           = 64
	MaxWhose            = 64   // people and devices that one schedule is for
	MaxHouseholdDevices = 1024 // in each list of devices, and of all people together
	MaxOffsets          = 32
	MaxHouseholdName    = 64       // characters
	MaxHousehold        = 96 << 10 // bytes of a message: the desired state has to have room for the rest
	maxHouseholdID      = 64       // bytes
	maxZone             = 64       // bytes
	maxWord             = 32       // bytes
	maxShift            = 18 * time.Hour
	dayMinutes          = 24 * 60
)

// The latest time that a household may name, so that nothing overflows.
var farFuture = time.Date(2400, 1, 1, 0, 0, 0, 0, time.UTC)

// HouseholdOf is a household as it travels. Lists of devices are in order, so that the same household is the same message.
func HouseholdOf(h home.Household) *pb.Household {
	m := &pb.Household{Version: h.Version, Zone: h.Zone.Name, Approve: string(h.Approve), Admitted: texts(h.Admitted), Guests: texts(h.Guests), Private: h.Private,
		Policy: policyOf("", h.Policy)}
	for _, o := range h.Zone.Offsets {
		m.Offsets = append(m.Offsets, &pb.ZoneOffset{From: o.From.UnixMilli(), Seconds: o.Seconds})
	}
	ids := make([]home.DeviceID, 0, len(h.Devices))
	for id := range h.Devices {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		m.Devices = append(m.Devices, policyOf(string(id), h.Devices[id]))
	}
	for _, p := range h.People {
		m.People = append(m.People, &pb.HouseholdPerson{Id: p.ID, Name: p.Name, Group: p.Group, Devices: texts(p.Devices), Level: string(p.Level)})
	}
	for _, s := range h.Schedules {
		m.Schedules = append(m.Schedules, &pb.HouseholdSchedule{Id: s.ID, Whose: slices.Clone(s.Whose), Days: uint32(s.Days), From: uint32(s.From), To: uint32(s.To),
			Name: s.Name, Off: s.Off})
	}
	for _, p := range h.Pauses {
		m.Pauses = append(m.Pauses, &pb.HouseholdPause{Whose: p.Whose, Until: p.Until.UnixMilli()})
	}
	return m
}

func policyOf(device string, p home.Policy) *pb.HouseholdPolicy {
	return &pb.HouseholdPolicy{Device: device, Block: string(p.Block), Contain: string(p.Contain), Tidy: string(p.Tidy), Essential: string(p.Essential)}
}

func texts(ids []home.DeviceID) (out []string) {
	for _, id := range ids {
		out = append(out, string(id))
	}
	return out
}

func devices(ids []string) (out []home.DeviceID) {
	for _, id := range ids {
		out = append(out, home.DeviceID(id))
	}
	return out
}

// ParseHousehold is a household that came over the wire; an error says what is wrong with it. What a newer peer means by a word that
// is not known here is taken for the most careful one that is.
func ParseHousehold(m *pb.Household) (home.Household, error) {
	if m == nil {
		return home.Household{}, errors.New("household: there is none")
	}
	if err := countHousehold(m); err != nil {
		return home.Household{}, err
	}
	h := home.Household{Version: m.GetVersion(), Zone: home.Zone{Name: m.GetZone()}, Policy: policy(m.GetPolicy()), Approve: approval(m.GetApprove()),
		Admitted: devices(m.GetAdmitted()), Guests: devices(m.GetGuests()), Private: m.GetPrivate()}
	for _, o := range m.GetOffsets() {
		h.Zone.Offsets = append(h.Zone.Offsets, home.Offset{From: time.UnixMilli(o.GetFrom()).UTC(), Seconds: o.GetSeconds()})
	}
	for _, p := range m.GetDevices() {
		if h.Devices == nil {
			h.Devices = map[home.DeviceID]home.Policy{}
		}
		h.Devices[home.DeviceID(p.GetDevice())] = policy(p)
	}
	for _, p := range m.GetPeople() {
		h.People = append(h.People, home.Person{ID: p.GetId(), Name: p.GetName(), Group: p.GetGroup(), Devices: devices(p.GetDevices()), Level: level(p.GetLevel())})
	}
	for i, s := range m.GetSchedules() {
		if s.GetFrom() >= dayMinutes || s.GetTo() > dayMinutes || s.GetDays() > 127 {
			return home.Household{}, fmt.Errorf("household: schedule %d: no time of a week", i)
		}
		h.Schedules = append(h.Schedules, home.Schedule{ID: s.GetId(), Whose: slices.Clone(s.GetWhose()), Days: uint8(s.GetDays()), From: uint16(s.GetFrom()),
			To: uint16(s.GetTo()), Name: s.GetName(), Off: s.GetOff()})
	}
	for _, p := range m.GetPauses() {
		h.Pauses = append(h.Pauses, home.Pause{Whose: p.GetWhose(), Until: time.UnixMilli(p.GetUntil()).UTC()})
	}
	return h, CheckHousehold(h)
}

// countHousehold refuses what would only fill memory, before anything is made of it.
func countHousehold(m *pb.Household) error {
	for _, c := range []struct {
		what   string
		n, max int
	}{{"offsets", len(m.GetOffsets()), MaxOffsets}, {"devices", len(m.GetDevices()), MaxHouseholdDevices}, {"people", len(m.GetPeople()), MaxPeople},
		{"schedules", len(m.GetSchedules()), MaxSchedules}, {"pauses", len(m.GetPauses()), MaxPauses}, {"admitted devices", len(m.GetAdmitted()), MaxHouseholdDevices},
		{"guests", len(m.GetGuests()), MaxHouseholdDevices}} {
		if c.n > c.max {
			return fmt.Errorf("household: %d %s: want at most %d", c.n, c.what, c.max)
		}
	}
	return nil
}

func policy(p *pb.HouseholdPolicy) home.Policy {
	return home.Policy{Block: permission(p.GetBlock()), Contain: permission(p.GetContain()), Tidy: permission(p.GetTidy()), Essential: home.Essential(p.GetEssential())}
}

func permission(s string) home.Permission {
	if p := home.Permission(s); p == "" || slices.Contains(permissions, p) {
		return p
	}
	return home.PermitAsk
}

func approval(s string) home.Approval {
	switch a := home.Approval(s); a {
	case home.ApproveOff, home.ApproveTell, home.ApproveHold:
		return a
	case "":
		return home.ApproveOff
	}
	return home.ApproveTell
}

// level takes another word for the strictest that is known; what is no word is refused by CheckHousehold.
func level(s string) home.Level {
	if s == "" || len(s) > maxWord || strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }) {
		return home.Level(s)
	}
	return home.LevelFamily
}

var permissions = []home.Permission{home.PermitAuto, home.PermitAsk, home.PermitNever}

// CheckHousehold says what is wrong with a household, in words that name the place; nil when it may be kept and done.
func CheckHousehold(h home.Household) error {
	for _, err := range []error{checkZone(h.Zone), checkPolicies(h), checkPeople(h.People), checkSchedules(h.Schedules), checkPauses(h.Pauses),
		checkDevices("admitted devices", h.Admitted), checkDevices("guests", h.Guests)} {
		if err != nil {
			return fmt.Errorf("household: %w", err)
		}
	}
	if n := proto.Size(HouseholdOf(h)); n > MaxHousehold {
		return fmt.Errorf("household: %d bytes: want at most %d", n, MaxHousehold)
	}
	return nil
}

func checkZone(z home.Zone) error {
	if len(z.Name) > maxZone || strings.ContainsFunc(z.Name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("zone: not the name of a time zone")
	}
	if len(z.Offsets) > MaxOffsets {
		return fmt.Errorf("zone: %d offsets: want at most %d", len(z.Offsets), MaxOffsets)
	}
	for i, o := range z.Offsets {
		switch {
		case time.Duration(o.Seconds)*time.Second > maxShift || time.Duration(o.Seconds)*time.Second < -maxShift:
			return fmt.Errorf("zone: offset %d: %d seconds from UTC are too many", i, o.Seconds)
		case i > 0 && !o.From.After(z.Offsets[i-1].From):
			return fmt.Errorf("zone: offset %d: not after the one before", i)
		case !sane(o.From):
			return fmt.Errorf("zone: offset %d: no time", i)
		}
	}
	return nil
}

// sane says whether a time is one that arithmetic does not fall over.
func sane(t time.Time) bool { return t.Before(farFuture) && t.Year() >= 1 }

func checkPolicies(h home.Household) error {
	if len(h.Devices) > MaxHouseholdDevices {
		return fmt.Errorf("policies of %d devices: want at most %d", len(h.Devices), MaxHouseholdDevices)
	}
	if h.Approve != "" && approval(string(h.Approve)) != h.Approve {
		return errors.New("approve: want off, tell or hold")
	}
	if err := checkPolicy(h.Policy); err != nil {
		return fmt.Errorf("policy: %w", err)
	}
	for id, p := range h.Devices {
		if !isID(string(id)) {
			return errors.New("policy of a device: not a device's id")
		}
		if err := checkPolicy(p); err != nil {
			return fmt.Errorf("policy of device %s: %w", id, err)
		}
	}
	return nil
}

func checkPolicy(p home.Policy) error {
	for _, x := range []struct {
		what string
		p    home.Permission
	}{{"block", p.Block}, {"contain", p.Contain}, {"tidy", p.Tidy}} {
		if x.p != "" && !slices.Contains(permissions, x.p) {
			return fmt.Errorf("%s: want auto, ask or never", x.what)
		}
	}
	if len(p.Essential) > maxWord || strings.ContainsFunc(string(p.Essential), func(r rune) bool { return (r < 'a' || r > 'z') && r != '-' }) {
		return errors.New("essential: want a word")
	}
	return nil
}

// isID bounds ids of devices, people and schedules: they are compared, shown, and stand in paths.
func isID(s string) bool {
	return s != "" && len(s) <= maxHouseholdID && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}

func checkPeople(people []home.Person) error {
	if len(people) > MaxPeople {
		return fmt.Errorf("%d people: want at most %d", len(people), MaxPeople)
	}
	seen, n := map[string]bool{}, 0
	for i, p := range people {
		switch {
		case !isID(p.ID) || seen[p.ID]:
			return fmt.Errorf("person %d: an id that is none or another's", i)
		case CheckName(p.Name) != nil:
			return fmt.Errorf("person %d: %w", i, CheckName(p.Name))
		case p.Level != "" && p.Level != home.LevelFamily:
			return fmt.Errorf("person %d: level: want none or family", i)
		}
		seen[p.ID] = true
		if err := checkDevices("devices", p.Devices); err != nil {
			return fmt.Errorf("person %d: %w", i, err)
		}
		if n += len(p.Devices); n > MaxHouseholdDevices {
			return fmt.Errorf("people have more than %d devices", MaxHouseholdDevices)
		}
	}
	return nil
}

func checkDevices(what string, ids []home.DeviceID) error {
	if len(ids) > MaxHouseholdDevices {
		return fmt.Errorf("%d %s: want at most %d", len(ids), what, MaxHouseholdDevices)
	}
	for i, id := range ids {
		if !isID(string(id)) {
			return fmt.Errorf("%s: number %d is not a device's id", what, i)
		}
	}
	return nil
}

func checkSchedules(list []home.Schedule) error {
	if len(list) > MaxSchedules {
		return fmt.Errorf("%d schedules: want at most %d", len(list), MaxSchedules)
	}
	seen := map[string]bool{}
	for i, s := range list {
		switch {
		case !isID(s.ID) || seen[s.ID]:
			return fmt.Errorf("schedule %d: an id that is none or another's", i)
		case s.From >= dayMinutes || s.To > dayMinutes || s.Days > 127:
			return fmt.Errorf("schedule %d: no time of a week", i)
		case CheckName(s.Name) != nil:
			return fmt.Errorf("schedule %d: %w", i, CheckName(s.Name))
		case len(s.Whose) > MaxWhose:
			return fmt.Errorf("schedule %d: for %d: want at most %d", i, len(s.Whose), MaxWhose)
		}
		for _, w := range s.Whose {
			if w != "" && !isID(w) {
				return fmt.Errorf("schedule %d: for somebody without an id", i)
			}
		}
		seen[s.ID] = true
	}
	return nil
}

func checkPauses(list []home.Pause) error {
	if len(list) > MaxPauses {
		return fmt.Errorf("%d pauses: want at most %d", len(list), MaxPauses)
	}
	for i, p := range list {
		if p.Whose != "" && !isID(p.Whose) || !sane(p.Until) {
			return fmt.Errorf("pause %d: want whose and until when", i)
		}
	}
	return nil
}

// CheckName says what is wrong with a name that people gave: it is shown to people beside others' words, so it has no line ends and
// nothing that turns the direction of what stands around it.
func CheckName(s string) error {
	switch {
	case strings.TrimSpace(s) == "" || !utf8.ValidString(s):
		return errors.New("name: want text")
	case utf8.RuneCountInString(s) > MaxHouseholdName:
		return fmt.Errorf("name: want at most %d characters", MaxHouseholdName)
	case strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp, unicode.Bidi_Control, unicode.Co) || r == utf8.RuneError || r == '\ufeff'
	}):
		return errors.New("name: has characters that are not shown")
	}
	return nil
}
