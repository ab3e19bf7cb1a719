package intel

import (
	"encoding/binary"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/publicsuffix"
	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "write suffixes.bin anew")

// rule is a node of the public suffix list that makes suffixes: its own name, or any name one label longer.
type rule struct {
	name  string
	below bool
}

// suffixRules takes the tables apart that golang.org/x/net/publicsuffix holds (data/, laid out as its table.go says). What
// it finds is checked against the package itself.
func suffixRules(t *testing.T) (rules []rule) {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/net").Output()
	if err != nil {
		t.Fatalf("where is golang.org/x/net: %v", err)
	}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "publicsuffix", "data", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	text, nodes, children := read("text"), read("nodes"), read("children")
	linked := map[int]bool{} // nodes that are somebody's children; the others are top-level domains
	family := func(node int) (lo, hi int, kind, any uint32) {
		x := binary.BigEndian.Uint64(append(make([]byte, 3), nodes[node*5:node*5+5]...))
		u := binary.BigEndian.Uint32(children[(x>>23&0x3ff)*4:])
		return int(u & 0x3fff), int(u >> 14 & 0x3fff), u >> 28 & 3, u >> 30 & 1
	}
	for i := range len(nodes) / 5 {
		lo, hi, _, _ := family(i)
		for ; lo < hi; lo++ {
			linked[lo] = true
		}
	}
	var walk func(node int, parent string)
	walk = func(node int, parent string) {
		x := binary.BigEndian.Uint64(append(make([]byte, 3), nodes[node*5:node*5+5]...))
		name := string(text[x>>6&0xffff:][:x&0x3f]) + parent
		lo, hi, kind, any := family(node)
		if kind == 0 {
			rules = append(rules, rule{name, false})
		}
		if any == 1 {
			rules = append(rules, rule{name, true})
		}
		for ; lo < hi; lo++ {
			walk(lo, "."+name)
		}
	}
	for i := range len(nodes) / 5 {
		if !linked[i] {
			walk(i, "")
		}
	}
	return rules
}

func makeFilter(rules []rule) string {
	f := make([]byte, suffixBytes)
	for _, r := range rules {
		h := suffixKey.sum(r.name)
		if r.below {
			h ^= anyOther
		}
		for _, x := range []uint64{h, h >> 21, h >> 42} {
			f[x>>3&(suffixBytes-1)] |= 1 << (x & 7)
		}
	}
	return string(f) + publicsuffix.List.String()
}

// inList is what isSuffix must say: the list's own answer.
func inList(name string) bool {
	s, icann := publicsuffix.PublicSuffix(name)
	return s == name && (icann || !anyLabel(name))
}

func TestSuffixFilter(t *testing.T) {
	rules := suffixRules(t)
	if len(rules) < 9000 {
		t.Fatalf("only %d rules found: is the list laid out in another way now?", len(rules))
	}
	want := makeFilter(rules)
	if *update {
		if err := os.WriteFile("suffixes.bin", []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if suffixFilter != want {
		t.Error("the public suffix list has changed: go test ./intel -run TestSuffixFilter -update")
	}
	for _, r := range rules {
		name := r.name
		if r.below {
			name = "x." + name
		}
		if s, _ := publicsuffix.PublicSuffix(name); s != name {
			t.Fatalf("%+v is no rule: is the list laid out in another way now?", r)
		}
		for _, n := range []string{name, "x." + name, "a.b." + name, name[strings.IndexByte(name, '.')+1:], "x" + name} {
			if strings.IndexByte(n, '.') >= 0 && isSuffix(n) != inList(n) {
				t.Errorf("%s: %v, and the list says %v", n, isSuffix(n), inList(n))
			}
		}
	}
	asked := 0
	for _, n := range million()[:200_000] {
		if isSuffix(n) != inList(n) {
			t.Errorf("%s: %v, and the list says %v", n, isSuffix(n), inList(n))
		}
		if maySuffix(n) {
			asked++
		}
	}
	if asked > 200_000/20 {
		t.Errorf("%d of 200,000 names need the list: the filter is too full", asked)
	}
}

func TestSuffixAnyName(t *testing.T) {
	labels := []string{"a", "com", "co", "uk", "ck", "www", "compute", "amazonaws", "s3", "jp", "kawasaki", "city", "github",
		"io", "1", "2", "255", "", "-", "_", "no-such-label-1f7a", "xn--p1ai", "cromulent", "us-east-1", "cn", "dyndns", "org"}
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(labels), rapid.StringMatching(`[a-z0-9_-]{0,12}`)), 2, 6).Draw(t, "labels")
		if n := strings.Join(l, "."); isSuffix(n) != inList(n) {
			t.Fatalf("%q: %v, and the list says %v", n, isSuffix(n), inList(n))
		}
	})
}
