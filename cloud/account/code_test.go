package account

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzTyped: what people type, scan or send as codes, tokens and browsers' names is bounded and breaks nothing.
func FuzzTyped(f *testing.F) {
	for _, seed := range []string{"", "0-ABCD-EFGH", "il o-", "\xff\xfe", "\u202e", strings.Repeat("ß", 500)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p := plain(s); strings.ContainsAny(p, "- ILO") || plain(grouped(p)) != plain(p) && utf8.ValidString(p) && isASCII(p) {
			t.Fatalf("%q of %q", p, s)
		}
		if a := cleanAgent(s); len(a) > maxAgent || !utf8.ValidString(a) || strings.ContainsFunc(a, hidden) {
			t.Fatalf("%q of %q", a, s)
		}
		if tenant, hash, ok := parseToken(s); ok && (len(tenant) != 36 || len(hash) != 32) {
			t.Fatalf("%q: %q %x", s, tenant, hash)
		}
	})
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || r <= ' ' })
}
