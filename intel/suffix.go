package intel

import (
	_ "embed" // the filter below
	"strings"

	"golang.org/x/net/publicsuffix"
)

// suffixFilter is a Bloom filter of the public suffix list's rules, 10 bits a rule, and behind it the version of the list
// that it was made of. TestSuffixFilter makes it (-update) and checks it. Asking the list itself costs as much as all the
// rest of reading a name; some 97 % of names need not ask it.
//
//go:embed suffixes.bin
var suffixFilter string

const (
	suffixBytes = 1 << 14 // of the filter
	anyOther    = 0x9e3779b97f4a7c15
)

// suffixKey is fixed, for the filter is: who chooses names that fall into it makes us ask the list, no more.
var suffixKey = key{0x2d358dccaa6c78a5, 0x8bb84b93962eacc9, 0x4b33a62ed433d4a3}

// suffixFresh says whether the filter was made of the list that is compiled in. If not, every name is looked up.
var suffixFresh = len(suffixFilter) > suffixBytes && suffixFilter[suffixBytes:] == publicsuffix.List.String()

// isSuffix says whether names below this one belong to others: it is a public suffix that ICANN knows, or a private one
// that is named and not only covered by a wildcard rule (*.compute.amazonaws.com): those are single machines and customers.
func isSuffix(name string) bool {
	if suffixFresh && !maySuffix(name) {
		return false
	}
	s, icann := publicsuffix.PublicSuffix(name)
	return s == name && (icann || !anyLabel(name))
}

// maySuffix says false when no rule is this name and no wildcard rule covers it.
func maySuffix(name string) bool {
	if c := name[len(name)-1]; c >= '0' && c <= '9' {
		return true // perhaps an address, which the list takes for a suffix
	}
	if inFilter(suffixKey.sum(name)) {
		return true
	}
	dot := strings.IndexByte(name, '.')
	return inFilter(suffixKey.sum(name[dot+1:]) ^ anyOther)
}

// inFilter tests the three bits of a hash.
func inFilter(h uint64) bool {
	const mask = suffixBytes - 1
	f := suffixFilter[:suffixBytes]
	return f[h>>3&mask]>>(h&7)&1 != 0 && f[h>>24&mask]>>(h>>21&7)&1 != 0 && f[h>>45&mask]>>(h>>42&7)&1 != 0
}

// anyLabel says whether a public suffix is one by a wildcard rule.
func anyLabel(name string) bool {
	_, parent, _ := strings.Cut(name, ".")
	other := "no-such-label-1f7a." + parent
	s, _ := publicsuffix.PublicSuffix(other)
	return s == other
}
