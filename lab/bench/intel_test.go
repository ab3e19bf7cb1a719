package bench

import "testing"

func TestIntel(t *testing.T) {
	o := tiny()
	o.Size = 0.01
	r, err := Intel(t.Context(), o)
	checkReport(t, r, err, "list of names", "bytes per indicator", "look-up, hit", "look-up, miss", "delta of")
}

func TestPlainSet(t *testing.T) {
	s := plainSet{"bad.example": {}}
	for name, want := range map[string]bool{"bad.example": true, "a.b.bad.example": true, "example": false, "notbad.example": false} {
		if s.find(name) != want {
			t.Errorf("find(%s) = %v", name, !want)
		}
	}
}
