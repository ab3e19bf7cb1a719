package intel

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cardea/home"
	"cardea/intel"
)

// formatCSV is a table as abuse.ch and others hand it out: comments with #, a line that names the columns, quotes.
const formatCSV = "csv"

const (
	csvTried  = 50 // lines in which a table is recognized
	csvFields = 64 // of a line; what is beyond is not looked at
)

// What a column holds, by its name as columnName leaves it; of several the first that a table has.
var (
	csvValue  = []string{"iocvalue", "dstip", "url", "urls", "domain", "domainname", "hostname", "host", "fqdn", "ipaddress", "ip", "ipaddr", "address", "network", "cidr", "indicator", "ioc", "value"}
	csvPort   = []string{"dstport", "port"}
	csvFamily = []string{"malwareprintable", "malware", "malwarefamily", "family", "signature"}
	csvTrust  = []string{"confidencelevel", "confidence"}
	csvKind   = []string{"ioctype", "indicatortype", "type"}
)

// table is what is known of one before its lines are read. A column of -1 is not there.
type table struct {
	comma                            byte
	value, port, family, trust, sort int
	named                            bool // a line names the columns
}

// tableOf recognizes a table by its beginning: by a line, also a comment, that names its columns, or by lines of equally many fields parted
// by commas, one of which is an endpoint in each.
func tableOf(head []byte) (t table, ok bool) {
	lines := strings.Split(string(head), "\n")
	if len(lines) > 1 {
		lines = lines[:len(lines)-1] // the last may be cut off
	}
	var rows [][]string
	for _, line := range lines[:min(len(lines), 4*csvTried)] {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" {
			continue
		}
		text := strings.TrimSpace(strings.TrimLeft(line, "#"))
		if len(rows) == 0 {
			for _, comma := range []byte{',', ';', '\t', '|'} {
				if t, ok = header(text, comma); ok {
					return t, true
				}
			}
		}
		if line[0] != '#' && len(rows) < csvTried {
			rows = append(rows, fields(line, ','))
		}
	}
	return headless(rows)
}

// header reads the names of columns.
func header(line string, comma byte) (t table, ok bool) {
	names := fields(line, comma)
	if len(names) < 2 {
		return t, false
	}
	for i := range names {
		if names[i] = columnName(names[i]); len(names[i]) > 30 {
			return t, false
		}
	}
	find := func(of []string) int {
		for _, name := range of {
			if i := slices.Index(names, name); i >= 0 {
				return i
			}
		}
		return -1
	}
	t = table{comma: comma, value: find(csvValue), port: find(csvPort), family: find(csvFamily), trust: find(csvTrust), sort: find(csvKind), named: true}
	return t, t.value >= 0
}

func columnName(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "_utc"))
}

// headless finds the column of endpoints in lines that nobody named.
func headless(rows [][]string) (t table, ok bool) {
	if len(rows) == 0 || len(rows[0]) < 2 {
		return t, false
	}
	for i := range rows[0] {
		if !slices.ContainsFunc(rows, func(r []string) bool {
			if len(r) != len(rows[0]) {
				return true
			}
			e, why := csvEntry(r[i])
			return why != "" || e.Name != "" && !strings.Contains(e.Name, ".")
		}) {
			return table{comma: ',', value: i, port: -1, family: -1, trust: -1, sort: -1}, true
		}
	}
	return t, false
}

// fields parts a line. Quotes may stand around a field, and two of them for one in it; a quote that nobody closes ends with the line.
func fields(line string, comma byte) (out []string) {
	for len(out) < csvFields {
		line = strings.TrimLeft(line, " ")
		if !strings.HasPrefix(line, `"`) {
			f, rest, more := strings.Cut(line, string(comma))
			if out = append(out, strings.TrimSpace(f)); !more {
				return out
			}
			line = rest
			continue
		}
		var b strings.Builder
		i := 1
		for ; i < len(line); i++ {
			if line[i] == '"' {
				if i+1 == len(line) || line[i+1] != '"' {
					break
				}
				i++
			}
			b.WriteByte(line[i])
		}
		out = append(out, strings.TrimSpace(b.String()))
		_, rest, more := strings.Cut(line[min(i+1, len(line)):], string(comma))
		if !more {
			return out
		}
		line = rest
	}
	return out
}

// Why a line of a table is no indicator.
const (
	csvNone = "not an endpoint"
	csvPage = "one page of a host"
	csvHash = "of a file, not of an endpoint"
)

// csvEntry reads what a column of endpoints holds: a name, an address, a block, an address with a port, or a URL. A URL with a path is one
// page of its host, which may have others'; of an address it is the address and the port: nobody else is found there.
func csvEntry(s string) (e intel.Entry, why string) {
	if strings.Contains(s, "://") {
		return csvURL(s)
	}
	if p, err := netip.ParsePrefix(s); err == nil && !p.Addr().Is4In6() {
		return intel.Entry{Prefix: p.Masked()}, ""
	}
	rep, err := intel.Read(strings.NewReader(s), intel.List{Format: intel.FormatPlain}, func(_ *intel.List, x intel.Entry) intel.Reason {
		e = x
		return ""
	})
	switch {
	case err == nil && rep.Entries == 1:
		return e, ""
	case rep.Skipped > 0:
		return e, csvPage
	}
	return e, csvNone
}

func csvURL(s string) (e intel.Entry, why string) {
	if strings.HasPrefix(s, "hxxp") {
		s = "http" + s[4:]
	}
	u, err := url.Parse(strings.NewReplacer("[.]", ".", "[:]", ":").Replace(s))
	if err != nil || u.Hostname() == "" {
		return e, csvNone
	}
	port := uint64(map[string]uint16{"http": 80, "https": 443, "ftp": 21}[u.Scheme])
	if u.Port() != "" {
		if port, err = strconv.ParseUint(u.Port(), 10, 16); err != nil || port == 0 {
			return e, csvNone
		}
	}
	if a, err := netip.ParseAddr(u.Hostname()); err == nil {
		a = a.Unmap().WithZone("")
		return intel.Entry{Prefix: netip.PrefixFrom(a, a.BitLen()), Port: uint16(port)}, ""
	}
	if strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return e, csvPage
	}
	return csvEntry(u.Hostname())
}

// csv takes a table.
func (g *gathered) csv(name string, t table, r *bufio.Reader, s *Source) error {
	about, _ := intel.About(name, nil, "") // nil is never wrong
	class := classOf(cmp.Or(s.Class, about.Class))
	bad, rows := 0, 0
	refuse := func(line int, why string, isBad bool) {
		if g.report.add(why, 1); isBad {
			g.report.Bad++
			bad++
		}
		g.place(fmt.Sprintf("%s, line %d: %s", name, line, why))
	}
	skipped := !t.named
	err := eachLine(r, func(line int, text string, long bool) error {
		switch text = strings.TrimSpace(text); {
		case long:
			rows++
			refuse(line, fmt.Sprintf("longer than %d bytes", intel.MaxLine), true)
			return nil
		case text == "" || text[0] == '#':
			return nil
		}
		row := fields(text, t.comma)
		if !skipped {
			skipped = true
			if again, ok := header(text, t.comma); ok && again.value == t.value {
				return nil // the names of the columns
			}
		}
		rows++
		i, why := t.item(row, s)
		if why != "" {
			refuse(line, why, why == csvNone)
			return nil
		}
		if why := intel.Refuse(i.entry); why != "" {
			refuse(line, string(why)+": "+valueOf(i.entry), false)
			return nil
		}
		i.class = class
		return g.take(i)
	})
	if err != nil {
		return err
	}
	if bad > 20 && bad*2 > rows {
		return fmt.Errorf("%s is not a table of endpoints: %d of %d lines cannot be read", name, bad, rows)
	}
	return nil
}

// item reads a line of a table.
func (t *table) item(row []string, s *Source) (i item, why string) {
	at := func(n int) string {
		if n < 0 || n >= len(row) {
			return ""
		}
		return row[n]
	}
	if kind := columnName(at(t.sort)); strings.Contains(kind, "hash") || slices.Contains([]string{"md5", "sha1", "sha256", "sha512", "email", "filename"}, kind) {
		return i, csvHash
	}
	if at(t.value) == "" {
		return i, csvNone
	}
	if i.entry, why = csvEntry(at(t.value)); why != "" {
		return i, why
	}
	i.entry.Exact = i.entry.Name != "" && s.Exact
	if n, err := strconv.ParseUint(at(t.port), 10, 16); err == nil && n > 0 && i.entry.Port == 0 && i.entry.Name == "" && i.entry.Prefix.IsSingleIP() {
		i.entry.Port = uint16(n)
	}
	if n, err := strconv.ParseUint(at(t.trust), 10, 8); err == nil && n <= 100 {
		i.confidence = uint8(n)
	}
	if i.family = familyText(at(t.family)); i.family == "None" || i.family == "n/a" || !oneLine(i.family, 0, 60) {
		i.family = ""
	}
	i.family = cmp.Or(s.Family, i.family)
	return i, ""
}

// eachLine gives each line with its number; of one that is too long only that it is.
func eachLine(r *bufio.Reader, do func(n int, text string, long bool) error) error {
	for n := 1; ; n++ {
		line, long, err := readLine(r)
		if errors.Is(err, io.EOF) && line == nil {
			return nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("after line %d: %w", n-1, err)
		}
		if doErr := do(n, string(line), long); doErr != nil {
			return doErr
		}
		if err != nil {
			return nil //nolint:nilerr // the last line had no end
		}
	}
}

func readLine(r *bufio.Reader) (line []byte, long bool, err error) {
	for {
		some, err := r.ReadSlice('\n')
		if len(line)+len(some) > intel.MaxLine {
			long = true
		} else {
			line = append(line, some...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if long && line == nil {
			line = []byte{}
		}
		return bytes.TrimRight(line, "\r\n"), long, err
	}
}

// classOf is the class of what a table or list says, "" for malware.
func classOf(c home.Class) home.Class {
	if c == home.ClassMalware || c == intel.ClassAllow { // a source is never the list of exceptions: that is people's
		return ""
	}
	return c
}
