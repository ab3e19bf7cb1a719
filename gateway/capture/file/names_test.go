package file

import (
	"bufio"
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cardea/home"
	"cardea/internal/realdata"
)

// pair is a flow without direction.
type pair struct{ a, b netip.AddrPort }

func pairOf(a, b netip.AddrPort) pair {
	if b.Compare(a) < 0 {
		a, b = b, a
	}
	return pair{a, b}
}

// named collects the names of flows.
type named map[pair]map[string]bool

func (n named) add(p pair, name string) {
	if n[p] == nil {
		n[p] = map[string]bool{}
	}
	n[p][name] = true
}

func (n named) Handle(e *home.Event) {
	switch {
	case e.Kind == home.EventName && e.Name.Host != "":
		n.add(pairOf(e.Name.Flow.Src, e.Name.Flow.Dst), e.Name.Host)
	case e.Kind == home.EventLookup:
		n.add(pairOf(e.Lookup.Client, e.Lookup.Server), e.Lookup.Question)
	}
}

var (
	expectedFlow = regexp.MustCompile(`^\s+\d+\s+(TCP|UDP) (\S+) (?:<->|->) (\S+) \[proto: [\d.]+/([^\]]*)\].*?\[Hostname/SNI: ([^\]]+)\]`)
	protocols    = regexp.MustCompile(`^(TLS|QUIC|HTTP|DNS|DTLS|DoH_DoT|HTTP_Proxy|HTTP_Connect)(\.|$)`)
)

// expected reads the names that another program, nDPI, found in a capture: its flows by TLS, QUIC, HTTP or DNS with what it
// calls a host name, as far as that can be one.
func expected(t *testing.T, path string) map[pair]string {
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := map[pair]string{}
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		m := expectedFlow.FindStringSubmatch(s.Text())
		if m == nil || !protocols.MatchString(m[4]) {
			continue
		}
		a, err1 := netip.ParseAddrPort(m[2])
		b, err2 := netip.ParseAddrPort(m[3])
		name, _, _ := strings.Cut(m[5], ":")
		name, ok := home.CleanName(name)
		if err1 != nil || err2 != nil || !ok {
			continue
		}
		want[pairOf(a, b)] = name
	}
	return want
}

// At least 97 % of the names that nDPI found are found, each for its flow.
func TestNamesThatOthersFind(t *testing.T) {
	dir := realdata.Dir(t)
	total, found := 0, 0
	for _, folder := range []string{"ndpi", "ordinary"} {
		results, err := filepath.Glob(filepath.Join(dir, "protocols", folder+"-expected", "*.out"))
		if err != nil || len(results) < 20 {
			t.Fatalf("%s: %d results, %v: is CARDEA_DATA whole?", folder, len(results), err)
		}
		for _, result := range results {
			base := strings.TrimSuffix(filepath.Base(result), ".out")
			f, err := os.Open(filepath.Join(dir, "protocols", folder, base))
			if err != nil {
				t.Fatal(err)
			}
			got := named{}
			if _, err := Replay(context.Background(), f, got, Options{}); err != nil {
				t.Errorf("%s: %v", base, err)
			}
			f.Close()
			for p, name := range expected(t, result) {
				total++
				if got[p][name] {
					found++
				} else {
					t.Logf("%s: %v – %v: want %s, got %v", base, p.a, p.b, name, got[p])
				}
			}
		}
	}
	t.Logf("found %d of %d names", found, total)
	if total < 400 || found*100 < total*97 {
		t.Errorf("found %d of %d names, want 97 %%", found, total)
	}
}
