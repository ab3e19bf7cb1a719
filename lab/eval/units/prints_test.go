package units

import "testing"

// Of captures with more flows than are kept, the same ones are kept in each: a copy and an excerpt are known still, and others are not.
func TestPrintsOfMany(t *testing.T) {
	of := func(from, to, most int, other uint64) *prints {
		p := &prints{most: most}
		for i := from; i < to; i++ {
			x := uint64(i)*0x9e3779b97f4a7c15 + other
			x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
			p.add(print{x ^ x>>27, int64(i)})
		}
		p.sort()
		return p
	}
	whole := of(0, 20_000, 1000, 0)
	if n := len(whole.list); n > 1000 || n < 200 || whole.skip == 0 {
		t.Fatalf("%d are kept", n)
	}
	for name, c := range map[string]struct {
		p    *prints
		want bool
	}{
		"a copy": {of(0, 20_000, 1000, 0), true}, "an excerpt": {of(5000, 6000, 1000, 0), true}, "two excerpts that overlap": {of(19_000, 30_000, 1000, 0), true},
		"another home": {of(0, 20_000, 1000, 12345), false}, "a home at another time": {of(30_000, 40_000, 1000, 0), false}, "nothing": {&prints{}, false}, "no flows": {nil, false},
	} {
		if whole.same(c.p, 0) != c.want || c.p.same(whole, 0) != c.want {
			t.Errorf("%s: not %t", name, c.want)
		}
	}
	// A tuple or two that meet by chance, as of devices that ask one server for the time, are no excerpt.
	chance := of(0, 100, 1000, 12345)
	chance.add(whole.list[0])
	chance.sort()
	if whole.same(chance, 0) {
		t.Error("one flow in a hundred joins homes")
	}
}
