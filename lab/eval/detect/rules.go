package detect

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"cardea/home"
)

// rules are a plain file of labels.
type rules struct {
	family    string
	devices   []string
	after     time.Duration // onset, from the first packet
	onset     time.Time
	endpoints []remote
}

// remote is a malicious far end; port 0 is any.
type remote struct {
	prefix netip.Prefix
	port   uint16
}

// maxRules bounds each list of a file of labels.
const maxRules = 10_000

// parseRules reads lines of a key and a value; '#' begins a remark.
func parseRules(in io.Reader) (*rules, error) {
	r := &rules{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<12)
	n := 0
	for lines.Scan() {
		n++
		line, _, _ := strings.Cut(lines.Text(), "#")
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" {
			continue
		}
		key := strings.Fields(line)[0] // blanks or tabs follow it
		if err := r.set(key, strings.TrimSpace(line[len(key):])); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return r, nil
}

func (r *rules) set(key, value string) error {
	switch key {
	case "family":
		if value == "" || len(value) > 64 {
			return errors.New("family: want a name of at most 64 bytes")
		}
		r.family = value
	case "device":
		name, err := station(value)
		if err != nil {
			return fmt.Errorf("device: %w", err)
		}
		if len(r.devices) < maxRules {
			r.devices = append(r.devices, name)
		}
	case "onset":
		if s, err := strconv.ParseFloat(value, 64); err == nil && s >= 0 && s < 1e9 {
			r.after = time.Duration(s * float64(time.Second))
		} else if t, err := time.Parse(time.RFC3339Nano, value); err == nil {
			r.onset = t
		} else {
			return errors.New("onset: want seconds after the first packet, or a time as 2006-01-02T15:04:05Z")
		}
	case "malicious":
		e, err := remoteOf(value)
		if err != nil {
			return fmt.Errorf("malicious: %w", err)
		}
		if len(r.endpoints) < maxRules {
			r.endpoints = append(r.endpoints, e)
		}
	default:
		return fmt.Errorf("%q: want family, device, onset or malicious", key)
	}
	return nil
}

// station normalises a MAC or an address.
func station(s string) (string, error) {
	if m, err := home.ParseMAC(s); err == nil {
		return m.String(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return "", errors.New("want a MAC or an IP address")
	}
	return a.Unmap().String(), nil
}

func remoteOf(s string) (remote, error) {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		a := ap.Addr().Unmap()
		return remote{netip.PrefixFrom(a, a.BitLen()), ap.Port()}, nil
	}
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap().WithZone("")
		return remote{prefix: netip.PrefixFrom(a, a.BitLen())}, nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return remote{}, errors.New("want an address, address:port or prefix")
	}
	return remote{prefix: p.Masked()}, nil
}

func (r remote) is(a netip.AddrPort) bool {
	return r.prefix.Contains(a.Addr().Unmap()) && (r.port == 0 || r.port == a.Port())
}
