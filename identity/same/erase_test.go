package same

import (
	"testing"

	"cardea/home"
)

// Which names a device asked for is forgotten, of one device or of all; which addresses are one device stays.
func TestNamesAreErased(t *testing.T) {
	l, ids, _ := lived()
	if err := l.Merge(ids[0], ids[1], Owner); err != nil {
		t.Fatal(err)
	}
	before := state(l)
	asked := func(id home.DeviceID) (n int) {
		for _, f := range l.Snapshot().Faces {
			if f.Device == id {
				n += len(f.Asked)
			}
		}
		return n
	}
	if asked(ids[0]) == 0 || asked(ids[2]) == 0 {
		t.Fatal("nothing was asked for: this test cannot fail")
	}
	l.EraseNames(ids[0])
	if asked(ids[0]) != 0 || asked(ids[2]) == 0 {
		t.Errorf("%d hashes are left of the device, %d of another", asked(ids[0]), asked(ids[2]))
	}
	if l.EraseNames(""); asked(ids[2]) != 0 {
		t.Error("not all is erased")
	}
	if state(l) != before {
		t.Errorf("%s became %s", before, state(l))
	}
}
