package nfnl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"
)

const ct = unix.NFNL_SUBSYS_CTNETLINK << 8

// Conntrack messages and attributes (linux/netfilter/nfnetlink_conntrack.h).
const (
	ctGet, ctDelete                    = 1, 2
	ctaOrig, ctaReply, ctaID, ctaZone  = 1, 2, 12, 18
	ctaIP, ctaProto                    = 1, 2
	ctaSrc4, ctaDst4, ctaSrc6, ctaDst6 = 1, 2, 3, 4
	ctaNum, ctaSrcPort, ctaDstPort     = 1, 2, 3
)

// Flow is one tracked connection.
type Flow struct {
	Proto              uint8
	Src, Dst           netip.AddrPort // as the first packet came in
	ReplySrc, ReplyDst netip.AddrPort // as answers come in: behind address translation
	family             uint8
	orig, id, zone     []byte
}

// Flows hands on each tracked connection; the flow is reused and valid only during the call (Clone keeps it). A dump
// that new connections interrupt is still whole for all that were there before: ErrInterrupted is not an error here.
func (s *Socket) Flows(each func(*Flow)) error {
	var f Flow
	err := s.Dump(Message{What: "connections", Type: ct | ctGet}, func(family uint8, attrs []byte) {
		f = *parseFlow(family, attrs)
		each(&f)
	})
	if errors.Is(err, ErrInterrupted) {
		return nil
	}
	return err
}

func parseFlow(family uint8, attrs []byte) *Flow {
	f := &Flow{family: family}
	Each(attrs, func(typ uint16, b []byte) {
		switch typ {
		case ctaOrig:
			f.orig = b
			f.Src, f.Dst, f.Proto = tuple(b)
		case ctaReply:
			f.ReplySrc, f.ReplyDst, _ = tuple(b)
		case ctaID:
			f.id = b
		case ctaZone:
			f.zone = b
		}
	})
	return f
}

// Clone copies the flow so that it can be kept.
func (f *Flow) Clone() Flow {
	c := *f
	c.orig, c.id, c.zone = slices.Clone(f.orig), slices.Clone(f.id), slices.Clone(f.zone)
	return c
}

func tuple(b []byte) (src, dst netip.AddrPort, proto uint8) {
	var a, d netip.Addr
	var sp, dp uint16
	Each(b, func(typ uint16, b []byte) {
		switch typ {
		case ctaIP:
			Each(b, func(typ uint16, b []byte) {
				switch typ {
				case ctaSrc4, ctaSrc6:
					a, _ = netip.AddrFromSlice(b)
				case ctaDst4, ctaDst6:
					d, _ = netip.AddrFromSlice(b)
				}
			})
		case ctaProto:
			Each(b, func(typ uint16, b []byte) {
				switch {
				case typ == ctaNum && len(b) == 1:
					proto = b[0]
				case typ == ctaSrcPort && len(b) == 2:
					sp = binary.BigEndian.Uint16(b)
				case typ == ctaDstPort && len(b) == 2:
					dp = binary.BigEndian.Uint16(b)
				}
			})
		}
	})
	return netip.AddrPortFrom(a, sp), netip.AddrPortFrom(d, dp), proto
}

// Forget deletes a tracked connection: its next packet is a new flow to the rules. One that is gone already, or that is
// another connection by now, is left alone.
func (s *Socket) Forget(f *Flow) error {
	m := Message{What: "forgetting a connection", Type: ct | ctDelete, Family: f.family}
	m.Attrs.Bytes(ctaOrig|unix.NLA_F_NESTED, f.orig)
	if f.id != nil {
		m.Attrs.Bytes(ctaID, f.id)
	}
	if f.zone != nil {
		m.Attrs.Bytes(ctaZone, f.zone)
	}
	if err := s.Request(m, nil); err != nil && !errors.Is(err, unix.ENOENT) {
		return fmt.Errorf("%v -> %v: %w", f.Src, f.Dst, err)
	}
	return nil
}

// Find looks for the connection that began with a packet from src to dst; ok is false when there is none.
func (s *Socket) Find(proto uint8, src, dst netip.AddrPort) (f Flow, ok bool, err error) {
	src, dst = netip.AddrPortFrom(src.Addr().Unmap(), src.Port()), netip.AddrPortFrom(dst.Addr().Unmap(), dst.Port())
	m := Message{What: "finding a connection", Type: ct | ctGet, Family: unix.AF_INET6}
	srcType, dstType := uint16(ctaSrc6), uint16(ctaDst6)
	if src.Addr().Is4() {
		m.Family, srcType, dstType = unix.AF_INET, ctaSrc4, ctaDst4
	}
	m.Attrs.Nest(ctaOrig, func(a *Attrs) {
		a.Nest(ctaIP, func(a *Attrs) {
			a.Bytes(srcType, src.Addr().AsSlice())
			a.Bytes(dstType, dst.Addr().AsSlice())
		})
		a.Nest(ctaProto, func(a *Attrs) {
			a.Bytes(ctaNum, []byte{proto})
			a.Bytes(ctaSrcPort, binary.BigEndian.AppendUint16(nil, src.Port()))
			a.Bytes(ctaDstPort, binary.BigEndian.AppendUint16(nil, dst.Port()))
		})
	})
	err = s.Request(m, func(family uint8, attrs []byte) {
		f, ok = parseFlow(family, attrs).Clone(), true
	})
	if errors.Is(err, unix.ENOENT) {
		return Flow{}, false, nil
	}
	return f, ok && f.Src == src && f.Dst == dst, err // it may also answer with the flow of which this is the reply
}
