package bench

import "testing"

func TestBehavior(t *testing.T) {
	r, err := Behavior(t.Context(), Options{Seconds: 1, Size: .05})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Measures) != 7 {
		t.Fatalf("%d measures", len(r.Measures))
	}
	for _, m := range r.Measures {
		if m.Value <= 0 && m.Unit != "" || m.Unit == "" && m.Value != 0 {
			t.Errorf("%s: %v %s", m.What, m.Value, m.Unit)
		}
	}
}
