package wire

import (
	"reflect"
	"strings"
	"testing"

	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

func TestPlan(t *testing.T) {
	want := home.Plan{ID: "family", Name: "Family", Extras: []string{"people"}, Brand: home.Brand{Name: "North Net", Accent: "#0b57d0", Phone: "1", Support: "https://x.example/", HintEN: "a", HintDE: "b"}}
	if got, faults, err := ParsePlan(PlanOf(want)); err != nil || faults != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v %v %v", got, faults, err)
	}
	if got, faults, err := ParsePlan(nil); err != nil || faults != nil || !reflect.DeepEqual(got, home.Plan{}) || !got.Has("people") {
		t.Errorf("%+v %v %v", got, faults, err)
	}
	for _, m := range []*pb.Plan{{Id: strings.Repeat("x", 401)}, {Name: "a\x00"}, {Extras: make([]string, 17)}, {Extras: []string{"\xff"}}} {
		if _, _, err := ParsePlan(m); err == nil {
			t.Errorf("%v is taken", m)
		}
	}
	got, faults, err := ParsePlan(&pb.Plan{Id: "basic", Brand: &pb.Brand{Name: "<b>", Phone: "112", Accent: "#0;}"}})
	if err != nil || len(faults) != 2 || got.Brand != (home.Brand{Phone: "112"}) || got.Has("people") {
		t.Errorf("%+v %v %v", got, faults, err)
	}
}

func FuzzPlan(f *testing.F) {
	b, err := proto.Marshal(PlanOf(home.Plan{ID: "family", Extras: []string{"people"}, Brand: home.Brand{Name: "North Net", Accent: "#0b57d0"}}))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var m pb.Plan
		if proto.Unmarshal(b, &m) != nil {
			return
		}
		p, _, err := ParsePlan(&m)
		if err != nil {
			return
		}
		if again, faults, err := ParsePlan(PlanOf(p)); err != nil || faults != nil || !reflect.DeepEqual(again, p) {
			t.Fatalf("%+v becomes %+v: %v %v", p, again, faults, err)
		}
	})
}
