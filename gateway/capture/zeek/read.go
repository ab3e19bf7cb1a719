package zeek

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unsafe"
)

// maxFields bounds the fields of a line.
const maxFields = 128

// reader reads one log.
type reader struct {
	in      *bufio.Reader
	opts    Options
	stats   *Stats
	line    int
	sep     byte
	unset   string
	empty   string
	cols    []column // of each field; nil before the names
	last    []column // the last field holds these, separated by spaces: IoT-23's labels; nil: it does not
	csv     bool
	objects bool // there are lines of JSON
	counts  *counting
	row     Row
	fields  []string
	labels  map[[2]string]Label // what words mean, of those met so far
}

// counting counts bytes as they are read.
type counting struct {
	in   io.Reader
	done int64
}

// Read reads.
func (c *counting) Read(b []byte) (int, error) {
	n, err := c.in.Read(b)
	c.done += int64(n)
	return n, err
}

// read hands each sound row to f.
func read(ctx context.Context, in io.Reader, o Options, stats *Stats, f func(*Row)) error {
	r := &reader{opts: o, stats: stats, sep: '\t', unset: "-", empty: "(empty)", counts: &counting{in: in}}
	r.in = bufio.NewReaderSize(r.counts, MaxLine)
	if b, _ := r.in.Peek(3); len(b) == 3 && b[0] == 0x1f && b[1] == 0x8b && b[2] == 8 {
		z, err := gzip.NewReader(r.in)
		if err != nil {
			return &FormatError{Line: 1, Err: fmt.Errorf("gzip: %w", err)}
		}
		r.in = bufio.NewReaderSize(z, MaxLine)
	}
	if b, _ := r.in.Peek(3); bytes.Equal(b, []byte("\xef\xbb\xbf")) {
		_, _ = r.in.Discard(3)
	}
	for {
		if r.line&0x3ff == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if o.Progress != nil {
				o.Progress(r.counts.done)
			}
		}
		line, err := r.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return &FormatError{Line: r.line, Err: err}
		}
		if len(line) > 0 {
			if e := r.take(line, f); e != nil {
				return e
			}
		}
		if err != nil {
			return r.end()
		}
	}
}

// end says what is wrong with a log as a whole.
func (r *reader) end() error {
	switch {
	case r.stats.Rows+r.stats.Other+r.stats.Left > 0:
		return nil
	case r.cols == nil && !r.objects:
		return &FormatError{Line: max(r.line, 1), Err: errNoFields}
	case r.stats.Bad > 0:
		return &FormatError{Line: r.line, Err: fmt.Errorf("%w; %w", errAllBad, r.stats.Worst)}
	}
	return nil
}

var errLong = fmt.Errorf("longer than %d bytes", MaxLine)

// next reads a line without its end; one that is too long is counted as bad and skipped.
func (r *reader) next() ([]byte, error) {
	r.line++
	b, err := r.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		r.bad(errLong)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.in.ReadSlice('\n')
		}
		b = nil
	}
	return bytes.TrimRight(b, "\r\n"), err
}

func (r *reader) bad(err error) {
	r.stats.Bad++
	if r.stats.Worst == nil {
		r.stats.Worst = &FormatError{Line: r.line, Err: err}
	}
}

// take reads one line. The error is for what ends the reading.
func (r *reader) take(line []byte, f func(*Row)) error {
	if line[0] == '#' {
		return r.header(string(line))
	}
	if line[0] == '{' {
		r.objects = true
		r.json(line, f)
		return nil
	}
	if r.cols == nil {
		return r.table(string(line))
	}
	// The row's texts that are kept are cloned; the others are used before the next line is read.
	r.fill(r.split(unsafe.String(unsafe.SliceData(line), len(line))), f)
	return nil
}

// table takes the line of names of a table without Zeek's headers. What comes before the names makes no sense and is counted.
func (r *reader) table(line string) error {
	tabs := strings.IndexByte(line, '\t') >= 0 && strings.IndexByte(line, ',') < 0
	words := strings.FieldsFunc(line, func(c rune) bool { return c == '\t' || c == ',' })
	if r.line < headLines && !slices.ContainsFunc(words, func(w string) bool { return columnOf(w) == colSrc }) {
		r.bad(errBefore)
		return nil
	}
	r.csv, r.sep, r.unset, r.empty = true, ',', "-", "(empty)"
	if tabs {
		r.sep = '\t'
	}
	return r.names(r.split(line))
}

var errBefore = errors.New("before the names of the fields")

// header takes one of Zeek's own lines about the log.
func (r *reader) header(line string) error {
	if v, ok := strings.CutPrefix(line, "#separator "); ok {
		v = strings.TrimSpace(v)
		if hex, ok := strings.CutPrefix(v, `\x`); ok {
			n, err := strconv.ParseUint(hex, 16, 8)
			if err != nil || n == 0 || n == '\n' {
				return &FormatError{Line: r.line, Err: errors.New("a separator that is none")}
			}
			r.sep = byte(n)
		} else if len(v) == 1 {
			r.sep = v[0]
		}
		return nil
	}
	name, rest, _ := strings.Cut(line, string(rune(r.sep)))
	switch name {
	case "#fields":
		r.csv = false
		return r.names(strings.Split(rest, string(rune(r.sep))))
	case "#unset_field":
		r.unset = rest
	case "#empty_field":
		r.empty = rest
	case "#path":
		if rest != "" && !strings.HasPrefix(rest, "conn") {
			return &FormatError{Line: r.line, Err: fmt.Errorf("this is a %s log: only conn.log is read", strconv.Quote(cut(rest, 20)))}
		}
	}
	return nil
}

// names takes the names of the fields.
func (r *reader) names(list []string) error {
	if len(list) > maxFields {
		return &FormatError{Line: r.line, Err: fmt.Errorf("%d fields, more than %d", len(list), maxFields)}
	}
	r.cols, r.last = nil, nil
	var have [columns]bool
	for i, name := range list {
		if words := strings.Fields(name); i == len(list)-1 && len(words) > 1 {
			for _, w := range words {
				r.last = append(r.last, columnOf(w))
			}
			r.cols = append(r.cols, colOther)
			break
		}
		c := columnOf(name)
		if have[c] && c != colOther {
			c = colOther // the first of a name counts
		}
		have[c] = true
		r.cols = append(r.cols, c)
	}
	for _, c := range []column{colTime, colSrc, colSrcPort, colDst, colDstPort, colProto} {
		if !have[c] {
			return &FormatError{Line: r.line, Err: errNoFields}
		}
	}
	if !have[colState] && !have[colDownPackets] {
		return &FormatError{Line: r.line, Err: errNoFields}
	}
	return nil
}

// split cuts a line into its fields. The slice is used again.
func (r *reader) split(line string) []string {
	r.fields = r.fields[:0]
	if r.csv && strings.IndexByte(line, '"') >= 0 {
		c := csv.NewReader(strings.NewReader(line))
		c.Comma, c.LazyQuotes, c.FieldsPerRecord = rune(r.sep), true, -1
		list, err := c.Read()
		if err != nil {
			return nil
		}
		return list
	}
	for len(r.fields) <= maxFields {
		i := strings.IndexByte(line, r.sep)
		if i < 0 {
			return append(r.fields, line)
		}
		r.fields = append(r.fields, line[:i])
		line = line[i+1:]
	}
	return r.fields
}

// parts are what of a row is put together at its end.
type parts struct {
	ip    [2]bool
	ports [2]uint16
	ends  [2]netip.Addr
	proto string
	label string
}

// fill makes a row of a line's fields.
func (r *reader) fill(fields []string, f func(*Row)) {
	if len(fields) != len(r.cols) {
		r.bad(fmt.Errorf("%d fields, not %d", len(fields), len(r.cols)))
		return
	}
	r.row = Row{Line: r.line}
	var p parts
	for i, v := range fields {
		c := r.cols[i]
		if c == colOther && (r.last == nil || i != len(fields)-1) {
			continue
		}
		if r.last != nil && i == len(fields)-1 {
			if err := r.words(v, &p); err != nil {
				r.bad(err)
				return
			}
			continue
		}
		if err := r.set(c, v, &p); err != nil {
			r.bad(err)
			return
		}
	}
	r.done(&p, f)
}

func (r *reader) set(c column, v string, p *parts) error {
	if v == "" || v == r.unset || v == r.empty {
		if c == colLabel { // a data set that labels says so of every line
			r.row.Label.Given = true
		}
		return nil
	}
	if strings.IndexByte(v, '\\') >= 0 {
		v = unescape(v)
	}
	return r.row.set(c, v, p)
}

// words reads a last field that holds several; the last of them takes what is left over.
func (r *reader) words(v string, p *parts) error {
	list := strings.Fields(v)
	for i, c := range r.last {
		if i >= len(list) {
			break
		}
		w := list[i]
		if i == len(r.last)-1 {
			w = strings.Join(list[i:], " ")
		}
		if err := r.set(c, w, p); err != nil {
			return err
		}
	}
	return nil
}

// unescape undoes Zeek's \x09 and \\.
func unescape(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+3 < len(v) && v[i+1] == 'x' {
			if n, err := strconv.ParseUint(v[i+2:i+4], 16, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		if v[i] == '\\' && i+1 < len(v) && v[i+1] == '\\' {
			i++
		}
		b.WriteByte(v[i])
	}
	return b.String()
}

// done completes the row and hands it on.
func (r *reader) done(p *parts, f func(*Row)) {
	row, s := &r.row, r.stats
	r.label(p.label)
	ok, err := row.finish(p)
	if err != nil {
		r.bad(err)
		return
	}
	if r.opts.Row != nil && (ok || row.ID != 0) {
		r.opts.Row(row)
	}
	if r.opts.Leave != nil && r.opts.Leave(row) {
		s.Left++
		return
	}
	if !ok {
		s.Other++
		return
	}
	s.Rows++
	s.Packets += row.UpPackets + row.DownPackets
	s.Bytes += row.UpBytes + row.DownBytes
	if end := row.Start.Add(row.Duration); end.After(s.Last) {
		s.Last = end
	}
	if s.First.IsZero() || row.Start.Before(s.First) {
		s.First = row.Start
	}
	f(row)
}

// maxLabels bounds the labels whose meaning is remembered.
const maxLabels = 256

// label reads what the row is labelled as. A log has few labels and very many rows.
func (r *reader) label(word string) {
	l := &r.row.Label
	if word == "" && l.Kind == "" {
		return
	}
	key := [2]string{word, l.Kind}
	if have, ok := r.labels[key]; ok {
		*l = have
		return
	}
	l.read(word)
	if r.labels == nil {
		r.labels = map[[2]string]Label{}
	}
	if len(r.labels) < maxLabels {
		r.labels[[2]string{strings.Clone(word), key[1]}] = *l // the line's memory is used again
	}
}

// entry is a line of JSON; numbers may be texts, and the other way about.
type entry struct {
	Time        json.RawMessage `json:"ts"`
	Src         json.RawMessage `json:"id.orig_h"`
	SrcPort     json.RawMessage `json:"id.orig_p"`
	Dst         json.RawMessage `json:"id.resp_h"`
	DstPort     json.RawMessage `json:"id.resp_p"`
	Proto       json.RawMessage `json:"proto"`
	Service     json.RawMessage `json:"service"`
	Duration    json.RawMessage `json:"duration"`
	Up          json.RawMessage `json:"orig_bytes"`
	Down        json.RawMessage `json:"resp_bytes"`
	State       json.RawMessage `json:"conn_state"`
	SrcHome     json.RawMessage `json:"local_orig"`
	DstHome     json.RawMessage `json:"local_resp"`
	History     json.RawMessage `json:"history"`
	UpPackets   json.RawMessage `json:"orig_pkts"`
	UpIP        json.RawMessage `json:"orig_ip_bytes"`
	DownPackets json.RawMessage `json:"resp_pkts"`
	DownIP      json.RawMessage `json:"resp_ip_bytes"`
	Label       json.RawMessage `json:"label"`
	Kind        json.RawMessage `json:"detailed-label"`
	Kind2       json.RawMessage `json:"detailedlabel"`
}

// json reads a line of JSON.
func (r *reader) json(line []byte, f func(*Row)) {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		r.bad(fmt.Errorf("JSON: %w", err))
		return
	}
	r.row = Row{Line: r.line}
	var p parts
	if e.Kind == nil {
		e.Kind = e.Kind2
	}
	if e.Src == nil { // names with another mark than the dot, as databases write them
		e = r.renamed(line)
	}
	for c, raw := range [...]json.RawMessage{
		colTime: e.Time, colSrc: e.Src, colSrcPort: e.SrcPort, colDst: e.Dst, colDstPort: e.DstPort, colProto: e.Proto, colService: e.Service,
		colDuration: e.Duration, colUp: e.Up, colDown: e.Down, colState: e.State, colSrcHome: e.SrcHome, colDstHome: e.DstHome,
		colHistory: e.History, colUpPackets: e.UpPackets, colUpIP: e.UpIP, colDownPackets: e.DownPackets, colDownIP: e.DownIP,
		colLabel: e.Label, colKind: e.Kind,
	} {
		v := text(raw)
		if raw == nil || v == "null" {
			continue
		}
		if err := r.set(column(c), v, &p); err != nil {
			r.bad(err)
			return
		}
	}
	r.done(&p, f)
}

// renamed reads a line of JSON by names in any of the forms that columnOf knows.
func (r *reader) renamed(line []byte) (e entry) {
	var all map[string]json.RawMessage
	if json.Unmarshal(line, &all) != nil {
		return e
	}
	to := [columns]*json.RawMessage{
		colTime: &e.Time, colSrc: &e.Src, colSrcPort: &e.SrcPort, colDst: &e.Dst, colDstPort: &e.DstPort, colProto: &e.Proto, colService: &e.Service,
		colDuration: &e.Duration, colUp: &e.Up, colDown: &e.Down, colState: &e.State, colSrcHome: &e.SrcHome, colDstHome: &e.DstHome,
		colHistory: &e.History, colUpPackets: &e.UpPackets, colUpIP: &e.UpIP, colDownPackets: &e.DownPackets, colDownIP: &e.DownIP,
		colLabel: &e.Label, colKind: &e.Kind,
	}
	for _, name := range slices.Sorted(maps.Keys(all)) { // the first of a meaning counts
		if v := to[columnOf(name)]; v != nil && *v == nil {
			*v = all[name]
		}
	}
	return e
}

// text is a JSON value as it would stand in a table.
func text(raw json.RawMessage) string {
	if len(raw) > 1 && raw[0] == '"' {
		var s string
		if json.Unmarshal(raw, &s) == nil {
			return s
		}
	}
	return string(raw)
}
