package facts

import (
	"fmt"
	"strconv"
	"strings"

	"cardea/home"
)

// section is how the rows below a heading are read.
type section struct {
	clue      string
	words     string // put before the pattern to say it in words
	after     string // put behind it
	weight    float64
	forgeable int
	apps      bool
}

// sections by heading. [vendor], [product] and [kind] are words found in free text: see lexicon.
var sections = map[string]section{
	Maker:      {Maker, "", " address range", 4, 2, false},
	DHCPVendor: {DHCPVendor, "DHCP class ", "", 2, 3, false},
	DHCPParams: {DHCPParams, "DHCP options ", "", 1.5, 2, false},
	HostName:   {HostName, "calls itself ", "", 3, 3, false},
	Service:    {Service, "offers ", "", 3, 3, false},
	Text:       {Text, "says ", "", 5, 3, false},
	SSDPType:   {SSDPType, "announces ", "", 4, 3, false},
	SSDPServer: {SSDPServer, "announces itself with ", "", 4, 3, false},
	UPnP:       {UPnP, "describes itself with ", "", 5, 3, false},
	Agent:      {Agent, "HTTP agent ", "", 4, 3, false},
	Name:       {Name, "asks for ", "", 3, 2, true},
	Port:       {Port, "answers on ", "", 2, 2, false},
	Software:   {Software, "serves with ", "", 4, 3, false},
	"vendor":   {}, "product": {}, "kind": {},
}

// read adds a text's rows. A row is
//
//	pattern; pattern | vendor | class | weight | model | words
//
// below a [heading]; "-" or nothing is not said; "#" at a line's beginning is a remark. A weight with "!" is of what only
// devices do, no app. In [product] and [vendor] a weight of 0 means: only where a person named the product, as in a label.
func (t *Table) read(text string) error {
	heading, line := "", 0
	for row := range strings.Lines(text) {
		line++
		row = strings.TrimSpace(row)
		switch {
		case row == "" || strings.HasPrefix(row, "# ") || row == "#":
			continue
		case row[0] == '[' && row[len(row)-1] == ']':
			heading = row[1 : len(row)-1]
			if _, ok := sections[heading]; !ok {
				return fmt.Errorf("line %d: no such heading as %q", line, heading)
			}
			continue
		}
		if err := t.row(heading, strings.Split(row, "|")); err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
	return nil
}

func (t *Table) row(heading string, cols []string) error {
	sec, ok := sections[heading]
	if !ok || len(cols) > 6 {
		return fmt.Errorf("%q is below no heading or has too many columns", cols[0])
	}
	var col [6]string
	for i := range cols {
		if col[i] = strings.TrimSpace(cols[i]); col[i] == "-" {
			col[i] = ""
		}
	}
	f := Fact{Vendor: col[1], Class: home.DeviceClass(col[2]), Weight: sec.weight, Model: col[4], Words: col[5], Forgeable: sec.forgeable, Apps: sec.apps}
	if w, own := strings.CutSuffix(col[3], "!"); col[3] != "" {
		f.Apps = f.Apps && !own
		if w != "" {
			var err error
			if f.Weight, err = strconv.ParseFloat(w, 64); err != nil {
				return fmt.Errorf("weight of %q: %w", cols[0], err)
			}
		}
	}
	if f.Class != "" && !known[f.Class] || f.Class.SetByPeople() {
		return fmt.Errorf("%q: class %q is not known or not ours to say", cols[0], f.Class)
	}
	if f.Model != "" && f.Vendor != "" && !strings.HasPrefix(f.Model, f.Vendor) {
		f.Model = f.Vendor + " " + f.Model
	}
	for pattern := range strings.SplitSeq(col[0], ";") {
		if pattern = strings.TrimSpace(pattern); pattern == "" {
			return fmt.Errorf("%q: an empty pattern", cols[0])
		}
		if sec.clue == "" {
			if err := t.words.add(heading, strings.ToLower(pattern), f, col[3] == "0"); err != nil {
				return err
			}
			continue
		}
		if low := strings.ToLower(pattern); !wellFormed(low) {
			return fmt.Errorf("%q is no pattern", pattern)
		}
		one := f
		if one.Words == "" {
			one.Words = sec.words + spoken(pattern) + sec.after
		}
		t.rules[sec.clue].add(strings.ToLower(pattern), one)
	}
	return nil
}

// spoken is a pattern as people may read it: the words without the wildcards at its ends.
func spoken(pattern string) string {
	s := strings.Trim(pattern, "*")
	s = strings.TrimRight(s, "#%?~_-/(,=: ")
	return strings.NewReplacer("*", "…", "#", "…", "%", "…", "?", "…", "~", ";").Replace(s)
}

// wellFormed says whether a pattern can be matched fast: something literal in front, and few wildcards.
func wellFormed(p string) bool {
	body := strings.TrimPrefix(p, "*")
	return body != "" && !hasWildcard(body[:1]) && strings.Count(strings.TrimSuffix(body, "*"), "*") <= 1
}

var known = map[home.DeviceClass]bool{
	home.ClassCamera: true, home.ClassDoorbell: true, home.ClassPlug: true, home.ClassLight: true, home.ClassSensor: true,
	home.ClassThermostat: true, home.ClassHub: true, home.ClassLock: true, home.ClassAlarm: true, home.ClassMedical: true,
	home.ClassScale: true, home.ClassAppliance: true, home.ClassSpeaker: true, home.ClassTV: true, home.ClassConsole: true,
	home.ClassPrinter: true, home.ClassNAS: true, home.ClassRouter: true, home.ClassPhone: true, home.ClassTablet: true,
	home.ClassComputer: true, home.ClassWatch: true, home.ClassVehicle: true, home.ClassGadget: true,
}
