package exposure

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"cardea/exposure/eol"
	"cardea/exposure/kev"
	"cardea/home"
)

// Facts are what is known in general: which models have weaknesses that attackers are known to use, and for which models
// and systems updates have ended. They never change once made; the zero value and nil know nothing.
type Facts struct {
	flaws []flaw // sorted by vendor
	ends  []end  // sorted by product
}

// Names of the feeds, as an Exposure names its source.
const (
	SourceKEV = "CISA KEV"
	SourceEOL = "endoflife.date"
)

// flaw is one known exploited vulnerability of one maker's models; without models, of some of its products of a class.
type flaw struct {
	vendor string // as makerOf gives it
	class  home.DeviceClass
	cve    string
	added  time.Time
	models []string // compact names, sorted
	ended  bool     // no version gets repaired
	ransom bool
}

// end is a cycle of a system's versions, or a model, whose updates end.
type end struct {
	product string
	vendor  string // of a model; "" for a system that runs on anybody's devices
	system  string // compact name of the system; "" for a model
	name    string // of a model: its compact name
	cycle   string // of a system: its version, as the table names it
	label   string // for people
	day     time.Time
	ended   bool // has ended, the day is not known
}

// Compile takes from the feeds what can concern a device in a home. Most of KEV is about servers' software and is left
// out, and so is what computers and phones get by their own updates: without a version it would be told to everybody.
func Compile(c *kev.Catalog, products []eol.Product) *Facts {
	f := &Facts{}
	if c != nil {
		for i := range c.Entries {
			f.flaws = append(f.flaws, flawsOf(&c.Entries[i])...)
		}
	}
	for i := range products {
		f.ends = append(f.ends, endsOf(&products[i])...)
	}
	f.flaws = f.flaws[:min(len(f.flaws), maxFacts)]
	f.ends = f.ends[:min(len(f.ends), maxFacts)]
	f.sort()
	return f
}

func (f *Facts) sort() {
	slices.SortFunc(f.flaws, func(a, b flaw) int {
		return cmp.Or(cmp.Compare(a.vendor, b.vendor), cmp.Compare(a.cve, b.cve), slices.Compare(a.models, b.models), cmp.Compare(a.class, b.class))
	})
	f.flaws = slices.CompactFunc(f.flaws, func(a, b flaw) bool {
		return a.vendor == b.vendor && a.cve == b.cve && a.class == b.class && slices.Equal(a.models, b.models)
	})
	slices.SortFunc(f.ends, func(a, b end) int {
		return cmp.Or(cmp.Compare(a.product, b.product), cmp.Compare(a.cycle, b.cycle), cmp.Compare(a.name, b.name))
	})
	f.ends = slices.CompactFunc(f.ends, func(a, b end) bool { return a.product == b.product && a.cycle == b.cycle && a.name == b.name })
}

// Len is how many vulnerabilities and how many ends there are.
func (f *Facts) Len() (flaws, ends int) {
	if f == nil {
		return 0, 0
	}
	return len(f.flaws), len(f.ends)
}

// flawsOf: one for each maker that an entry names; none when it concerns no device.
func flawsOf(e *kev.Entry) []flaw {
	class := classIn(e.Product)
	if class == "" {
		class = classIn(e.Name)
	}
	var out []flaw
	for _, v := range strings.Split(e.Vendor, " and ") {
		maker, known := makerOf(v)
		models, c := modelsIn(e.Product, maker), class
		if len(models) == 0 {
			models = modelsInText(e.Text)
		}
		if c == "" {
			c = productClasses[maker+" "+compact(e.Product)]
		}
		if maker == "" || c.Personal() || leftOut(e.Product) || len(models) == 0 && c == "" || c == "" && (!known || mostlyPrograms[maker]) {
			continue
		}
		out = append(out, flaw{vendor: maker, class: c, cve: e.CVE, added: e.Added, models: models, ended: e.Ended(), ransom: e.Ransomware})
	}
	return out
}

// endsOf: a line for each release of a device or a system, when the table is about security updates.
func endsOf(p *eol.Product) []end {
	if !p.Security || notSecurity[p.Name] {
		return nil
	}
	what, ok := products[p.Name]
	if !ok {
		what = guessProduct(p)
	}
	var out []end
	for i := range p.Releases {
		r := &p.Releases[i]
		if r.End.IsZero() && !r.Ended {
			continue
		}
		e := end{product: p.Name, vendor: what.vendor, cycle: printable(r.Cycle, maxWord), label: what.label(r), day: r.End, ended: r.Ended}
		switch {
		case what.system != "":
			e.system = what.system
			if !isVersion(r.Cycle) {
				continue
			}
			out = append(out, e)
		case what.vendor != "":
			e.name = modelKey(what, r)
			if e.name != "" {
				out = append(out, e)
			}
		}
	}
	return out
}

// label is what people call a release: the table's label with the product's name before it.
func (what product) label(r *eol.Release) string {
	s := r.Label
	if s == "" {
		s = strings.ReplaceAll(r.Cycle, "-", " ")
	}
	s = printable(s, maxWord)
	if rest, ok := strings.CutPrefix(strings.ToLower(s), strings.ToLower(what.people)); ok {
		s = strings.TrimSpace(s[len(s)-len(rest):])
	}
	return printable(what.people+" "+s, maxWord)
}

// modelKey is the compact name of a model without its maker: "iphone8", "galaxys8". "" when the line's name alone could
// be anything.
func modelKey(what product, r *eol.Release) string {
	name := r.Label
	if name == "" {
		name = r.Cycle
	}
	key := compact(name)
	if what.prefix != "" && !strings.HasPrefix(key, what.prefix) {
		key = what.prefix + key
	}
	if len(key) < 4 || len(key) > maxKey || !strings.ContainsFunc(key, isLetter) {
		return ""
	}
	return key
}
