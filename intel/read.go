package intel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Format is the syntax of a feed.
type Format uint8

// Formats of feeds. Plain is one name, *.name, address, block, address:port or URL a line, also with a count behind an
// address (as ipsum) and with paths among them (as Maltrail's trails).
const (
	FormatPlain   Format = iota + 1
	FormatHosts          // 0.0.0.0 name (hosts(5))
	FormatAdBlock        // ||name^ and @@||name^
	FormatDnsmasq        // address=/name/ and local=/name/ (dnsmasq(8))
	FormatUnbound        // local-zone: "name" always_nxdomain (unbound.conf(5))
	FormatRPZ            // name CNAME . (draft-vixie-dnsop-dns-rpz)
)

var formatNames = map[Format]string{
	FormatPlain: "plain", FormatHosts: "hosts", FormatAdBlock: "adblock", FormatDnsmasq: "dnsmasq",
	FormatUnbound: "unbound", FormatRPZ: "rpz",
}

func (f Format) String() string { return formatNames[f] }

// MarshalText makes a format a word in JSON.
func (f Format) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// ParseFormat reads what String wrote; "" is 0, find out.
func ParseFormat(s string) (Format, error) {
	for f, name := range formatNames {
		if s == name {
			return f, nil
		}
	}
	if s == "" || s == "auto" {
		return 0, nil
	}
	return 0, fmt.Errorf("list format %q: want plain, hosts, adblock, dnsmasq, unbound or rpz", s)
}

// MaxLine is the longest line that is read, in bytes; longer ones count as bad.
const MaxLine = 4096

// maxNamed is how many bad lines a report names.
const maxNamed = 5

// Report says what was found in a feed.
type Report struct {
	Format  Format         `json:"format"`
	Lines   int            `json:"lines"`
	Entries int            `json:"entries"` // taken, exceptions included
	Allowed int            `json:"exceptions,omitempty"`
	Skipped int            `json:"skipped,omitempty"` // well-formed, but no name or address for the whole network: paths, page rules
	Refused map[Reason]int `json:"refused,omitempty"`
	Bad     int            `json:"bad,omitempty"`       // lines that are not of the format
	Named   []BadLine      `json:"bad_lines,omitempty"` // the first few
}

// BadLine is a line that could not be read.
type BadLine struct {
	Line int    `json:"line"` // 1-based
	Why  string `json:"why"`
}

// errBad and errSkip are what a format says of a line; anything else about it is given to emit.
var (
	errSkip     = errors.New("not for the whole network")
	errName     = errors.New(string(ReasonName))
	errSyntax   = errors.New("not of the list's format")
	errLong     = fmt.Errorf("longer than %d bytes", MaxLine)
	errNotText  = errors.New("not text")
	errNoTarget = errors.New("neither a name nor an address")
)

// Read reads a feed in constant memory and gives each entry to add, which says why it refuses one (Builder.Add does).
// The error is the reader's; a feed's own mistakes are counted in the report and never stop it.
func Read(r io.Reader, l List, add func(*List, Entry) Reason) (Report, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	if l.Format == 0 {
		head, err := br.Peek(1 << 15)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
			return Report{}, fmt.Errorf("read list %s: %w", l.Source, err)
		}
		l.Format = Detect(head)
	}
	p := parser{list: &l, add: add, report: Report{Format: l.Format}}
	if err := eachLine(br, p.line); err != nil {
		return p.report, fmt.Errorf("read list %s after line %d: %w", l.Source, p.report.Lines, err)
	}
	return p.report, nil
}

// eachLine gives each line without its newline; of one longer than MaxLine only that it was long. It reads and converts
// by blocks: one allocation for some thousand lines.
func eachLine(r io.Reader, f func(line string, long bool)) error {
	buf := make([]byte, 1<<16)
	n, skipping := 0, false // bytes in buf; in the middle of a line that is too long
	for {
		k, err := r.Read(buf[n:])
		n += k
		end := bytes.LastIndexByte(buf[:n], '\n') + 1
		block := string(buf[:end])
		for len(block) > 0 {
			var line string
			line, block, _ = strings.Cut(block, "\n")
			f(line, skipping || len(line) > MaxLine)
			skipping = false
		}
		n = copy(buf, buf[end:n])
		if n > MaxLine+1 { // no newline in what is left (and one may be '\r')
			skipping, n = true, 0
		}
		if err == io.EOF {
			if n > 0 || skipping {
				f(string(buf[:n]), skipping || n > MaxLine)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// parser is the state of one reading.
type parser struct {
	list   *List
	add    func(*List, Entry) Reason
	report Report
	zone   zone // RPZ only
}

func (p *parser) line(s string, long bool) {
	p.report.Lines++
	if long {
		p.bad(errLong)
		return
	}
	s = strings.TrimRight(s, " \t\r")
	if p.report.Lines == 1 {
		s = strings.TrimPrefix(s, "\ufeff")
	}
	if s == "" {
		return
	}
	if strings.IndexByte(s, 0) >= 0 {
		p.bad(errNotText)
		return
	}
	var err error
	switch p.list.Format {
	case FormatHosts:
		err = p.hosts(s)
	case FormatAdBlock:
		err = p.adblock(s)
	case FormatDnsmasq:
		err = p.dnsmasq(s)
	case FormatUnbound:
		err = p.unbound(s)
	case FormatRPZ:
		err = p.rpz(s)
	default:
		err = p.plain(s)
	}
	if errors.Is(err, errSkip) {
		p.report.Skipped++
	} else if err != nil {
		p.bad(err)
	}
}

func (p *parser) bad(err error) {
	p.report.Bad++
	if len(p.report.Named) < maxNamed {
		p.report.Named = append(p.report.Named, BadLine{Line: p.report.Lines, Why: err.Error()})
	}
}

func (p *parser) emit(e Entry) {
	if p.report.count(p.add(p.list, e)) && (e.Allow || p.list.Class == ClassAllow) {
		p.report.Allowed++
	}
}

// count notes what became of an entry and says whether it was taken.
func (r *Report) count(why Reason) bool {
	if why == "" {
		r.Entries++
		return true
	}
	if r.Refused == nil {
		r.Refused = map[Reason]int{}
	}
	r.Refused[why]++
	return false
}

// name emits a host name as the feed wrote it.
func (p *parser) name(s string, exact, allow bool) error {
	name, ok := clean(s)
	if !ok {
		return errName
	}
	p.emit(Entry{Name: name, Exact: exact, Allow: allow})
	return nil
}
