package ledger

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"time"

	"cardea/home"
)

// codecVersion is the first byte of a block's contacts. Fields are only ever added behind a new version.
const codecVersion = 1

// Bounds of what is read back.
const (
	maxString = 4096
	maxRaw    = 4 << 20 // a block unpacked
)

// batch gathers encoded contacts. data is: version, then the contacts one after the other; times are nanoseconds after
// the first contact's start.
type batch struct {
	data        []byte
	n           int
	base        int64
	first, last time.Time
}

func (b *batch) add(c *home.Contact) {
	first, last := nanos(c.First), nanos(c.Last)
	if b.n == 0 {
		b.base = first
		b.data = binary.AppendVarint(append(b.data[:0], codecVersion), first)
		b.first, b.last = time.Unix(0, first), time.Unix(0, last)
	}
	for _, at := range [2]int64{first, last} {
		if t := time.Unix(0, at); t.Before(b.first) {
			b.first = t
		} else if t.After(b.last) {
			b.last = t
		}
	}
	b.n++
	b.data = appendContact(b.data, c, first-b.base, last-first)
}

// nanos is a time as the ledger keeps it: a time outside 1678–2262, the zero time too, is kept as 1970.
func nanos(t time.Time) int64 {
	if t.Year() < 1678 || t.Year() > 2261 {
		return 0
	}
	return t.UnixNano()
}

// pack makes the frame of a batch. The result is valid until the next call.
func (l *Ledger) pack(b *batch) ([]byte, error) {
	l.packed.Reset()
	l.packer.Reset(&l.packed)
	if _, err := l.packer.Write(b.data); err != nil {
		return nil, err
	}
	if err := l.packer.Close(); err != nil {
		return nil, err
	}
	if l.packed.Len() > maxFrame-frameHead-blockHead {
		return nil, fmt.Errorf("block of %d bytes", l.packed.Len())
	}
	return putFrame(nil, b, l.packed.Bytes()), nil
}

// unpack gives the contacts of a block, until f says false.
func unpack(data []byte, f func(*home.Contact) bool) error {
	z := flate.NewReader(bytes.NewReader(data))
	defer z.Close()
	raw, err := io.ReadAll(io.LimitReader(z, maxRaw+1))
	if err != nil {
		return fmt.Errorf("unpack contacts: %w", err)
	}
	if len(raw) > maxRaw {
		return errors.New("unpack contacts: block too large")
	}
	d := decoder{b: raw}
	if v := d.byte(); d.bad || v != codecVersion {
		return fmt.Errorf("unpack contacts: version %d", v)
	}
	base := d.varint()
	for len(d.b) > 0 {
		var c home.Contact
		d.contact(&c, base)
		if d.bad {
			return errors.New("unpack contacts: broken contact")
		}
		if !f(&c) {
			return nil
		}
	}
	return nil
}

const (
	flagLookup = 1 << iota
	flagInbound
	flagLocal
	flagUsual
	flagService
	flagListed
	flagExpires
)

func appendContact(b []byte, c *home.Contact, start, length int64) []byte {
	flags := byte(0)
	for i, on := range [...]bool{c.Lookup, c.Inbound, c.Local, c.Usual != nil, c.Service != nil, c.Listed != nil,
		c.Listed != nil && !c.Listed.Expires.IsZero()} {
		if on {
			flags |= 1 << i
		}
	}
	b = append(b, flags)
	b = appendString(b, string(c.Device), string(c.Peer), c.Endpoint.Name)
	b = binary.AppendUvarint(b, uint64(tail(c.Endpoint.Name, c.Endpoint.Domain)))
	if tail(c.Endpoint.Name, c.Endpoint.Domain) == 0 {
		b = appendString(b, c.Endpoint.Domain)
	}
	ip, _ := c.Endpoint.IP.MarshalBinary() // never fails
	b = appendString(b, string(ip), c.Endpoint.Proto, c.Named, c.Reason)
	for _, v := range [...]uint64{uint64(c.Endpoint.Port), uint64(c.Endpoint.ASN), c.Flows, c.Failed, c.Up, c.Down, c.Packets} {
		b = binary.AppendUvarint(b, v)
	}
	b = binary.AppendVarint(b, start)
	b = binary.AppendVarint(b, length)
	b = append(b, byte(c.Action))
	if c.Usual != nil {
		b = append(b, tristate(c.Usual.Device)<<2|tristate(c.Usual.Model))
	}
	if s := c.Service; s != nil {
		b = appendString(b, s.Name, s.Company, s.Purpose)
	}
	if i := c.Listed; i != nil {
		b = append(b, byte(i.Kind), i.Confidence)
		b = appendString(b, i.Value, string(i.Class), i.Family, i.Source)
		if !i.Expires.IsZero() {
			b = binary.AppendVarint(b, nanos(i.Expires))
		}
	}
	return b
}

// tail is the length of domain when name ends in it, so that it need not be written twice.
func tail(name, domain string) int {
	if len(domain) <= len(name) && name[len(name)-len(domain):] == domain {
		return len(domain)
	}
	return 0
}

func appendString(b []byte, ss ...string) []byte {
	for _, s := range ss {
		s = s[:min(len(s), maxString)]
		b = append(binary.AppendUvarint(b, uint64(len(s))), s...)
	}
	return b
}

func tristate(v *bool) byte {
	switch {
	case v == nil:
		return 0
	case *v:
		return 2
	}
	return 1
}

func untristate(v byte) *bool {
	if v&3 == 0 {
		return nil
	}
	yes := v&3 == 2
	return &yes
}

// decoder reads what appendContact wrote. Once bad, everything it gives is zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) contact(c *home.Contact, base int64) {
	flags := d.byte()
	c.Lookup, c.Inbound, c.Local = flags&flagLookup != 0, flags&flagInbound != 0, flags&flagLocal != 0
	c.Device, c.Peer, c.Endpoint.Name = home.DeviceID(d.string()), home.DeviceID(d.string()), d.string()
	switch n := d.uvarint(math.MaxInt32); {
	case n == 0:
		c.Endpoint.Domain = d.string()
	case n <= uint64(len(c.Endpoint.Name)):
		c.Endpoint.Domain = c.Endpoint.Name[len(c.Endpoint.Name)-int(n):]
	default:
		d.bad = true
	}
	ip := netip.Addr{}
	if err := ip.UnmarshalBinary([]byte(d.string())); err != nil {
		d.bad = true
	}
	c.Endpoint.IP, c.Endpoint.Proto, c.Named, c.Reason = ip, d.string(), d.string(), d.string()
	c.Endpoint.Port, c.Endpoint.ASN = uint16(d.uvarint(math.MaxUint16)), uint32(d.uvarint(math.MaxUint32))
	for _, v := range [...]*uint64{&c.Flows, &c.Failed, &c.Up, &c.Down, &c.Packets} {
		*v = d.uvarint(math.MaxUint64)
	}
	first := base + d.varint()
	c.First, c.Last = time.Unix(0, first).UTC(), time.Unix(0, first+d.varint()).UTC()
	c.Action = home.Action(d.byte())
	if flags&flagUsual != 0 {
		v := d.byte()
		c.Usual = &home.Usual{Device: untristate(v >> 2), Model: untristate(v)}
	}
	if flags&flagService != 0 {
		c.Service = &home.Service{Name: d.string(), Company: d.string(), Purpose: d.string()}
	}
	if flags&flagListed != 0 {
		c.Listed = &home.Indicator{Kind: home.IndicatorKind(d.byte()), Confidence: d.byte(), Value: d.string(),
			Class: home.Class(d.string()), Family: d.string(), Source: d.string()}
		if flags&flagExpires != 0 {
			c.Listed.Expires = time.Unix(0, d.varint()).UTC()
		}
	}
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.bad = true
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) uvarint(most uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 || v > most {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad, d.b = true, nil
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string {
	n := d.uvarint(maxString)
	if n > uint64(len(d.b)) {
		d.bad, d.b = true, nil
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}
