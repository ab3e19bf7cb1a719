package identity

import "testing"

// A device that shows what it showed before costs no memory, on the packet path of a small router.
func TestNothingNewAllocatesNothing(t *testing.T) {
	b := NewBook(Config{})
	list := plug("00:11:22:99:aa:bb", 1)
	play := func() {
		for _, o := range list {
			b.Observe(o)
		}
	}
	play()
	if n := testing.AllocsPerRun(100, play); n > 0 {
		t.Errorf("%v allocations for %d observations", n, len(list))
	}
	told := 0
	count := func(Sighting) { told++ }
	if n := testing.AllocsPerRun(100, func() {
		for _, o := range list {
			Sightings(o, count)
		}
	}); n > 0 {
		t.Errorf("%v allocations for the sightings of %d observations", n, len(list))
	}
	if told == 0 {
		t.Error("nothing told")
	}
}
