package identity

import (
	"slices"
	"testing"

	"cardea/home"
)

// Which names a device asked for is forgotten, of one device or of all; what else it showed and what it is taken for stays.
func TestNamesAreErased(t *testing.T) {
	b := NewBook(Config{})
	b.Set(learnTwo())
	one, other := plug("00:11:22:99:aa:bb", 1), plug("00:11:22:99:aa:cc", 2)
	for _, o := range slices.Concat(one, other) {
		b.Observe(o)
	}
	names := func(id home.DeviceID) (names, rest int) {
		for _, e := range b.Snapshot() {
			for _, k := range e.Tokens {
				switch {
				case e.ID != id:
				case k.Clue == ClueName || k.Clue == ClueDomain:
					names++
				default:
					rest++
				}
			}
		}
		return names, rest
	}
	a, c := one[0].Device.ID, other[0].Device.ID
	before, kept := names(a)
	who := b.Identity(a)
	if before == 0 || kept == 0 {
		t.Fatalf("%d names and %d other clues: this test cannot fail", before, kept)
	}
	b.EraseNames(a)
	if n, rest := names(a); n != 0 || rest != kept {
		t.Errorf("%d names and %d other clues are left", n, rest)
	}
	if n, _ := names(c); n == 0 {
		t.Error("another device's are gone, too")
	}
	if got := b.Identity(a); got.Model != who.Model || got.Class != who.Class {
		t.Errorf("%+v became %+v", who, got)
	}
	b.EraseNames("")
	if n, _ := names(c); n != 0 {
		t.Errorf("%d names are left of another device", n)
	}
}
