// Package kev reads CISA's catalog of known exploited vulnerabilities in its own JSON form. It says what the catalog says
// and judges nothing: whom an entry concerns is decided by exposure. It imports the standard library only and keeps no
// state.
package kev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a catalog. It has some 1,400 entries in 1.4 MB and grows by 200 a year (2025).
const (
	MaxBytes   = 32 << 20
	MaxEntries = 50_000
	maxShort   = 256  // bytes of a name
	maxLong    = 2048 // bytes of a description
)

// Catalog is the list as it was released.
type Catalog struct {
	Version  string
	Released time.Time // zero when it does not say
	Entries  []Entry
}

// Entry is one vulnerability. Its text is as in the feed but for control characters and length.
type Entry struct {
	CVE        string // CVE-2021-36260
	Vendor     string // vendorProject
	Product    string
	Name       string // vulnerabilityName
	Added      time.Time
	Text       string // shortDescription
	Action     string // requiredAction
	Ransomware bool   // known to be used for it
}

// Ended says whether the catalog says plainly that all of the product is at its end of life: no version of it gets repaired.
// "Could be end-of-life" and "if it is end-of-life" say nothing.
func (e *Entry) Ended() bool {
	for _, s := range []string{"product is end-of-life", "products are end-of-life", "have reached their end-of-life"} {
		if strings.Contains(e.Action, s) && !strings.Contains(e.Action, "versions of") {
			return true
		}
	}
	return false
}

// entry is an entry as the feed has it.
type entry struct {
	CVE        string `json:"cveID"`
	Vendor     string `json:"vendorProject"`
	Product    string `json:"product"`
	Name       string `json:"vulnerabilityName"`
	Added      string `json:"dateAdded"`
	Text       string `json:"shortDescription"`
	Action     string `json:"requiredAction"`
	Ransomware string `json:"knownRansomwareCampaignUse"`
}

// errTooLarge ends reading.
var errTooLarge = fmt.Errorf("more than %d bytes", MaxBytes)

// Read reads a catalog. An entry without a CVE number, vendor or product is an error: a feed that changed its form must
// not silently become an empty one.
func Read(r io.Reader) (*Catalog, error) {
	d := json.NewDecoder(&limited{r: r, left: MaxBytes})
	c := &Catalog{}
	if err := c.read(d); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read KEV catalog at byte %d: %w", d.InputOffset(), err)
	}
	return c, nil
}

func (c *Catalog) read(d *json.Decoder) error {
	if err := delim(d, '{'); err != nil {
		return err
	}
	found := false
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		switch key {
		case "catalogVersion":
			err = d.Decode(&c.Version)
			c.Version = clean(c.Version, maxShort)
		case "dateReleased":
			var s string
			if err = d.Decode(&s); err == nil {
				c.Released, err = date(s)
			}
		case "vulnerabilities":
			if found {
				return errors.New("two lists of vulnerabilities")
			}
			found, err = true, c.entries(d)
		default:
			err = d.Decode(new(json.RawMessage))
		}
		if err != nil {
			return fmt.Errorf("%v: %w", key, err)
		}
	}
	if err := delim(d, '}'); err != nil {
		return err
	}
	if !found {
		return errors.New("no list of vulnerabilities")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the catalog")
	}
	return nil
}

func (c *Catalog) entries(d *json.Decoder) error {
	if err := delim(d, '['); err != nil {
		return err
	}
	for n := 1; d.More(); n++ {
		if n > MaxEntries {
			return fmt.Errorf("more than %d entries", MaxEntries)
		}
		var raw entry
		if err := d.Decode(&raw); err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		e, err := raw.clean()
		if err != nil {
			return fmt.Errorf("entry %d: %w", n, err)
		}
		c.Entries = append(c.Entries, e)
	}
	return delim(d, ']')
}

func (raw entry) clean() (Entry, error) {
	e := Entry{CVE: strings.ToUpper(clean(raw.CVE, maxShort)), Vendor: clean(raw.Vendor, maxShort), Product: clean(raw.Product, maxShort),
		Name: clean(raw.Name, maxShort), Text: clean(raw.Text, maxLong), Action: clean(raw.Action, maxLong),
		Ransomware: strings.EqualFold(raw.Ransomware, "known")}
	if !isCVE(e.CVE) {
		return Entry{}, fmt.Errorf("%.40q is no CVE number", raw.CVE)
	}
	if e.Vendor == "" || e.Product == "" {
		return Entry{}, fmt.Errorf("%s names no vendor or no product", e.CVE)
	}
	var err error
	if raw.Added != "" {
		if e.Added, err = date(raw.Added); err != nil {
			return Entry{}, fmt.Errorf("%s: dateAdded: %w", e.CVE, err)
		}
	}
	return e, nil
}

// isCVE: CVE-, four digits, a hyphen, four to twelve digits.
func isCVE(s string) bool {
	rest, ok := strings.CutPrefix(s, "CVE-")
	if !ok || len(rest) < 9 || len(rest) > 17 || rest[4] != '-' {
		return false
	}
	for i, c := range []byte(rest) {
		if i != 4 && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// date reads a day or a time; only the day counts, in UTC.
func date(s string) (time.Time, error) {
	if len(s) < 10 {
		return time.Time{}, fmt.Errorf("%.40q is no date", s)
	}
	t, err := time.Parse(time.DateOnly, s[:10])
	if err != nil || t.Year() < 1990 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("%.40q is no date", s)
	}
	return t, nil
}

// clean makes text one line of at most n bytes.
func clean(s string, n int) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError }), " ")
	for len(s) > n {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}

func delim(d *json.Decoder, want json.Delim) error {
	t, err := d.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("%v where %v was expected", t, want)
	}
	return nil
}

// limited is an error, not an end, when there is more than allowed: half a list must not pass for a whole one.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		var one [1]byte
		if n, err := l.r.Read(one[:]); n == 0 {
			return 0, err
		}
		return 0, errTooLarge
	}
	n, err := l.r.Read(p[:min(len(p), l.left)])
	l.left -= n
	return n, err
}
