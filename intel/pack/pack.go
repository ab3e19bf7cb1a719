// Package pack is the form in which lists travel from the cloud to gateways: one canonical text of many lists, sorted and
// without doubles, and the difference of two such texts. The same lists give the same bytes, so a hash says whether an
// applied difference is right. It imports home and intel, holds nothing and does no I/O but by readers and writers that
// are passed in.
//
// A text is the line "cardea lists 1", then sections: a line "@" and a Header in JSON, and below it one entry a line.
// Sections are sorted by path, lines by bytes. A delta is the line "cardea delta 1", then sections that changed: "@" and
// the new header, or "!" and the path of one that is gone; below a header "+entry" and "-entry", sorted by entry.
package pack

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"

	"cardea/home"
	"cardea/intel"
)

// Bounds of a text and of a delta.
const (
	MaxSections = 400
	MaxText     = 512 << 20 // bytes
	maxLine     = 1024
)

const (
	textMagic  = "cardea lists 1"
	deltaMagic = "cardea delta 1"
)

// Header says what holds for all entries of a section.
type Header struct {
	Path       string     `json:"path"` // class/name.txt: the file that it becomes
	Class      home.Class `json:"class"`
	Family     string     `json:"family,omitempty"`
	Source     string     `json:"source"`
	Confidence uint8      `json:"confidence"`      // 1–100
	Exact      bool       `json:"exact,omitempty"` // names mean only themselves
	Allow      bool       `json:"allow,omitempty"` // exceptions within the class
}

var pathForm = regexp.MustCompile(`^(malware|phishing|tracking|bypass|adult|allow)/[A-Za-z0-9_-][A-Za-z0-9._-]{0,95}\.txt$`)

// check says what is wrong with a header. Its words end in a file of lines "key: value" and on a screen.
func (h *Header) check() error {
	switch {
	case !pathForm.MatchString(h.Path) || strings.HasPrefix(h.Path, ".."):
		return fmt.Errorf("section %.120q: not class/name.txt", h.Path)
	case !strings.HasPrefix(h.Path, string(h.Class)+"/"):
		return fmt.Errorf("section %s: of class %.20q", h.Path, h.Class)
	case h.Confidence < 1 || h.Confidence > 100:
		return fmt.Errorf("section %s: confidence %d", h.Path, h.Confidence)
	case h.Source == "" || !word(h.Source) || !word(h.Family):
		return fmt.Errorf("section %s: source or family is not a line of at most 100 bytes", h.Path)
	}
	return nil
}

// word says whether s is one short line of printable ASCII without a space around it.
func word(s string) bool {
	if len(s) > 100 || strings.TrimSpace(s) != s {
		return false
	}
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func (h *Header) line() string {
	b, err := json.Marshal(h)
	if err != nil {
		panic(err) // strings and numbers only
	}
	return "@" + string(b)
}

// parseHeader reads what line wrote, and nothing else: there is one way to write a header.
func parseHeader(line []byte) (Header, error) {
	var h Header
	if len(line) == 0 || line[0] != '@' {
		return h, fmt.Errorf("%.40q: want a section", line)
	}
	if err := json.Unmarshal(line[1:], &h); err != nil {
		return h, fmt.Errorf("section: %w", err)
	}
	if err := h.check(); err != nil {
		return h, err
	}
	if h.line() != string(line) {
		return h, fmt.Errorf("section %s: its header is not in the one form", h.Path)
	}
	return h, nil
}

// Line is an entry's own text; what its section says is not in it.
func Line(e intel.Entry) string {
	switch {
	case e.Name != "":
		return e.Name
	case e.Port != 0:
		return netip.AddrPortFrom(e.Prefix.Addr(), e.Port).String()
	case e.Prefix.IsSingleIP():
		return e.Prefix.Addr().String()
	}
	return e.Prefix.String()
}

var errEntry = errors.New("not an entry")

// Parse reads an entry of a section back.
func (h *Header) Parse(line []byte) (intel.Entry, error) {
	s := string(line)
	e := intel.Entry{Allow: h.Allow || h.Class == intel.ClassAllow, Confidence: h.Confidence}
	if a, err := netip.ParseAddr(s); err == nil {
		e.Prefix = netip.PrefixFrom(a, a.BitLen())
	} else if p, err := netip.ParsePrefix(s); err == nil {
		e.Prefix = p
	} else if ap, err := netip.ParseAddrPort(s); err == nil {
		e.Prefix, e.Port = netip.PrefixFrom(ap.Addr(), ap.Addr().BitLen()), ap.Port()
	} else if name, ok := home.CleanName(s); ok {
		e.Name, e.Exact = name, h.Exact
	}
	if !e.Prefix.IsValid() && e.Name == "" || Line(e) != s || e.Prefix.Addr().Zone() != "" {
		return e, fmt.Errorf("section %s: %.80q: %w", h.Path, s, errEntry)
	}
	return e, nil
}
