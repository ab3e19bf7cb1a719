package zeek

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"cardea/home"
)

// Row is one line: a connection as it was when it was over.
type Row struct {
	Line     int    // in the file; 1 is the first
	ID       uint64 // as Flow.ID of its events
	Proto    uint8
	Src, Dst netip.AddrPort // who began it, and whom
	Start    time.Time
	Duration time.Duration // to its last packet
	State    string        // conn_state: S0, S1, SF, REJ, S2, S3, RSTO, RSTR, RSTOS0, RSTRH, SH, SHR, OTH; "" where it is not told
	History  string
	Service  string // what Zeek took it for: dns, http, ssl; "" when it does not know
	SrcHome  Known  // local_orig
	DstHome  Known  // local_resp
	Label    Label

	UpBytes, DownBytes     uint64 // of IP packets where the log has them, else of payload
	UpPackets, DownPackets uint64
}

// Known is a yes or no that may be missing.
type Known uint8

// What is known.
const (
	Unknown Known = iota
	No
	Yes
)

// Answered says whether the far end ever answered.
func (r *Row) Answered() bool {
	switch r.State {
	case "SF", "S1", "S2", "S3", "RSTO", "RSTR", "SHR", "RSTRH":
		return true
	case "REJ", "S0", "SH", "RSTOS0":
		return false
	}
	return r.DownPackets > 0 || r.UpPackets == 0 && r.DownBytes > 0
}

// Refused says whether the far end refused it.
func (r *Row) Refused() bool { return r.State == "REJ" }

// column says what a field of a line means.
type column uint8

const (
	colOther column = iota
	colTime
	colSrc
	colSrcPort
	colDst
	colDstPort
	colProto
	colService
	colDuration
	colUp
	colDown
	colState
	colSrcHome
	colDstHome
	colHistory
	colUpPackets
	colUpIP
	colDownPackets
	colDownIP
	colLabel
	colKind
	columns
)

var dots = strings.NewReplacer("_", ".", "-", ".")

// columnOf knows Zeek's names of fields, and how others write them.
func columnOf(name string) column {
	name = strings.Trim(strings.ToLower(name), " \t\r\"")
	switch dots.Replace(name) {
	case "ts":
		return colTime
	case "id.orig.h":
		return colSrc
	case "id.orig.p":
		return colSrcPort
	case "id.resp.h":
		return colDst
	case "id.resp.p":
		return colDstPort
	case "proto":
		return colProto
	case "service":
		return colService
	case "duration":
		return colDuration
	case "orig.bytes":
		return colUp
	case "resp.bytes":
		return colDown
	case "conn.state":
		return colState
	case "local.orig":
		return colSrcHome
	case "local.resp":
		return colDstHome
	case "history":
		return colHistory
	case "orig.pkts":
		return colUpPackets
	case "orig.ip.bytes":
		return colUpIP
	case "resp.pkts":
		return colDownPackets
	case "resp.ip.bytes":
		return colDownIP
	case "label":
		return colLabel
	case "detailed.label", "detailedlabel", "detail":
		return colKind
	}
	return colOther
}

var (
	errTime     = errors.New("a time that is none")
	errNumber   = errors.New("a number that is none")
	errNegative = errors.New("a number below 0 or too large")
)

// set reads one field into the row. Unset fields are not given to it.
func (r *Row) set(c column, v string, p *parts) (err error) {
	switch c {
	case colTime:
		r.Start, err = parseTime(v)
	case colSrc:
		p.ends[0], err = parseAddr(v)
	case colDst:
		p.ends[1], err = parseAddr(v)
	case colSrcPort:
		p.ports[0], err = parsePort(v)
	case colDstPort:
		p.ports[1], err = parsePort(v)
	case colProto:
		p.proto = v // used before the next line is read
	case colService:
		r.Service = cut(v, 64)
	case colDuration:
		r.Duration, err = parseDuration(v)
	case colState:
		r.State = cut(v, 8)
	case colHistory:
		r.History = cut(v, 64)
	case colSrcHome:
		r.SrcHome = known(v)
	case colDstHome:
		r.DstHome = known(v)
	case colUp:
		if !p.ip[0] {
			r.UpBytes, err = parseCount(v)
		}
	case colDown:
		if !p.ip[1] {
			r.DownBytes, err = parseCount(v)
		}
	case colUpIP:
		r.UpBytes, err = parseCount(v)
		p.ip[0] = true
	case colDownIP:
		r.DownBytes, err = parseCount(v)
		p.ip[1] = true
	case colUpPackets:
		r.UpPackets, err = parseCount(v)
	case colDownPackets:
		r.DownPackets, err = parseCount(v)
	case colLabel:
		r.Label.Given, p.label = true, v // used before the next line is read
	case colKind:
		r.Label.Kind = cut(v, 64)
	case colOther, columns:
	}
	if err != nil {
		return fmt.Errorf("%s: %w", strconv.Quote(cut(v, 40)), err)
	}
	return nil
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.Clone(s) // the line's memory is used again
}

func known(v string) Known {
	switch v {
	case "T", "true", "True", "1":
		return Yes
	case "F", "false", "False", "0":
		return No
	}
	return Unknown
}

func parseAddr(v string) (netip.Addr, error) {
	a, err := netip.ParseAddr(v)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, errors.New("an address that is none")
	}
	return a.Unmap(), nil
}

func parsePort(v string) (uint16, error) {
	n, err := parseCount(v)
	if err != nil || n > 65535 {
		return 0, errors.New("a port that is none")
	}
	return uint16(n), nil
}

// parseCount reads a whole number; tables that went through other programs write 12.0.
func parseCount(v string) (uint64, error) {
	whole, rest, _ := strings.Cut(v, ".")
	if strings.Trim(rest, "0") != "" {
		return 0, errNumber
	}
	n, err := strconv.ParseUint(whole, 10, 53)
	if err != nil {
		return 0, errNumber
	}
	return n, nil
}

// latest is the latest time that is believed: nanoseconds since 1970 end in 2262.
const latest = 9_000_000_000

// parseTime reads seconds since 1970 with any number of decimals, exactly, or a time by RFC 3339.
func parseTime(v string) (time.Time, error) {
	whole, rest, _ := strings.Cut(v, ".")
	sec, err := strconv.ParseUint(whole, 10, 63)
	if err != nil {
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil && t.Unix() >= 0 && t.Unix() < latest {
			return t.UTC(), nil
		}
		f, ferr := strconv.ParseFloat(v, 64) // 1.5e9
		if ferr != nil || f < 0 || f >= latest || f != f {
			return time.Time{}, errTime
		}
		return time.Unix(int64(f), int64((f-float64(int64(f)))*1e9)).UTC(), nil
	}
	if sec >= latest {
		return time.Time{}, errTime
	}
	nano, scale := int64(0), int64(100_000_000)
	for _, c := range []byte(rest) {
		if c < '0' || c > '9' {
			return time.Time{}, errTime
		}
		nano, scale = nano+int64(c-'0')*scale, scale/10
	}
	return time.Unix(int64(sec), nano).UTC(), nil
}

// parseDuration reads seconds. What lasts longer than ten years does not.
func parseDuration(v string) (time.Duration, error) {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil {
		return 0, errNumber
	}
	if !(f >= 0 && f < 315_360_000) {
		return 0, errNegative
	}
	return time.Duration(f * float64(time.Second)), nil
}

// finish completes a row from its parts. False: a sound line of something that is no flow.
func (r *Row) finish(p *parts) (bool, error) {
	ports, ends, proto := p.ports, p.ends, p.proto
	if r.Start.IsZero() || !ends[0].IsValid() || !ends[1].IsValid() || proto == "" {
		return false, errors.New("no time, address or protocol")
	}
	if ends[0].Is4() != ends[1].Is4() {
		return false, errors.New("addresses of two families")
	}
	r.Proto = protocol(strings.ToLower(proto))
	if r.Proto == home.ProtoICMP && ends[0].Is6() {
		r.Proto = home.ProtoICMPv6
	}
	if r.Proto == home.ProtoICMP || r.Proto == home.ProtoICMPv6 {
		kind := ports[0] // of ICMP the ports are type and code
		ports = [2]uint16{}
		if !follows(r.Proto, kind) {
			return false, nil
		}
	}
	r.Src, r.Dst = netip.AddrPortFrom(ends[0], ports[0]), netip.AddrPortFrom(ends[1], ports[1])
	r.ID = home.FlowID(r.Proto, r.Src, r.Dst)
	if r.UpPackets == 0 && r.UpBytes > 0 {
		r.UpPackets = 1
	}
	return r.Proto != 0, nil
}

// follows says whether an ICMP message is a flow of its own: errors belong to others, and neighbour discovery and group membership
// are what conntrack leaves untracked.
func follows(proto uint8, kind uint16) bool {
	if proto == home.ProtoICMPv6 {
		return kind >= 128 && (kind < 130 || kind > 137 && kind != 143)
	}
	switch kind {
	case 3, 4, 5, 11, 12:
		return false
	}
	return true
}
