// Package bundle is the form in which the cloud tells all gateways what homes agree on: endpoints that are blocked for a while,
// and soft evidence that is not to be acted on for a while, because it comes of one thing that happens to a model everywhere. The
// cloud writes it, gateways read it. It is pure and may import home only.
//
// It is text: the line "cardea herd 1", then a line for each thing, its fields between tabs, in order. Times are seconds since 1970.
//
//	addr	192.0.2.7	6667	tcp	FORCE	EXPIRES
//	host	c2.example.net	443	tcp	FORCE	EXPIRES
//	pause	camera	Example	Example Cam	novelty	00f1e2d3c4b5a697	QUIET	UNTIL
package bundle

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"cardea/home"
)

// Bounds of a bundle.
const (
	MaxBytes      = 256 << 10
	MaxIndicators = 2000
	MaxPauses     = 500
	maxText       = 96 // bytes of a class, vendor, model or detector
	magic         = "cardea herd 1"
)

// Bundle is what homes agree on. The zero value says nothing.
type Bundle struct {
	Indicators []Indicator
	Pauses     []Pause
}

// Indicator is an endpoint to be blocked. Until Force it is watched only: contacts with it are told as such and go on.
type Indicator struct {
	Name    string     // full host name, lower case; "": by address
	Addr    netip.Addr // where there is no name
	Port    uint16
	Proto   string // tcp, udp
	Force   time.Time
	Expires time.Time
}

// Endpoint is what it is about; its domain is not filled in.
func (i *Indicator) Endpoint() home.Endpoint {
	return home.Endpoint{Name: i.Name, IP: i.Addr, Port: i.Port, Proto: i.Proto}
}

// Acts says whether it blocks at a time.
func (i *Indicator) Acts(now time.Time) bool { return !now.Before(i.Force) && now.Before(i.Expires) }

// Pause is evidence of one reason about one endpoint, of devices of one model, that is of an update or an outbreak. Hard evidence
// always acts.
type Pause struct {
	Class         home.DeviceClass
	Vendor, Model string
	Detector      home.Detector
	Endpoint      uint64    // home.Endpoint.Hash; 0: whatever the detector tells of
	Quiet         time.Time // residents are not told of it until then
	Until         time.Time // it contains nothing until then
}

var errForm = errors.New("that is no bundle of what homes agree on")

// Bytes is the canonical form: the same things in any order have the same bytes. What does not fit is left out, from the end.
func (b *Bundle) Bytes() []byte {
	var lines []string
	for i := range b.Indicators {
		if l := b.Indicators[i].line(); l != "" {
			lines = append(lines, l)
		}
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	lines = lines[:min(len(lines), MaxIndicators)]
	var pauses []string
	for i := range b.Pauses {
		if l := b.Pauses[i].line(); l != "" {
			pauses = append(pauses, l)
		}
	}
	slices.Sort(pauses)
	pauses = slices.Compact(pauses)
	out := []byte(magic + "\n")
	for _, l := range append(lines, pauses[:min(len(pauses), MaxPauses)]...) {
		if len(out)+len(l)+1 > MaxBytes {
			break
		}
		out = append(append(out, l...), '\n')
	}
	return out
}

func (i *Indicator) line() string {
	kind, what := "host", i.Name
	if i.Name == "" {
		kind, what = "addr", i.Addr.String()
	}
	l := strings.Join([]string{kind, what, strconv.Itoa(int(i.Port)), i.Proto, seconds(i.Force), seconds(i.Expires)}, "\t")
	var b Bundle
	if b.parse(l) != nil {
		return ""
	}
	return l
}

func (p *Pause) line() string {
	l := strings.Join([]string{"pause", string(p.Class), p.Vendor, p.Model, string(p.Detector), fmt.Sprintf("%016x", p.Endpoint), seconds(p.Quiet), seconds(p.Until)}, "\t")
	var b Bundle
	if b.parse(l) != nil {
		return ""
	}
	return l
}

func seconds(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) }

// Parse reads a bundle. All of it must be as it is written.
func Parse(data []byte) (*Bundle, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", errForm, len(data), MaxBytes)
	}
	head, rest, ok := bytes.Cut(data, []byte("\n"))
	if !ok || string(head) != magic {
		return nil, errForm
	}
	b := &Bundle{}
	n := 1
	for len(rest) > 0 {
		var line []byte
		if line, rest, ok = bytes.Cut(rest, []byte("\n")); !ok {
			return nil, fmt.Errorf("%w: line %d does not end", errForm, n+1)
		}
		n++
		if err := b.parse(string(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if len(b.Indicators) > MaxIndicators || len(b.Pauses) > MaxPauses || !bytes.Equal(b.Bytes(), data) {
		return nil, errForm
	}
	return b, nil
}

func (b *Bundle) parse(line string) error {
	f := strings.Split(line, "\t")
	switch {
	case len(f) == 6 && (f[0] == "host" || f[0] == "addr"):
		i, err := parseIndicator(f)
		b.Indicators = append(b.Indicators, i)
		return err
	case len(f) == 8 && f[0] == "pause":
		p, err := parsePause(f)
		b.Pauses = append(b.Pauses, p)
		return err
	}
	return errForm
}

func parseIndicator(f []string) (i Indicator, err error) {
	if f[0] == "host" {
		if !hostName(f[1]) {
			return i, errForm
		}
		i.Name = f[1]
	} else if i.Addr, err = netip.ParseAddr(f[1]); err != nil || i.Addr.Is4In6() || i.Addr.Zone() != "" || i.Addr.String() != f[1] ||
		!i.Addr.IsGlobalUnicast() || i.Addr.IsPrivate() {
		return i, errForm
	}
	port, err := strconv.ParseUint(f[2], 10, 16)
	if err != nil || port == 0 || f[3] != "tcp" && f[3] != "udp" || f[2] != strconv.FormatUint(port, 10) {
		return i, errForm
	}
	i.Port, i.Proto = uint16(port), f[3]
	if i.Force, err = instant(f[4]); err != nil {
		return i, err
	}
	i.Expires, err = instant(f[5])
	return i, err
}

func parsePause(f []string) (p Pause, err error) {
	for _, s := range f[1:5] {
		if len(s) > maxText || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }) {
			return p, errForm
		}
	}
	p = Pause{Class: home.DeviceClass(f[1]), Vendor: f[2], Model: f[3], Detector: home.Detector(f[4])}
	if p.Endpoint, err = strconv.ParseUint(f[5], 16, 64); err != nil || f[5] != fmt.Sprintf("%016x", p.Endpoint) || p.Detector == "" {
		return p, errForm
	}
	if p.Quiet, err = instant(f[6]); err != nil {
		return p, err
	}
	p.Until, err = instant(f[7])
	return p, err
}

// instant reads a time between 1970 and 2242.
func instant(s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n >= 1<<33 || s != strconv.FormatInt(n, 10) {
		return time.Time{}, errForm
	}
	return time.Unix(n, 0).UTC(), nil
}

// hostName says whether s is a full host name in lower case.
func hostName(s string) bool {
	if len(s) == 0 || len(s) > 253 || !strings.Contains(s, ".") {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 {
			return false
		}
		for _, c := range []byte(label) {
			if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
				return false
			}
		}
	}
	_, err := netip.ParseAddr(s)
	return err != nil
}

// Paused finds the pause that holds for a finding at a time: of its device's model, vendor or class as they were told.
func (b *Bundle) Paused(class home.DeviceClass, vendor, model string, d home.Detector, endpoint uint64, now time.Time) (p Pause, ok bool) {
	if b == nil {
		return p, false
	}
	for _, q := range b.Pauses {
		if q.Class != class || q.Vendor != vendor || q.Model != model || q.Detector != d || q.Endpoint != 0 && q.Endpoint != endpoint || !now.Before(q.Until) {
			continue
		}
		if !ok || cmp.Compare(q.Until.Unix(), p.Until.Unix()) > 0 {
			p, ok = q, true
		}
	}
	return p, ok
}
