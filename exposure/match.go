package exposure

import (
	"slices"
	"strings"
	"time"

	"cardea/home"
)

// matchFlaws finds what is known of a device: of its model, and of some products of its maker and class. names are what it
// or its identity is called; without a maker nothing matches.
func (f *Facts) matchFlaws(vendor string, class home.DeviceClass, names []string) (models, some []*flaw) {
	if f == nil || vendor == "" || class.Personal() {
		return nil, nil
	}
	at, _ := slices.BinarySearchFunc(f.flaws, vendor, func(x flaw, v string) int { return strings.Compare(x.vendor, v) })
	keys := keysOf(names)
	for ; at < len(f.flaws) && f.flaws[at].vendor == vendor; at++ {
		x := &f.flaws[at]
		switch {
		case x.class != "" && class != "" && x.class != class:
		case len(x.models) == 0:
			if class != "" && x.class == class {
				some = append(some, x)
			}
		case slices.ContainsFunc(x.models, func(m string) bool { return keys[m] }):
			models = append(models, x)
		}
	}
	newest := func(a, b *flaw) int {
		if n := b.added.Compare(a.added); n != 0 {
			return n
		}
		return strings.Compare(b.cve, a.cve)
	}
	slices.SortFunc(models, newest)
	slices.SortFunc(some, newest)
	return models, some
}

// keysOf is every run of up to three words of the names, without what joins them: "D-Link DCS 930L" gives dcs930l. A run
// of letters only must be long enough to be a name of its own.
func keysOf(names []string) map[string]bool {
	keys := map[string]bool{}
	for _, n := range names {
		words := strings.FieldsFunc(n, func(r rune) bool { return !isLetter(r) && !isDigit(r) && r != '-' && r != '+' && r != '.' })
		for i := range words {
			run := ""
			for _, w := range words[i:min(i+3, len(words))] {
				run += compact(w)
				if len(run) >= 3 && len(run) <= maxKey {
					keys[run] = true
				}
			}
		}
	}
	return keys
}

// matchModel finds the end of a model: its whole name must be the table's. An iPhone 8 Plus is no iPhone 8.
func (f *Facts) matchModel(vendor, model string) *end {
	if f == nil || vendor == "" || model == "" {
		return nil
	}
	key := compact(model)
	for i := range f.ends {
		e := &f.ends[i]
		if e.system == "" && e.vendor == vendor && (key == e.name || key == vendor+e.name) {
			return e
		}
	}
	return nil
}

// matchSystem finds the end of a system whose version a text names: "OpenWrt 19.07.3", "RouterOS/6.48", "android-dhcp-9".
func (f *Facts) matchSystem(text string) (*end, string) {
	if f == nil {
		return nil, ""
	}
	lower := strings.ToLower(text)
	var best *end
	version := ""
	for i := range f.ends {
		e := &f.ends[i]
		if e.system == "" {
			continue
		}
		if v := versionAfter(lower, e.system); v != "" && within(v, e.cycle) && (best == nil || len(e.cycle) > len(best.cycle)) {
			best, version = e, v
		}
	}
	return best, version
}

// versionAfter finds the version that follows a name as a word of its own; "" when none does.
func versionAfter(lower, name string) string {
	for at := 0; ; {
		i := strings.Index(lower[at:], name)
		if i < 0 {
			return ""
		}
		i += at
		at = i + len(name)
		if i > 0 && (isLetter(rune(lower[i-1])) || isDigit(rune(lower[i-1]))) {
			continue
		}
		rest := strings.TrimPrefix(lower[at:], "-dhcp-") // Android's DHCP vendor class
		rest = strings.TrimLeft(rest, " /_-:=v")
		n := 0
		for n < len(rest) && (rest[n] >= '0' && rest[n] <= '9' || rest[n] == '.' || rest[n] == '_') {
			n++
		}
		// Something glued to it, as in 6.49beta or 4a, still is of that cycle; but 19c is no 19.
		v := strings.Trim(strings.ReplaceAll(rest[:n], "_", "."), ".")
		if v == "" || !isVersion(v) || n < len(rest) && isLetter(rune(rest[n])) && !strings.Contains(v, ".") {
			continue
		}
		return v
	}
}

// isVersion: numbers between dots, at most five of at most five digits.
func isVersion(s string) bool {
	parts := strings.Split(s, ".")
	if len(parts) > 5 {
		return false
	}
	for _, p := range parts {
		if len(p) == 0 || len(p) > 5 || strings.ContainsFunc(p, func(r rune) bool { return !isDigit(r) }) {
			return false
		}
	}
	return true
}

// within says whether a version is of a cycle: the cycle's numbers are its first ones. 6.49.10 is of 6.49 and of 6; 6.4 is
// not of 6.49, and 6 alone is of neither 6.48 nor 6.49: which one is not known.
func within(version, cycle string) bool {
	v, c := strings.Split(version, "."), strings.Split(cycle, ".")
	if len(v) < len(c) {
		return false
	}
	for i := range c {
		if strings.TrimLeft(v[i], "0") != strings.TrimLeft(c[i], "0") {
			return false
		}
	}
	return true
}

// over says whether updates have ended by now.
func (e *end) over(now time.Time) bool { return e.ended || !e.day.IsZero() && !now.Before(e.day) }
