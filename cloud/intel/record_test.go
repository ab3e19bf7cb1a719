package intel

import (
	"net/netip"
	"testing"

	"cardea/home"
	"cardea/intel"

	"pgregory.net/rapid"
)

func drawItem(t *rapid.T) (i item) {
	if rapid.Bool().Draw(t, "name") {
		i.entry = intel.Entry{Name: rapid.StringMatching(`([a-z0-9]{1,8}\.){1,3}[a-z]{2,6}`).Draw(t, "n"), Exact: rapid.Bool().Draw(t, "exact"), Allow: rapid.Bool().Draw(t, "allow")}
	} else {
		a := netip.AddrFrom4([4]byte(rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "a")))
		i.entry.Prefix = netip.PrefixFrom(a, rapid.IntRange(8, 32).Draw(t, "bits")).Masked()
		i.entry.Port = rapid.Uint16().Draw(t, "port")
	}
	i.confidence = uint8(rapid.IntRange(0, 100).Draw(t, "c"))
	i.from, i.until = rapid.Int64Range(0, 1<<40).Draw(t, "from"), rapid.Int64Range(0, 1<<40).Draw(t, "until")
	i.class, i.family = rapid.SampledFrom([]home.Class{"", "phishing"}).Draw(t, "class"), rapid.SampledFrom([]string{"", "Mirai", "a b"}).Draw(t, "family")
	i.id = rapid.SampledFrom([]string{"", "indicator--1"}).Draw(t, "id")
	return i
}

// What is kept is what was told, in whatever order it came and however often.
func TestItemsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(drawItem), 0, 20).Draw(t, "items")
		c, err := packItems(list)
		if err != nil {
			t.Fatal(err)
		}
		turned := append([]item{}, list...)
		for k, l := 0, len(turned)-1; k < l; k, l = k+1, l-1 {
			turned[k], turned[l] = turned[l], turned[k]
		}
		if d, err := packItems(append(turned, list...)); err != nil || d.sum != c.sum || d.entries != c.entries {
			t.Fatalf("another order is other content: %v", err)
		}
		want, got := map[item]bool{}, map[item]bool{}
		for _, i := range list {
			want[i] = true
		}
		if err := each(c.data, func(i item) error { got[i] = true; return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(want) || c.entries != len(want) {
			t.Fatalf("%d of %d came back", len(got), len(want))
		}
		for i := range want {
			if !got[i] {
				t.Fatalf("%+v is gone", i)
			}
		}
	})
}

func FuzzItem(f *testing.F) {
	for _, s := range []string{"a.example", "@=a.example\t80\t1\t2\tphishing\tMirai\tindicator--1", "198.51.100.0/24", "2001:db8::7/128#443", "x\t-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		i, err := parseItem(s)
		if err != nil {
			return
		}
		b := i.line(nil)
		again, err := parseItem(string(b[:len(b)-1]))
		if err != nil || again != i {
			t.Fatalf("%q: %+v, then %+v %v", s, i, again, err)
		}
	})
}
