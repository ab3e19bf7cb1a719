package fleet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"

	"cardea/identity"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"
)

// product is what units of a product show: clues of several kinds, as real devices do, and not each unit all of them.
func product(name string, unit int) (out []*pb.Token) {
	for i, c := range []identity.Clue{identity.ClueHostName, identity.ClueDHCPVendor, identity.ClueDHCPParams, identity.ClueName, identity.ClueDomain,
		identity.ClueService, identity.ClueSSDPType, identity.ClueJA4, identity.ClueOffers, identity.ClueAgent} {
		for n := range 2 {
			if (unit+i+n)%9 > 0 {
				out = append(out, &pb.Token{Hash: tokens(fmt.Sprint(name, c, n))[0].GetHash(), Clue: uint32(c)})
			}
		}
	}
	return out
}

// learned is what a gateway reads of a bundle of units.
func learned(t *testing.T, units []Unit) *identity.Model {
	t.Helper()
	data, err := Models{}.Learn(t.Context(), func(yield func(Unit) bool) {
		for _, u := range units {
			if !yield(u) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	m, err := identity.ParseModel(data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheSameUnitsMakeTheSameBundleWithoutWhatFewHomesHave(t *testing.T) {
	secret := &pb.Token{Hash: 0x1122334455667788, Clue: uint32(identity.ClueHostName)}
	var units []Unit
	for n := range 3 * perModel {
		u := Unit{Home: fmt.Sprint("home ", n), Label: Label{"Example Plug", "Example", "plug"}, Tokens: product("example", n), Age: maxAge}
		if n < 2 {
			u.Tokens = append(u.Tokens, secret)
		}
		units = append(units, u)
	}
	bundle := func(units []Unit) []byte {
		t.Helper()
		data, err := Models{}.Learn(t.Context(), func(yield func(Unit) bool) {
			for _, u := range units {
				yield(u)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	data := bundle(units)
	slices.Reverse(units)
	if !bytes.Equal(data, bundle(units)) {
		t.Error("the order of homes changes the bundle")
	}
	var tuned []identity.Unit
	if _, err := (Models{Tune: func(u []identity.Unit) identity.Tuning { tuned = u; return identity.DefaultTuning() }}).Learn(t.Context(), func(yield func(Unit) bool) {
		for _, u := range units {
			yield(u)
		}
	}); err != nil || len(tuned) != perModel {
		t.Errorf("tuned on %d units, %v", len(tuned), err)
	}
	want := binary.LittleEndian.AppendUint64(nil, secret.GetHash())
	if slices.Reverse(units); bytes.Contains(bundle(units[:20]), want) {
		t.Error("what two homes have is told to all")
	}
	if seen := product("example", 7)[0].GetHash(); !bytes.Contains(data, binary.LittleEndian.AppendUint64(nil, seen)) {
		t.Error("what all homes have is not in the bundle")
	}
}

// What gateways get when one home in twenty is hostile, in every way that there is to lie: the model that most homes have keeps
// its name, and so does what was never named. own is how many clues hostile devices add, to be a cluster of their own.
func TestTheLearnedModelKeepsItsNamesAmongHostileHomes(t *testing.T) {
	for _, own := range []int{0, 8, 16, 40} {
		t.Run(fmt.Sprint(own), func(t *testing.T) { amongHostile(t, own) })
	}
}

func amongHostile(t *testing.T, own int) {
	w := open(t, dbtest.SQLite(t))
	const homes, hostile = 400, 20
	lie := func(name string, unit int) []*pb.Token {
		out := product(name, unit)
		for i := range own {
			out = append(out, &pb.Token{Hash: tokens(fmt.Sprint("hostile ", i))[0].GetHash(), Clue: uint32(identity.ClueName)})
		}
		return out
	}
	for n := range homes {
		p := place(tenantA, n)
		list := []*pb.Sighted{ruled("d1", "Honest Plug", product("honest", n)), ruled("d2", "Other Lamp", product("other", n)), unknown("d4", product("unknown", n))}
		if n < hostile { // they are the first, and lead what clusters they can
			list = append(list, ruled("d3", "Fake Plug", lie("honest", 5000+n)), ruled("d5", "Other Lamp", lie("honest", 6000+n)))
			w.tell(p, corrected("d1", "Fake Plug"), corrected("d2", "Honest Plug"), corrected("d4", "Fake Plug"))
		}
		w.tell(p, sighted(list...))
	}
	w.later()
	if r := w.learn(); r.Units < 2*(homes-hostile) {
		t.Fatalf("%+v", r)
	}
	m := learned(t, w.units)
	for name, want := range map[string]string{"honest": "Honest Plug", "other": "Other Lamp"} {
		for unit := 90_000; unit < 90_020; unit++ {
			j := m.Judge(unitOf(Unit{Tokens: product(name, unit), Age: maxAge}).Sessions[0])
			if len(j.Candidates) == 0 || j.Candidates[0].Model != want || !j.Accepted {
				t.Fatalf("%s is taken for %+v", name, j)
			}
		}
	}
	if j := m.Judge(unitOf(Unit{Tokens: product("unknown", 7), Age: maxAge}).Sessions[0]); j.Accepted {
		t.Errorf("what nobody named is taken for %+v", j.Candidates[0])
	}
}

// TestABundleFitsGateways: what is too much is left out, of what the fewest homes have.
func TestABundleFitsGateways(t *testing.T) {
	const labels, most = 40, 8 << 10
	learn := func(yield func(Unit) bool) {
		for l := range labels {
			for n := range 5 + l {
				yield(Unit{Home: fmt.Sprint("home ", n), Label: Label{fmt.Sprintf("Example %02d", l), "Example", "plug"}, Tokens: product(fmt.Sprint("example ", l), n), Age: maxAge})
			}
		}
	}
	whole, err := Models{}.Learn(t.Context(), learn)
	if err != nil || len(whole) <= most {
		t.Fatalf("%d bytes: the test is too small; %v", len(whole), err)
	}
	data, err := Models{Most: most}.Learn(t.Context(), learn)
	if err != nil || len(data) > most || len(data) < most/2 {
		t.Fatalf("%d bytes, want up to %d; %v", len(data), most, err)
	}
	if _, err := identity.ParseModel(data); err != nil {
		t.Error(err)
	}
	if !bytes.Contains(data, []byte(fmt.Sprintf("Example %02d", labels-1))) || bytes.Contains(data, []byte("Example 00")) {
		t.Error("it is not the models of most homes that are left")
	}
}
