package stix

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cardea/home"
)

// weak is the most that is believed of an indicator which only says that something is unusual.
const weak = 40

// object is what is read of any of them.
type object struct {
	Type           string   `json:"type"`
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Modified       string   `json:"modified"`
	Revoked        bool     `json:"revoked"`
	Pattern        string   `json:"pattern"`
	PatternType    string   `json:"pattern_type"`
	ValidFrom      string   `json:"valid_from"`
	ValidUntil     string   `json:"valid_until"`
	Confidence     *int     `json:"confidence"`
	Labels         []string `json:"labels"`
	IndicatorTypes []string `json:"indicator_types"`
	Relationship   string   `json:"relationship_type"`
	Source         string   `json:"source_ref"`
	Target         string   `json:"target_ref"`
}

// Read reads a bundle or an envelope. Objects that cannot be used are counted in the report and stop nothing; the error is the
// reader's, or of a document that is no such thing. Of several versions of one id the last modified one is given.
func Read(r io.Reader) ([]Indicator, Report, error) {
	d := &document{places: map[string]int{}, names: map[string]string{}, families: map[string]string{}}
	dec := json.NewDecoder(r)
	if err := d.top(dec); err != nil {
		return nil, d.report, fmt.Errorf("STIX: %w", err)
	}
	d.report.Envelope = !d.bundle
	for i := range d.found {
		x := &d.found[i]
		if x.Revoked {
			d.report.Revoked++
			continue
		}
		d.report.Indicators++
		x.Family = d.names[d.families[x.ID]]
	}
	return d.found, d.report, nil
}

// document is one while it is read.
type document struct {
	report   Report
	found    []Indicator
	places   map[string]int    // id → its place in found
	names    map[string]string // malware's id → its name
	families map[string]string // indicator's id → malware's id
	bundle   bool
	listed   bool
}

var errNone = errors.New("neither a bundle nor an envelope")

// top reads the outermost object; of its fields only these matter.
func (d *document) top(dec *json.Decoder) error {
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errNone, err)
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		switch key {
		case "objects":
			err = d.objects(dec)
		case "more":
			err = dec.Decode(&d.report.More)
		case "next":
			err = dec.Decode(&d.report.Next)
		case "type":
			var kind string
			err = dec.Decode(&kind)
			if d.bundle = kind == "bundle"; err == nil && !d.bundle {
				err = errNone
			}
		default:
			var any json.RawMessage
			err = dec.Decode(&any)
		}
		if err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil {
		return err
	}
	if len(d.report.Next) > 4096 {
		return errors.New("next is longer than 4,096 bytes")
	}
	return nil
}

func (d *document) objects(dec *json.Decoder) error {
	if d.listed {
		return errors.New("two lists of objects")
	}
	d.listed = true
	t, err := dec.Token()
	if err != nil || t == nil { // null
		return err
	}
	if t != json.Delim('[') {
		return errors.New("objects is not a list")
	}
	for dec.More() {
		if d.report.Objects++; d.report.Objects > MaxObjects {
			return fmt.Errorf("more than %d objects", MaxObjects)
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return fmt.Errorf("object %d: %w", d.report.Objects, err)
		}
		d.object(raw)
	}
	_, err = dec.Token()
	return err
}

// object takes one.
func (d *document) object(raw json.RawMessage) {
	f := Refusal{Object: d.report.Objects}
	if len(raw) > MaxObject {
		f.Why = "the object is too large"
		d.report.refuse(f)
		return
	}
	var o object
	if err := json.Unmarshal(raw, &o); err != nil {
		f.Why = "the object is not as STIX has it"
		d.report.refuse(f)
		return
	}
	f.ID = bounded(o.ID, 200)
	switch o.Type {
	case "indicator":
		x, at, why := o.indicator()
		if why != "" {
			f.At, f.Why = at, why
			d.report.refuse(f)
			return
		}
		d.keep(x)
		return
	case "malware":
		d.names[o.ID] = bounded(o.Name, 60)
	case "relationship":
		if o.Relationship == "indicates" && strings.HasPrefix(o.Target, "malware--") && !o.Revoked {
			d.families[o.Source] = o.Target
		}
	}
	d.report.Skipped++
}

// keep takes an indicator, or its later version.
func (d *document) keep(x Indicator) {
	i, had := d.places[x.ID]
	switch {
	case !had:
		d.places[x.ID] = len(d.found)
		d.found = append(d.found, x)
	case !x.Modified.Before(d.found[i].Modified):
		d.found[i] = x
	}
}

// indicator reads one, or says why it is refused and where in its pattern.
func (o *object) indicator() (x Indicator, at int, why string) {
	if !strings.HasPrefix(o.ID, "indicator--") || len(o.ID) > 200 {
		return x, 0, "the id is not an indicator's"
	}
	x.ID = o.ID
	var ok [3]bool
	x.Modified, ok[0] = stamp(o.Modified)
	x.From, ok[1] = stamp(o.ValidFrom)
	x.Until, ok[2] = stamp(o.ValidUntil)
	if !ok[0] || !ok[1] || !ok[2] {
		return x, 0, "a time that is none"
	}
	if o.Revoked {
		return Indicator{ID: x.ID, Modified: x.Modified, Revoked: true}, 0, ""
	}
	if !x.Until.IsZero() && !x.Until.After(x.From) {
		return x, 0, "it ends before it begins"
	}
	if o.PatternType != "" && o.PatternType != "stix" {
		return x, 0, "a pattern in another language than STIX"
	}
	var most uint8
	if x.Class, most, why = o.class(); why != "" {
		return x, 0, why
	}
	if x.Confidence, why = o.confidence(most); why != "" {
		return x, 0, why
	}
	var err error
	if x.Entries, err = Pattern(o.Pattern); err != nil {
		var e *Error
		errors.As(err, &e)
		return x, e.At, e.Why
	}
	return x, 0, ""
}

// class is what an indicator is about, and how far it is believed at most; 0: as far as it says.
func (o *object) class() (c home.Class, most uint8, why string) {
	has := func(w string) bool { return slices.Contains(o.IndicatorTypes, w) || slices.Contains(o.Labels, w) }
	switch {
	case has("benign"):
		return "", 0, "it says that it is harmless"
	case has("phishing"):
		return home.ClassPhishing, 0, ""
	case has("malicious-activity"), has("compromised"):
		return home.ClassMalware, 0, ""
	case has("anonymization"):
		return home.ClassBypass, 0, ""
	case has("anomalous-activity"), has("unknown"), has("attribution"):
		return home.ClassMalware, weak, ""
	}
	return "", 0, "" // the source's
}

func (o *object) confidence(most uint8) (c uint8, why string) {
	if o.Confidence == nil {
		return most, ""
	}
	if *o.Confidence < 0 || *o.Confidence > 100 {
		return 0, "a confidence that is not 0 to 100"
	}
	if *o.Confidence == 0 {
		return 0, "it says that it is not to be believed"
	}
	c = uint8(*o.Confidence)
	if most > 0 {
		c = min(c, most)
	}
	return c, ""
}

// stamp reads a time; "" is none.
func stamp(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || t.Year() < 1990 || t.Year() > 9000 {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// bounded is text from outside, fit to be shown.
func bounded(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd || r >= 0x80 && r < 0xa0 || r >= 0x2028 && r <= 0x202f || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
