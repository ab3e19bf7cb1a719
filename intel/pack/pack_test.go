package pack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"cardea/home"
	"cardea/intel"
)

func entries() *rapid.Generator[intel.Entry] {
	return rapid.Custom(func(t *rapid.T) intel.Entry {
		n := rapid.IntRange(0, 40).Draw(t, "n")
		e := intel.Entry{Allow: rapid.IntRange(0, 9).Draw(t, "allow") == 0}
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			e.Prefix = netip.PrefixFrom(netip.AddrFrom4([4]byte{198, 51, 100, byte(n)}), 32)
		case 1:
			e.Prefix = netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::/48", n))
		case 2:
			e.Prefix, e.Port = netip.PrefixFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(n)}), 32), uint16(n+1)
		case 3:
			e.Name, e.Exact = fmt.Sprintf("x%d.example", n), true
		default:
			e.Name = fmt.Sprintf("n%d.example", n)
			e.Confidence = uint8(rapid.SampledFrom([]int{0, 0, 0, 90}).Draw(t, "confidence"))
		}
		return e
	})
}

// text makes a text of a few lists.
func text(t *rapid.T, label string) []byte {
	var b Builder
	for _, path := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a.txt", "tracking/b.txt", "allow/c", "d/a.txt"}), 0, 4,
		rapid.ID[string]).Draw(t, label) {
		list, _ := intel.About(path, nil, "")
		list.Family = rapid.SampledFrom([]string{"", "mirai"}).Draw(t, "family")
		l := b.Open(path, list)
		for _, e := range rapid.SliceOfN(entries(), 0, 30).Draw(t, "entries") {
			if err := l.Add(e); err != nil {
				t.Fatal(err)
			}
		}
	}
	var w bytes.Buffer
	if _, err := b.Write(&w); err != nil {
		t.Fatal(err)
	}
	return w.Bytes()
}

func nothing(*Header, []byte) error { return nil }

// Whatever chain of texts there is: the first with all deltas laid over it is the last, byte by byte.
func TestDeltasLeadFromAnyTextToAnyOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := text(t, "first")
		is := first
		var o Overlay
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			was := is
			is = text(t, "next")
			var delta bytes.Buffer
			n, err := Diff(bytes.NewReader(was), bytes.NewReader(is), &delta)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Equal(was, is) && (n != 0 || delta.String() != deltaMagic+"\n") {
				t.Fatalf("a difference of equal texts: %s", delta.Bytes())
			}
			if err := o.Add(&delta); err != nil {
				t.Fatal(err)
			}
		}
		var got bytes.Buffer
		if err := o.Apply(bytes.NewReader(first), &got, nothing); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got.Bytes(), is) {
			t.Fatalf("got\n%swant\n%s", got.Bytes(), is)
		}
	})
}

// Every entry that is written is read back, with what its section says.
func TestEntriesComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries().Draw(t, "entry")
		var b Builder
		var w bytes.Buffer
		if err := b.Open("x.txt", intel.List{Source: "x"}).Add(e); err != nil {
			t.Fatal(err)
		}
		if n, err := b.Write(&w); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		r := NewReader(&w)
		if _, line, err := r.Next(); line != nil || err != nil {
			t.Fatal(line, err)
		}
		h, line, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		got, err := h.Parse(line)
		if e.Confidence == 0 {
			e.Confidence = intel.DefaultConfidence
		}
		if err != nil || got != e {
			t.Fatalf("%+v, %v, want %+v", got, err, e)
		}
		if _, _, err := r.Next(); !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
	})
}

func TestHostileTexts(t *testing.T) {
	head := (&Header{Path: "malware/a.txt", Class: home.ClassMalware, Source: "a", Confidence: 80}).line() + "\n"
	for _, s := range []string{
		"", "cardea lists 2\n", textMagic, textMagic + "\na.example\n", textMagic + "\n" + head + "b\na\n",
		textMagic + "\n" + head + "a.example\na.example\n", textMagic + "\n" + head + "a.exa", textMagic + "\n" + head + head,
		textMagic + "\n" + head + "\n", textMagic + "\n" + head + strings.Repeat("a", 2000) + "\n",
		textMagic + "\n" + strings.Replace(head, "malware/a", "malware/../a", 1),
		textMagic + "\n" + strings.Replace(head, "malware/a", "/etc/a", 1),
		textMagic + "\n" + strings.Replace(head, "malware/a", "malware/.a", 1),
		textMagic + "\n" + strings.Replace(head, `"a"`, `"a\nclass: allow"`, 1),
		textMagic + "\n" + strings.Replace(head, `80`, `101`, 1),
		textMagic + "\n" + strings.Replace(head, `{`, `{ `, 1),
	} {
		var o Overlay
		if err := o.Apply(strings.NewReader(s), io.Discard, nothing); err == nil {
			t.Errorf("%.80q was taken", s)
		}
	}
	for _, s := range []string{"", textMagic + "\n", deltaMagic + "\n+a.example\n", deltaMagic + "\n" + head + "a.example\n",
		deltaMagic + "\n!../x\n", deltaMagic + "\n" + head + "+a b\n", deltaMagic + "\n" + head + "+localhost:8\n"} {
		if err := new(Overlay).Add(strings.NewReader(s)); err == nil {
			t.Errorf("%.80q was taken for a delta", s)
		}
	}
}

// A delta of any size is refused before it fills the memory.
func TestTooManyChanges(t *testing.T) {
	head := (&Header{Path: "malware/a.txt", Class: home.ClassMalware, Source: "a", Confidence: 80}).line()
	var s strings.Builder
	fmt.Fprintf(&s, "%s\n%s\n", deltaMagic, head)
	for i := range MaxChanges + 1 {
		fmt.Fprintf(&s, "+n%d.example\n", i)
	}
	if err := new(Overlay).Add(strings.NewReader(s.String())); !errors.Is(err, ErrMuch) {
		t.Error(err)
	}
}

func FuzzOverlay(f *testing.F) {
	head := (&Header{Path: "malware/a.txt", Class: home.ClassMalware, Source: "a", Confidence: 80}).line() + "\n"
	f.Add([]byte(textMagic+"\n"+head+"a.example\nb.example\n"), []byte(deltaMagic+"\n"+head+"+c.example\n-a.example\n"))
	f.Add([]byte(textMagic+"\n"+head+"192.0.2.1\n"), []byte(deltaMagic+"\n!malware/a.txt\n"))
	f.Fuzz(func(t *testing.T, base, delta []byte) {
		var o Overlay
		if err := o.Add(bytes.NewReader(delta)); err != nil {
			o = Overlay{}
		}
		var out bytes.Buffer
		if err := o.Apply(bytes.NewReader(base), &out, func(h *Header, line []byte) error {
			if line != nil {
				_, _ = h.Parse(line) // an error, never a crash
			}
			return h.check()
		}); err != nil {
			return
		}
		// What was made is a text again, and no difference to itself.
		var again bytes.Buffer
		n, err := Diff(bytes.NewReader(out.Bytes()), bytes.NewReader(out.Bytes()), &again)
		if err != nil || n != 0 {
			t.Fatalf("%d changes, %v in %q", n, err, out.Bytes())
		}
	})
}
