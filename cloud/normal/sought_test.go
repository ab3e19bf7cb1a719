package normal

import (
	"testing"

	"pgregory.net/rapid"
)

// Whether a home may have used any of very many endpoints is what trying each of them says.
func TestSought(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		some := rapid.SliceOfN(rapid.Uint64Min(1), 0, 400)
		filter, ends, want := make([]byte, usedBytes), map[uint64]bool{}, false
		used := some.Draw(t, "used")
		for _, e := range used {
			mark(filter, e)
		}
		for _, e := range some.Draw(t, "sought") {
			ends[e] = true
		}
		if len(used) > 0 && rapid.Bool().Draw(t, "one of them") {
			ends[used[0]] = true
		}
		for e := range ends {
			want = want || marked(filter, e)
		}
		s := newSought(ends)
		if got := s.any(filter); got != want {
			t.Fatalf("%v, want %v", got, want)
		}
		if s.any(filter[1:]) {
			t.Fatal("a filter of another size")
		}
	})
}
