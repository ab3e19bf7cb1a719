package hello_test

import (
	"bufio"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cardea/internal/realdata"
)

var ja4Line = regexp.MustCompile(`^\t\d+\t(TCP|UDP) (\S+) (?:<->|->) (\S+) .*?\[JA4: ([a-z0-9_]+)\]`)

// TestJA4OfRealCaptures: at least 99 % of the fingerprints that nDPI found, but for what nDPI reads otherwise than
// FoxIO: of the protocol it takes the first two characters, not the first and the last, and without a server name it
// says "d" all the same.
func TestJA4OfRealCaptures(t *testing.T) {
	root := filepath.Join(realdata.Dir(t), "protocols")
	total, same := 0, 0
	for _, dir := range []string{"ndpi", "ordinary"} {
		outs, err := filepath.Glob(filepath.Join(root, dir+"-expected", "*.out"))
		if err != nil || len(outs) == 0 {
			t.Fatalf("no expected results in %s: %v", dir, err)
		}
		for _, out := range outs {
			want := readJA4(t, out)
			if len(want) == 0 {
				continue
			}
			name := strings.TrimSuffix(filepath.Base(out), ".out")
			w := walk(t, filepath.Join(root, dir, name))
			for p, ja4 := range want {
				total++
				if slices.ContainsFunc(w.ja4[p], func(s string) bool { return alike(s) == alike(ja4) }) {
					same++
				} else {
					t.Logf("%s: %v %s, found %q", name, p, ja4, w.ja4[p])
				}
			}
		}
	}
	t.Logf("%d of %d", same, total)
	if total < 200 || same*100 < total*99 {
		t.Errorf("%d of %d fingerprints", same, total)
	}
}

func alike(s string) string { return s[:3] + s[4:8] + s[10:] }

func readJA4(t *testing.T, path string) map[pair]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := map[pair]string{}
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		m := ja4Line.FindStringSubmatch(sc.Text())
		if m == nil {
			continue
		}
		a, err1 := netip.ParseAddrPort(m[2])
		b, err2 := netip.ParseAddrPort(m[3])
		if err1 == nil && err2 == nil {
			out[pairOf(m[1], a, b)] = m[4]
		}
	}
	return out
}

// The values are those that FoxIO publishes for its own captures.
func TestJA4OfFoxIO(t *testing.T) {
	root := filepath.Join(realdata.Dir(t), "protocols", "ja4")
	for file, want := range map[string][]string{
		"latest.pcapng": {"t12d190800_d83cc789557e_7af1ed941c26", "t13d1516h2_8daaf6152771_9b887d9acb53",
			"t13d1516h2_8daaf6152771_e5627efa2ab1"},
		"browsers-x509.pcapng": {"t13d1516h2_8daaf6152771_e5627efa2ab1"},
	} {
		got := map[string]bool{}
		for _, list := range walk(t, filepath.Join(root, file)).ja4 {
			for _, s := range list {
				got[s] = true
			}
		}
		if have := slices.Sorted(maps.Keys(got)); !slices.Equal(have, want) {
			t.Errorf("%s: %q, want %q", file, have, want)
		}
	}
}
