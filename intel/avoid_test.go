package intel

import (
	"net/netip"
	"testing"

	"cardea/home"

	"pgregory.net/rapid"
)

func TestAvoid(t *testing.T) {
	a := NewAvoid()
	known := a.Len()
	a.Add("Shop.Example.", ReasonPopular)
	a.Add(home.Collapse("node17.fw.maker.example", "maker.example"), ReasonUsual)
	a.Add("com", ReasonPopular)
	a.Add("shop.example", ReasonUsual)
	if a.Len() != known+2 {
		t.Errorf("%d names, %d known", a.Len(), known)
	}
	for _, c := range []struct {
		e    Entry
		want Reason
	}{
		{Entry{Name: "shop.example"}, ReasonPopular},
		{Entry{Name: "shop.example", Exact: true}, ReasonPopular},
		{Entry{Name: "www.shop.example"}, ReasonPopular},
		{Entry{Name: "evil.shop.example"}, ""},
		{Entry{Name: "evilshop.example"}, ""},
		{Entry{Name: "node4.fw.maker.example"}, ReasonUsual},
		{Entry{Name: "fw.maker.example"}, ReasonUsual},
		{Entry{Name: "maker.example"}, ReasonUsual},
		{Entry{Name: "maker.example", Exact: true}, ""},
		{Entry{Name: "netflix.com"}, ReasonService},
		{Entry{Name: "shop.example", Allow: true}, ""},
		{Entry{Prefix: netip.MustParsePrefix("198.51.100.7/32")}, ""},
	} {
		if got, _ := a.Refuse(c.e); got != c.want {
			t.Errorf("%v: %q, want %q", c.e, got, c.want)
		}
	}
	if why, _ := (*Avoid)(nil).Refuse(Entry{Name: "shop.example"}); why != "" || (*Avoid)(nil).Len() != 0 {
		t.Error("nothing knows something")
	}
}

// Whatever is added is never listed: neither alone nor by what holds it.
func TestWhatIsAvoidedIsNeverTakenAlong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := NewAvoid()
		name := rapid.StringMatching(`([a-z]{1,6}\.){1,4}example`).Draw(t, "name")
		a.Add(name, ReasonPopular)
		for up := name; up != "example"; up = parent(up) {
			if why, _ := a.Refuse(Entry{Name: up}); why == "" {
				t.Fatalf("%s takes %s along", up, name)
			}
		}
		if why, _ := a.Refuse(Entry{Name: "x-" + name}); why != "" {
			t.Fatalf("its neighbour x-%s is refused: %s", name, why)
		}
	})
}
