// Package eol reads product data in the forms of endoflife.date: the Markdown front matter it is kept in, and the JSON of
// its API (/api/<product>.json, /api/v1/products/<product> and /api/v1/products/full). It says what the table says; whom a
// line concerns is decided by exposure. It imports the standard library only and keeps no state.
package eol

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of one answer. All products together are some 4 MB with 450 products (2025).
const (
	MaxBytes    = 32 << 20
	MaxProducts = 5_000
	MaxReleases = 2_000 // of one product
	maxText     = 128   // bytes of a name
	maxLine     = 16 << 10
)

// Product is one product's table.
type Product struct {
	Name     string // its name in the API: openwrt
	Label    string // OpenWrt
	Category string // os, device, server-app, …; "" when it is not told
	// Security says that the end of life is that of security updates, and not, say, of sale. True when nothing is told.
	Security bool
	Releases []Release
}

// Release is a cycle of versions, or one model of a product line.
type Release struct {
	Cycle    string // 23.05, galaxy-s8
	Label    string // "" without
	Codename string
	Released time.Time
	Ended    bool      // it has ended, whenever that was
	End      time.Time // the day of its end, also in the future; zero when no day is told
	Latest   string    // newest version of the cycle
}

// Over says whether its updates have ended by now.
func (r *Release) Over(now time.Time) bool { return r.Ended || !r.End.IsZero() && !now.Before(r.End) }

// Read reads one answer or file. name is the product's name where the form does not tell it: /api/<product>.json has
// nothing but releases.
func Read(name string, r io.Reader) ([]Product, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read end-of-life table %s: %w", place(name), err)
	}
	if len(b) > MaxBytes {
		return nil, fmt.Errorf("read end-of-life table %s: more than %d bytes", place(name), MaxBytes)
	}
	ps, err := parse(name, b)
	if err != nil {
		return nil, fmt.Errorf("read end-of-life table %s: %w", place(name), err)
	}
	return ps, nil
}

func place(name string) string { return fmt.Sprintf("%.60q", name) }

func parse(name string, b []byte) ([]Product, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	switch trimmed := bytes.TrimSpace(b); {
	case bytes.HasPrefix(trimmed, []byte("[")):
		return legacy(name, b)
	case bytes.HasPrefix(trimmed, []byte("{")):
		return v1(b)
	case bytes.HasPrefix(trimmed, []byte("---")):
		return front(name, string(b))
	}
	return nil, errors.New("neither JSON nor front matter")
}

// check is what holds for a product of any form. Without a release it is a mistake: a table that changed its form must not
// silently become an empty one.
func (p *Product) check() error {
	if !isName(p.Name) {
		return fmt.Errorf("%.40q is no product's name", p.Name)
	}
	if len(p.Releases) == 0 {
		return fmt.Errorf("%s has no releases", p.Name)
	}
	if len(p.Releases) > MaxReleases {
		return fmt.Errorf("%s has more than %d releases", p.Name, MaxReleases)
	}
	seen := map[string]bool{}
	for i := range p.Releases {
		r := &p.Releases[i]
		if r.Cycle == "" {
			return fmt.Errorf("%s: release %d has no name", p.Name, i+1)
		}
		if seen[r.Cycle] {
			return fmt.Errorf("%s: release %q is there twice", p.Name, r.Cycle)
		}
		seen[r.Cycle] = true
	}
	return nil
}

// isName: lower-case letters, digits and hyphens, as in an address of the API.
func isName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '+' && c != '_' {
			return false
		}
	}
	return len(s) > 0 && len(s) <= 64
}

// security says whether what a table calls its end of life is one of security. The column of a product may be about its
// sale, which says nothing about updates.
func security(column string) bool {
	column = strings.ToLower(column)
	return !strings.Contains(column, "discontinued") && !strings.Contains(column, "sale") && !strings.Contains(column, "production")
}

// end reads what stands for an end: a date, true (it was), false or nothing (it was not).
func (r *Release) end(s string) error {
	switch s {
	case "", "false", "null", "~":
		return nil
	case "true":
		r.Ended = true
		return nil
	}
	var err error
	r.End, err = date(s)
	return err
}

func date(s string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1970 || t.Year() > 2200 {
		return time.Time{}, fmt.Errorf("%.40q is no date", s)
	}
	return t, nil
}

// clean makes text one line of at most maxText bytes.
func clean(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) || r == utf8.RuneError }), " ")
	for len(s) > maxText {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return strings.TrimSpace(s)
}
