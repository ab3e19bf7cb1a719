package wire

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// everything is a household with something in each field.
func everything() home.Household {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	return home.Household{Version: 7, Zone: home.Zone{Name: "Europe/Berlin", Offsets: []home.Offset{{From: at.AddDate(0, -1, 0), Seconds: 7200}, {From: at, Seconds: 3600}}},
		Policy:  home.Policy{Block: home.PermitAuto, Contain: home.PermitAsk, Tidy: home.PermitNever},
		Devices: map[home.DeviceID]home.Policy{"d1": {Essential: home.EssentialMedical}, "d2": {Contain: home.PermitNever}},
		People:  []home.Person{{ID: "p1", Name: "Zoë", Devices: []home.DeviceID{"d1"}, Level: home.LevelFamily}, {ID: "p2", Name: "居間", Group: true}},
		Schedules: []home.Schedule{{ID: "s1", Whose: []string{"p1", "d2", ""}, Days: 31, From: 1260, To: 420, Name: "Bedtime"},
			{ID: "s2", Days: 64, From: 0, To: 1440, Name: "Sunday", Off: true}},
		Pauses:  []home.Pause{{Whose: "p1", Until: at}, {Until: at.Add(time.Hour)}},
		Approve: home.ApproveHold, Admitted: []home.DeviceID{"d3"}, Guests: []home.DeviceID{"d4"}, Private: true}
}

func TestAHouseholdTravels(t *testing.T) {
	h := everything()
	m := HouseholdOf(h)
	n := 0
	m.ProtoReflect().Range(func(protoreflect.FieldDescriptor, protoreflect.Value) bool { n++; return true })
	if want := m.ProtoReflect().Descriptor().Fields().Len(); n != want {
		t.Errorf("%d of %d fields are set: a new one has to travel too", n, want)
	}
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var back pb.Household
	if err := proto.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	got, err := ParseHousehold(&back)
	if err != nil || !reflect.DeepEqual(got, h) {
		t.Errorf("%v\n%+v\n%+v", err, got, h)
	}
	if _, err := ParseHousehold(nil); err == nil {
		t.Error("there was none")
	}
	if got, err := ParseHousehold(&pb.Household{}); err != nil || got.Approve != home.ApproveOff {
		t.Errorf("an empty one: %+v %v", got, err)
	}
}

func TestUnknownWordsAreTakenForCarefulOnes(t *testing.T) {
	got, err := ParseHousehold(&pb.Household{Approve: "vote", Policy: &pb.HouseholdPolicy{Block: "dice", Contain: "never"},
		Devices: []*pb.HouseholdPolicy{{Device: "d", Tidy: "later", Essential: "fish-tank"}}})
	if err != nil || got.Approve != home.ApproveTell || got.Policy.Block != home.PermitAsk || got.Policy.Contain != home.PermitNever ||
		got.Devices["d"].Tidy != home.PermitAsk || got.Devices["d"].Essential != "fish-tank" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestABadHouseholdIsRefused(t *testing.T) {
	long := strings.Repeat("x", 65)
	ids := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprint("d", i))
		}
		return out
	}
	wide := func(n int) (out []string) {
		for i := range n {
			out = append(out, fmt.Sprintf("%064d", i))
		}
		return out
	}
	person := func(p ...*pb.HouseholdPerson) *pb.Household { return &pb.Household{People: p} }
	schedule := func(s *pb.HouseholdSchedule) *pb.Household {
		return &pb.Household{Schedules: []*pb.HouseholdSchedule{s}}
	}
	for what, m := range map[string]*pb.Household{
		"too many people":        {People: make([]*pb.HouseholdPerson, MaxPeople+1)},
		"too many schedules":     {Schedules: make([]*pb.HouseholdSchedule, MaxSchedules+1)},
		"too many pauses":        {Pauses: make([]*pb.HouseholdPause, MaxPauses+1)},
		"too many offsets":       {Offsets: make([]*pb.ZoneOffset, MaxOffsets+1)},
		"too many policies":      {Devices: make([]*pb.HouseholdPolicy, MaxHouseholdDevices+1)},
		"too many admitted":      {Admitted: ids(MaxHouseholdDevices + 1)},
		"too many guests":        {Guests: ids(MaxHouseholdDevices + 1)},
		"too many of one person": person(&pb.HouseholdPerson{Id: "p", Name: "n", Devices: ids(MaxHouseholdDevices + 1)}),
		"too many of all people": person(&pb.HouseholdPerson{Id: "p", Name: "n", Devices: ids(600)}, &pb.HouseholdPerson{Id: "q", Name: "n", Devices: ids(600)}),
		"too much of it all":     {Admitted: wide(900), Guests: wide(900)},
		"zone":                   {Zone: "Europe/\nBerlin"},
		"zone's name":            {Zone: long},
		"offsets in disorder":    {Offsets: []*pb.ZoneOffset{{From: 2000}, {From: 1000}}},
		"offset":                 {Offsets: []*pb.ZoneOffset{{From: 2000, Seconds: 1 << 30}}},
		"offset's time":          {Offsets: []*pb.ZoneOffset{{From: 1 << 62}}},
		"policy's device":        {Devices: []*pb.HouseholdPolicy{{Device: "../etc"}}},
		"essential":              {Policy: &pb.HouseholdPolicy{Essential: "<b>"}},
		"person without id":      person(&pb.HouseholdPerson{Name: "n"}),
		"two with one id":        person(&pb.HouseholdPerson{Id: "p", Name: "n"}, &pb.HouseholdPerson{Id: "p", Name: "m"}),
		"person without name":    person(&pb.HouseholdPerson{Id: "p", Name: " "}),
		"long name":              person(&pb.HouseholdPerson{Id: "p", Name: long}),
		"name with a line end":   person(&pb.HouseholdPerson{Id: "p", Name: "a\nb"}),
		"name that turns text":   person(&pb.HouseholdPerson{Id: "p", Name: "a\u202eb"}),
		"name that is no text":   person(&pb.HouseholdPerson{Id: "p", Name: "\xff"}),
		"person's device":        person(&pb.HouseholdPerson{Id: "p", Name: "n", Devices: []string{"a b"}}),
		"level that is no word":  person(&pb.HouseholdPerson{Id: "p", Name: "n", Level: "fam\nily"}),
		"level too long":         person(&pb.HouseholdPerson{Id: "p", Name: "n", Level: long}),
		"schedule's begin":       schedule(&pb.HouseholdSchedule{Id: "s", Name: "n", From: 1440}),
		"schedule's end":         schedule(&pb.HouseholdSchedule{Id: "s", Name: "n", To: 1441}),
		"schedule's wide begin":  schedule(&pb.HouseholdSchedule{Id: "s", Name: "n", From: 1 << 16}),
		"schedule's days":        schedule(&pb.HouseholdSchedule{Id: "s", Name: "n", Days: 128}),
		"schedule's people":      schedule(&pb.HouseholdSchedule{Id: "s", Name: "n", Whose: ids(MaxWhose + 1)}),
		"schedule's person":      schedule(&pb.HouseholdSchedule{Id: "s", Name: "n", Whose: []string{long}}),
		"pause":                  {Pauses: []*pb.HouseholdPause{{Whose: "\x00"}}},
		"pause's end":            {Pauses: []*pb.HouseholdPause{{Until: 1 << 62}}},
		"admitted":               {Admitted: []string{""}},
		"guest":                  {Guests: []string{long}},
	} {
		if h, err := ParseHousehold(m); err == nil || !strings.HasPrefix(err.Error(), "household: ") {
			t.Errorf("%s: %v %+v", what, err, h)
		}
	}
}

func FuzzHousehold(f *testing.F) {
	b, err := proto.Marshal(HouseholdOf(everything()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m pb.Household
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		h, err := ParseHousehold(&m)
		if err != nil {
			return
		}
		again, err := ParseHousehold(HouseholdOf(h))
		if err != nil || !reflect.DeepEqual(again, h) {
			t.Fatalf("%v\n%+v\n%+v", err, again, h)
		}
	})
}
