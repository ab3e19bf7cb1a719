// Package network tells whose an address of the internet is: the operator's autonomous system (RFC 1930) and name, and the
// country that the address is registered in.
//
// It reads files in the MaxMind DB format, which public domain tables come in (see SOURCE.md); country and operator may be in
// different files. Of the large operators it knows the blocks itself. The package holds no file: package data has the one
// that ships with the cloud's program, the agent reads one only where it is configured. It imports no other room. A Table may
// be used by any number of goroutines.
package network

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"unicode"

	"github.com/oschwald/maxminddb-golang/v2"
)

// Network is who runs the network of an address. What is not known is 0 or "".
type Network struct {
	ASN      uint32 // of the operator: one of a large operator's own where no file tells which
	Operator string
	Country  string // ISO 3166-1 alpha-2, as registered: a server may stand elsewhere
}

// maxFile bounds what is read into memory: the largest public files have some 20 MB.
const maxFile = 128 << 20

// Table answers for addresses.
type Table struct {
	sources []*source
}

// source is one file. Its records are few (one a country, or one an operator): all are decoded when it is read.
type source struct {
	db   *maxminddb.Reader
	said map[uintptr]Network // by the record's place in the file
}

// Open reads files. Where several tell the same of an address the first is believed; without any the table knows large
// operators only.
func Open(paths ...string) (*Table, error) {
	files := make([][]byte, 0, len(paths))
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, fmt.Errorf("opening a table of networks: %w", err)
		}
		if info.Size() > maxFile {
			return nil, fmt.Errorf("%s has %d bytes, more than a table of networks", path, info.Size())
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a table of networks: %w", err)
		}
		files = append(files, b)
	}
	t, err := Read(files...)
	if err != nil && len(paths) > 0 {
		err = fmt.Errorf("%s: %w", strings.Join(paths, ", "), err)
	}
	return t, err
}

// Read makes a table of files' contents, which belong to it from then on. A damaged one is refused whole.
func Read(files ...[]byte) (*Table, error) {
	t := &Table{}
	for i, b := range files {
		s, err := read(b)
		if err != nil {
			return nil, fmt.Errorf("table of networks %d: %w", i+1, err)
		}
		t.sources = append(t.sources, s)
	}
	return t, nil
}

func read(b []byte) (s *source, err error) {
	defer func() { // a library that reads hostile bytes: what it cannot read is damaged
		if r := recover(); r != nil {
			s, err = nil, fmt.Errorf("damaged: %v", r)
		}
	}()
	if len(b) > maxFile {
		return nil, fmt.Errorf("%d bytes are more than a table of networks has", len(b))
	}
	db, err := maxminddb.OpenBytes(b)
	if err != nil {
		return nil, err
	}
	if err := checkTree(b, &db.Metadata); err != nil {
		return nil, err
	}
	s = &source{db: db, said: map[uintptr]Network{}}
	return s, s.walk()
}

// walk goes through the whole file once, so that a damaged one is refused now and not found out by a question later. The
// library's own Verify would refuse files for an empty description. A tree has one network more than it has nodes: one with
// more leads back to its IPv4 root from below.
func (s *source) walk() error {
	left, told := s.db.Metadata.NodeCount+1, false
	for r := range s.db.Networks(maxminddb.IncludeNetworksWithoutData()) {
		if err := r.Err(); err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		if left == 0 {
			return errJoined
		}
		left--
		if !r.Found() {
			continue
		}
		if _, ok := s.said[r.Offset()]; ok {
			continue
		}
		n, err := decode(r)
		if err != nil {
			return fmt.Errorf("damaged: %w", err)
		}
		s.said[r.Offset()] = n
		told = told || n != Network{}
	}
	if !told {
		return errors.New("it tells neither country nor operator")
	}
	return nil
}

// Of tells whose an address is. It allocates nothing.
func (t *Table) Of(a netip.Addr) (n Network, ok bool) {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return Network{}, false
	}
	for _, s := range t.sources {
		got, ok := s.of(a)
		if !ok {
			continue
		}
		if n.ASN == 0 && n.Operator == "" {
			n.ASN, n.Operator = got.ASN, got.Operator
		}
		if n.Country == "" {
			n.Country = got.Country
		}
	}
	if n.ASN == 0 && n.Operator == "" {
		if own, ok := operator(a); ok {
			n.ASN, n.Operator = own.ASN, own.Operator
		}
	}
	return n, n != Network{}
}

func (s *source) of(a netip.Addr) (Network, bool) {
	r := s.db.Lookup(a)
	if r.Err() != nil || !r.Found() {
		return Network{}, false
	}
	n, ok := s.said[r.Offset()]
	return n, ok
}

// record has the fields of the tables that we know: MaxMind's names and those of ip-location-db.
type record struct {
	CountryCode string `maxminddb:"country_code"`
	Country     struct {
		Code string `maxminddb:"iso_code"`
	} `maxminddb:"country"`
	ASN      uint32 `maxminddb:"autonomous_system_number"`
	Operator string `maxminddb:"autonomous_system_organization"`
}

func decode(r maxminddb.Result) (Network, error) {
	var rec record
	if err := r.Decode(&rec); err != nil {
		return Network{}, err
	}
	if rec.CountryCode == "" {
		rec.CountryCode = rec.Country.Code
	}
	return Network{ASN: rec.ASN, Operator: clean(rec.Operator), Country: country(rec.CountryCode)}, nil
}

// country is a code of two capital letters, or "". ZZ and the like are of nobody.
func country(code string) string {
	if len(code) != 2 || code == "ZZ" || code == "XX" {
		return ""
	}
	for i := range 2 {
		if code[i] < 'A' || code[i] > 'Z' {
			return ""
		}
	}
	return strings.Clone(code)
}

const maxOperator = 80

// clean makes an operator's name fit to show: printable, on one line, bounded.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if r := []rune(name); len(r) > maxOperator {
		name = string(r[:maxOperator])
	}
	return strings.Clone(strings.TrimSpace(name))
}
