package intel

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardea/home"
)

func listOf(t testing.TB, l List, text string) (*Set, Report) {
	t.Helper()
	b := NewBuilder()
	r, err := Read(strings.NewReader(text), l, b.Add)
	if err != nil {
		t.Fatal(err)
	}
	return b.Build(), r
}

// generated makes n different names as feeds have them, the same for the same seed.
func generated(n int, seed uint64) []string {
	r := rand.New(rand.NewPCG(seed, 1))
	tlds := []string{"com", "net", "org", "xyz", "top", "ru", "cn", "info"}
	seen := make(map[string]bool, n)
	names := make([]string, 0, n)
	for len(names) < n {
		var b strings.Builder
		for range r.IntN(3) {
			fmt.Fprintf(&b, "%s.", word(r))
		}
		fmt.Fprintf(&b, "%s%d.%s", word(r), r.IntN(1000), tlds[r.IntN(len(tlds))])
		if s := b.String(); !seen[s] {
			seen[s] = true
			names = append(names, s)
		}
	}
	return names
}

func word(r *rand.Rand) string {
	b := make([]byte, 2+r.IntN(9))
	for i := range b {
		b[i] = 'a' + byte(r.IntN(26))
	}
	return string(b)
}

// plainFind is what Find must say, by a plain map.
func plainFind(m map[string]bool, name string) (string, bool) {
	for rest := name; ; {
		_, parent, ok := strings.Cut(rest, ".")
		if !ok {
			return "", false
		}
		if m[rest] {
			return rest, true
		}
		rest = parent
	}
}

func checkSame(t *testing.T, s *Set, m map[string]bool, questions []string) {
	t.Helper()
	for _, q := range questions {
		want, ok := plainFind(m, q)
		got, found := s.Find(q)
		if found != ok || got.Name != want {
			t.Fatalf("Find(%q) = %q, %v; a plain map says %q, %v", q, got.Name, found, want, ok)
		}
	}
}

func build(t testing.TB, names []string) (*Set, map[string]bool) {
	t.Helper()
	b, m := NewBuilder(), make(map[string]bool, len(names))
	l := &List{Source: "test"}
	for _, n := range names {
		if why := b.Add(l, Entry{Name: n}); why != "" {
			t.Fatalf("%s refused: %s", n, why)
		}
		m[n] = true
	}
	return b.Build(), m
}

// A million names, then a thousand random deltas: the answers are always those of a plain map.
func TestAnswersAreAPlainMaps(t *testing.T) {
	names := generated(1_100_000, 1)
	s, m := build(t, names[:1_000_000])
	if s.Len() != len(m) {
		t.Fatalf("Len %d, want %d", s.Len(), len(m))
	}
	if per := float64(s.Bytes()) / float64(s.Len()); per > 10 {
		t.Errorf("%.2f bytes a name, want at most 10", per)
	}
	questions := make([]string, 0, 220_000)
	for i := 0; i < len(names); i += 10 {
		questions = append(questions, names[i], "a.b."+names[i])
	}
	checkSame(t, s, m, questions)

	r := rand.New(rand.NewPCG(2, 2))
	first := s
	merges := 0
	for i := range 1000 {
		var d Delta
		changed := make([]string, 0, 400)
		for range r.IntN(200) {
			n := names[r.IntN(len(names))]
			d.Remove = append(d.Remove, Entry{Name: n})
			delete(m, n)
			changed = append(changed, n)
		}
		for range r.IntN(200) {
			n := names[r.IntN(len(names))]
			d.Add = append(d.Add, Listed{List{Source: "delta"}, Entry{Name: n}})
			m[n] = true
			changed = append(changed, n, "x."+n)
		}
		var refused int
		if s, refused = s.Apply(d); refused != 0 {
			t.Fatalf("delta %d: %d refused", i, refused)
		}
		if s.over.n == 0 {
			merges++
		}
		checkSame(t, s, m, changed)
		if s.Len() != len(m) {
			t.Fatalf("after delta %d: Len %d, want %d", i, s.Len(), len(m))
		}
	}
	if merges == 0 {
		t.Error("no delta was merged: the test does not reach it")
	}
	checkSame(t, s, m, questions)
	if per := float64(s.Bytes()) / float64(s.Len()); per > 11.5 {
		t.Errorf("%.2f bytes a name with an overlay", per)
	}
	if first.Len() != 1_000_000 {
		t.Error("the first set changed")
	}
}

// Small sets against a model with exceptions, exact names, classes and addresses.
func TestSmallSetsAgainstAModel(t *testing.T) {
	labels := rapid.SampledFrom([]string{"a", "b", "cc", "long-label-of-many-bytes"})
	name := rapid.Custom(func(t *rapid.T) string {
		return strings.Join(append(rapid.SliceOfN(labels, 0, 4).Draw(t, "labels"), "x", "test"), ".")
	})
	rapid.Check(t, func(t *rapid.T) {
		model := map[string]map[bool]bool{} // name → exact?
		s := NewBuilder().Build()
		for range rapid.IntRange(1, 12).Draw(t, "deltas") {
			var d Delta
			for _, n := range rapid.SliceOfN(name, 0, 4).Draw(t, "remove") {
				d.Remove = append(d.Remove, Entry{Name: n})
				delete(model, n)
			}
			for _, n := range rapid.SliceOfN(name, 0, 6).Draw(t, "add") {
				exact := rapid.Bool().Draw(t, "exact")
				d.Add = append(d.Add, Listed{List{Source: "s"}, Entry{Name: n, Exact: exact}})
				if model[n] == nil {
					model[n] = map[bool]bool{}
				}
				model[n][exact] = true
			}
			s, _ = s.Apply(d)
			n := 0
			for _, k := range model {
				n += len(k)
			}
			if s.Len() != n {
				t.Fatalf("Len %d, want %d", s.Len(), n)
			}
			q := name.Draw(t, "question")
			want := ""
			for rest := q; want == "" && rest != "test"; _, rest, _ = strings.Cut(rest, ".") {
				if model[rest][false] || model[rest][true] && rest == q {
					want = rest
				}
			}
			if got, _ := s.Find(q); got.Name != want {
				t.Fatalf("Find(%s) = %q, want %q", q, got.Name, want)
			}
		}
	})
}

// Addresses against the obvious loop over all blocks.
func TestAddressesAgainstALoop(t *testing.T) {
	addr := rapid.Custom(func(t *rapid.T) netip.Addr {
		if rapid.Bool().Draw(t, "v4") {
			return netip.AddrFrom4([4]byte{198, 51, rapid.Byte().Draw(t, "c") & 3, rapid.Byte().Draw(t, "d")})
		}
		return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 5: rapid.Byte().Draw(t, "net") & 3, 15: rapid.Byte().Draw(t, "host")})
	})
	rapid.Check(t, func(t *rapid.T) {
		model := map[Entry]bool{}
		var s *Set
		for range rapid.IntRange(1, 8).Draw(t, "deltas") {
			var d Delta
			for e := range model {
				if rapid.IntRange(0, 3).Draw(t, "remove") == 0 {
					d.Remove = append(d.Remove, e)
				}
			}
			for _, e := range d.Remove {
				delete(model, e)
			}
			for _, a := range rapid.SliceOfN(addr, 0, 6).Draw(t, "add") {
				e := Entry{Prefix: single(a), Port: uint16(rapid.IntRange(0, 2).Draw(t, "port"))}
				if rapid.IntRange(0, 2).Draw(t, "block") == 0 {
					p, _ := a.Prefix(a.BitLen() - rapid.IntRange(1, 12).Draw(t, "bits"))
					e = Entry{Prefix: p}
				}
				d.Add = append(d.Add, Listed{List{Source: "s"}, e})
				model[e] = true
			}
			s, _ = s.Apply(d)
			if s.Len() != len(model) {
				t.Fatalf("Len %d, want %d", s.Len(), len(model))
			}
			q := netip.AddrPortFrom(addr.Draw(t, "question"), uint16(rapid.IntRange(0, 2).Draw(t, "port")))
			best := -1
			for e := range model {
				if e.Prefix.Contains(q.Addr()) && (e.Port == 0 || e.Port == q.Port()) {
					best = max(best, e.Prefix.Bits())
				}
			}
			got, ok := s.FindAddr(q)
			if ok != (best >= 0) || ok && got.Prefix.Bits() != best {
				t.Fatalf("FindAddr(%s) = %v %v, want /%d", q, got.Prefix, ok, best)
			}
		}
		n := 0
		s.Prefixes(func(p netip.Prefix, port uint16, _ *Class) bool {
			if n++; !model[Entry{Prefix: p, Port: port}] {
				t.Fatalf("%s port %d is not listed", p, port)
			}
			return true
		})
		if n != len(model) {
			t.Fatalf("told of %d of %d", n, len(model))
		}
	})
}

func TestExceptionsExcuseTheirOwnClassOnly(t *testing.T) {
	b := NewBuilder()
	for _, l := range []struct {
		List
		text string
	}{
		{List{Source: "ads", Class: home.ClassTracking}, "||ads.example^\n||bot.example^\n@@||good.ads.example^\n@@||bot.example^\n@@||198.51.100.7^\n"},
		{List{Source: "bots", Class: home.ClassMalware, Family: "mirai"}, "||bot.example^\n||free.example^\n||198.51.100.7^\n||198.51.100.8^\n"},
		{List{Source: "mine", Class: ClassAllow}, "free.example\n198.51.100.8\n"},
	} {
		if _, err := Read(strings.NewReader(l.text), l.List, b.Add); err != nil {
			t.Fatal(err)
		}
	}
	s := b.Build()
	for name, want := range map[string]string{
		"ads.example": "ads", "x.ads.example": "ads", "good.ads.example": "", "x.good.ads.example": "",
		"bot.example": "bots", "c2.bot.example": "bots", "free.example": "", "www.free.example": "", "example": "",
	} {
		if got, _ := s.Name(name); got.Source != want {
			t.Errorf("%s: %+v, want source %q", name, got, want)
		}
	}
	for addr, want := range map[string]string{"198.51.100.7": "bots", "198.51.100.8": "", "198.51.100.9": ""} {
		if got, _ := s.Addr(netip.MustParseAddr(addr)); got.Source != want {
			t.Errorf("%s: %+v, want source %q", addr, got, want)
		}
	}
	var told []string
	s.Addrs(func(a netip.Addr, _ *Class) bool { told = append(told, a.String()); return true })
	if !slices.Equal(told, []string{"198.51.100.7"}) {
		t.Errorf("for the kernel: %v", told)
	}
	got, _ := s.Name("c2.bot.example")
	want := home.Indicator{Kind: home.IndicatorDomain, Value: "bot.example", Class: home.ClassMalware, Family: "mirai",
		Source: "bots", Confidence: DefaultConfidence}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestEndpointKeepsToThePort(t *testing.T) {
	s, _ := listOf(t, List{Source: "trails"}, "198.51.100.1:23\n[2001:db8::1]:6667\nhttp://198.51.100.2\n198.51.100.0/28\n203.0.113.9\n")
	for at, want := range map[string]string{
		"198.51.100.1:23": "198.51.100.1:23", "198.51.100.1:80": "198.51.100.0/28", "[2001:db8::1]:6667": "[2001:db8::1]:6667",
		"[2001:db8::1]:80": "", "198.51.100.2:80": "198.51.100.2:80", "203.0.113.9:1": "203.0.113.9", "[::ffff:203.0.113.9]:1": "203.0.113.9",
	} {
		if got, _ := s.Endpoint(netip.MustParseAddrPort(at)); got.Value != want {
			t.Errorf("%s: %q, want %q", at, got.Value, want)
		}
	}
	if _, ok := s.Addr(netip.MustParseAddr("2001:db8::1")); ok {
		t.Error("an address:port pair lists the whole address")
	}
}

// A table taken apart gives exactly what went in.
func TestTableGivesHashesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := map[uint64]uint16{}
		var b Builder
		for _, h := range rapid.SliceOf(rapid.Uint64()).Draw(t, "hashes") {
			in[h] = uint16(h % removed)
		}
		for h, c := range in {
			b.addName(hashed{h, c})
		}
		tab := newTable(&b, keepAll)
		out := map[uint64]uint16{}
		tab.all(func(e hashed) { out[e.hash] = e.class })
		if !maps.Equal(in, out) {
			t.Fatalf("in %v, out %v", in, out)
		}
	})
}

func TestNilSetIsEmpty(t *testing.T) {
	var s *Set
	if _, ok := s.Name("a.example"); ok || s.Len() != 0 || s.Bytes() != 0 {
		t.Error("a nil set lists something")
	}
	if _, ok := s.Addr(netip.MustParseAddr("192.0.2.1")); ok {
		t.Error("a nil set lists an address")
	}
}

func TestLookupsDoNotAllocate(t *testing.T) {
	s, _ := listOf(t, List{Source: "l"}, "evil.example\n198.51.100.1\n198.51.100.0/24\n")
	at := netip.MustParseAddrPort("198.51.100.1:80")
	if n := testing.AllocsPerRun(100, func() {
		s.Name("a.b.evil.example")
		s.Name("a.b.c.good.example")
		s.FindAddr(at)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestUndoAndKeep(t *testing.T) {
	add := func(b *Builder, source string, from, to int) {
		for i := from; i < to; i++ {
			b.Add(&List{Source: source}, Entry{Name: fmt.Sprintf("n%d.example", i)})
			b.Add(&List{Source: source}, Entry{Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 32)})
		}
		b.Add(&List{Source: source}, Entry{Prefix: netip.MustParsePrefix("2001:db8::/32"), Confidence: 1 + uint8(to%90)})
	}
	b := NewBuilder()
	add(b, "a", 0, 9000)
	m := b.Mark()
	add(b, "b", 5000, 30_000)
	b.Undo(m)
	add(b, "c", 9000, 10_000)
	s := b.Build()
	if s.Len() != 20_001 || s.Names() != 10_000 {
		t.Fatalf("Len %d after an undo", s.Len())
	}
	s, _ = s.Apply(Delta{Remove: []Entry{{Name: "n1.example"}}})
	next := NewBuilderFrom(s)
	add(next, "d", 20_000, 20_010)
	if n := next.Keep(s, "a"); n != 17_999+1 && n != 17_999 {
		t.Errorf("kept %d of a", n)
	}
	s = next.Build()
	for name, want := range map[string]string{"n0.example": "a", "n1.example": "", "n9500.example": "", "n20005.example": "d"} {
		if got, _ := s.Name(name); got.Source != want {
			t.Errorf("%s is of %q, want %q", name, got.Source, want)
		}
	}
	if got, _ := s.Addr(netip.MustParseAddr("198.51.0.7")); got.Source != "a" {
		t.Errorf("address of %+v", got)
	}
}
