package intel

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"cardea/home"
	"cardea/intel"
)

// Bounds of one source.
const (
	MaxEntries = 2 << 20  // some 500 MB while it is read
	maxData    = 64 << 20 // bytes, compressed
)

// item is one indicator of a source, as it is kept.
type item struct {
	entry       intel.Entry // its Confidence is not used
	confidence  uint8       // 0: the source's
	from, until int64       // Unix seconds; 0: open
	class       home.Class  // "": the source's
	family      string
	id          string // of STIX; "" none
}

// line is how it is kept: what, and what is known of it, parted by tabs; what is empty at the end is left out.
func (i *item) line(b []byte) []byte {
	if i.entry.Allow {
		b = append(b, '@')
	}
	switch {
	case i.entry.Name != "":
		if i.entry.Exact {
			b = append(b, '=')
		}
		b = append(b, i.entry.Name...)
	default:
		b = i.entry.Prefix.AppendTo(b)
		if i.entry.Port != 0 {
			b = strconv.AppendUint(append(b, '#'), uint64(i.entry.Port), 10)
		}
	}
	end := len(b)
	for _, f := range []string{number(int64(i.confidence)), number(i.from), number(i.until), string(i.class), i.family, i.id} {
		b = append(append(b, '\t'), f...)
		if f != "" {
			end = len(b)
		}
	}
	return append(b[:end], '\n')
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

var errLine = errors.New("not a line of kept indicators")

// parseItem reads such a line, without its end.
func parseItem(s string) (i item, err error) {
	f := strings.Split(s, "\t")
	if len(f) > 7 {
		return i, errLine
	}
	for len(f) < 7 {
		f = append(f, "")
	}
	if i.entry, err = parseWhat(f[0]); err != nil {
		return i, err
	}
	var n [3]int64
	for k := range n {
		if f[1+k] == "" {
			continue
		}
		if n[k], err = strconv.ParseInt(f[1+k], 10, 64); err != nil {
			return i, errLine
		}
	}
	if n[0] < 0 || n[0] > 100 {
		return i, errLine
	}
	i.confidence, i.from, i.until = uint8(n[0]), n[1], n[2]
	i.class, i.family, i.id = home.Class(f[4]), f[5], f[6]
	return i, nil
}

func parseWhat(s string) (e intel.Entry, err error) {
	s, e.Allow = strings.CutPrefix(s, "@")
	if strings.IndexByte(s, '/') < 0 {
		s, e.Exact = strings.CutPrefix(s, "=")
		name, ok := home.CleanName(s)
		if !ok || name != s {
			return e, errLine
		}
		e.Name = s
		return e, nil
	}
	what, port, some := strings.Cut(s, "#")
	if some {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return e, errLine
		}
		e.Port = uint16(n)
	}
	if e.Prefix, err = netip.ParsePrefix(what); err != nil || e.Prefix != e.Prefix.Masked() {
		return e, errLine
	}
	return e, nil
}

// content is what a source says, compressed.
type content struct {
	sum     string
	entries int
	data    []byte
}

// pack makes content of items, sorted and each once: the same items are the same content.
func packItems(items []item) (c content, err error) {
	lines := make([]string, 0, len(items))
	var b []byte
	for k := range items {
		b = items[k].line(b[:0])
		lines = append(lines, string(b))
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	h := sha256.New()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	for _, l := range lines {
		_, _ = io.WriteString(h, l) // never fails
		if _, err := io.WriteString(z, l); err != nil {
			return c, err
		}
	}
	if err := z.Close(); err != nil {
		return c, err
	}
	if out.Len() > maxData {
		return c, fmt.Errorf("it has %d bytes when it is packed, more than %d", out.Len(), maxData)
	}
	return content{sum: hex.EncodeToString(h.Sum(nil)), entries: len(lines), data: out.Bytes()}, nil
}

// each gives the items of content one after the other.
func each(data []byte, do func(item) error) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("kept indicators: %w", err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(make([]byte, 4096), 8192)
	for s.Scan() {
		i, err := parseItem(s.Text())
		if err == nil {
			err = do(i)
		}
		if err != nil {
			return err
		}
	}
	if err := s.Err(); err != nil {
		return fmt.Errorf("kept indicators: %w", err)
	}
	return nil
}
