package nfnl

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Message is one nfnetlink message (linux/netfilter/nfnetlink.h).
type Message struct {
	What   string // for errors: "set quarantine of table bridge cardea"
	Type   uint16 // subsystem<<8 | message
	Flags  uint16 // NLM_F_*; NLM_F_REQUEST is added
	Family uint8
	Attrs  Attrs
}

func (m Message) append(b []byte, seq uint32) []byte {
	return appendMessage(b, m.Type, m.Flags, seq, m.Family, 0, m.Attrs)
}

func appendMessage(b []byte, typ, flags uint16, seq uint32, family uint8, resource uint16, attrs []byte) []byte {
	b = binary.NativeEndian.AppendUint32(b, uint32(unix.SizeofNlMsghdr+4+len(attrs)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = binary.NativeEndian.AppendUint16(b, flags|unix.NLM_F_REQUEST)
	b = binary.NativeEndian.AppendUint32(b, seq)
	b = binary.NativeEndian.AppendUint32(b, 0)
	b = append(b, family, unix.NFNETLINK_V0)
	b = binary.BigEndian.AppendUint16(b, resource)
	b = append(b, attrs...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

// Batch is a transaction: all of its messages take effect at once, or none.
type Batch struct {
	messages []Message
	size     int
}

// Add appends a message.
func (b *Batch) Add(m Message) {
	b.messages = append(b.messages, m)
	b.size += unix.SizeofNlMsghdr + 4 + len(m.Attrs) + 3
}

// Len is the number of messages; Size about the bytes they need.
func (b *Batch) Len() int { return len(b.messages) }

// Size is about how many bytes the transaction takes.
func (b *Batch) Size() int { return b.size }

// Commit sends the transaction and waits until the kernel has taken it. An error names every message that was refused;
// nothing has changed then.
func (s *Socket) Commit(b *Batch) error {
	if b.Len() == 0 {
		return nil
	}
	if b.size > s.room {
		return fmt.Errorf("transaction of %d bytes does not fit the socket buffer of %d: raise net.core.wmem_max", b.size, s.room)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	begin := s.seq + 1
	last := begin + uint32(b.Len())
	s.seq = last + 1
	const subsystem = unix.NFNL_SUBSYS_NFTABLES
	out := appendMessage(make([]byte, 0, b.size+64), unix.NFNL_MSG_BATCH_BEGIN, 0, begin, 0, subsystem, nil)
	for i, m := range b.messages {
		if i == b.Len()-1 {
			m.Flags |= unix.NLM_F_ACK // one is enough: the others only speak up when they fail
		}
		out = m.append(out, begin+1+uint32(i))
	}
	out = appendMessage(out, unix.NFNL_MSG_BATCH_END, 0, last+1, 0, subsystem, nil)
	if err := s.send(out); err != nil {
		return err
	}
	return s.acknowledged(b, begin, last)
}

func (s *Socket) acknowledged(b *Batch, begin, last uint32) error {
	var refused []error
	for done := false; !done; {
		err := s.receive(func(h unix.NlMsghdr, body []byte) {
			if h.Type != unix.NLMSG_ERROR || h.Seq-begin > last-begin {
				return
			}
			switch err := errno(body); {
			case err == nil:
			case h.Seq == begin:
				refused = append(refused, fmt.Errorf("transaction: %w", err))
			default:
				refused = append(refused, fmt.Errorf("%s: %w", b.messages[h.Seq-begin-1].What, err))
			}
			done = done || h.Seq == last
		})
		if err != nil {
			return errors.Join(append(refused, err)...)
		}
	}
	if len(refused) > 8 {
		refused = append(refused[:8], fmt.Errorf("and %d more", len(refused)-8))
	}
	return errors.Join(refused...)
}

// Attrs are netlink attributes in wire format.
type Attrs []byte

// Bytes appends an attribute. Data of 64 KiB and more do not fit an attribute's length: callers send fewer elements.
func (a *Attrs) Bytes(typ uint16, data []byte) {
	b := binary.NativeEndian.AppendUint16(*a, uint16(4+len(data)))
	b = binary.NativeEndian.AppendUint16(b, typ)
	b = append(b, data...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	*a = b
}

// String appends a zero-terminated string.
func (a *Attrs) String(typ uint16, s string) { a.Bytes(typ, append([]byte(s), 0)) }

// Uint32 and Uint64 append numbers in network order.
func (a *Attrs) Uint32(typ uint16, v uint32) { a.Bytes(typ, binary.BigEndian.AppendUint32(nil, v)) }

// Uint64 appends a number in network order.
func (a *Attrs) Uint64(typ uint16, v uint64) { a.Bytes(typ, binary.BigEndian.AppendUint64(nil, v)) }

// Nest appends a nested attribute with what f puts into it.
func (a *Attrs) Nest(typ uint16, f func(*Attrs)) {
	start := len(*a)
	*a = append(*a, 0, 0, 0, 0)
	f(a)
	binary.NativeEndian.PutUint16((*a)[start:], uint16(len(*a)-start))
	binary.NativeEndian.PutUint16((*a)[start+2:], typ|unix.NLA_F_NESTED)
}

// Each walks attributes in wire format. Anything malformed ends it.
func Each(b []byte, f func(typ uint16, data []byte)) {
	for len(b) >= 4 {
		n := int(binary.NativeEndian.Uint16(b))
		if n < 4 || n > len(b) {
			return
		}
		f(binary.NativeEndian.Uint16(b[2:])&typeMask, b[4:n])
		b = b[min(len(b), (n+3)&^3):]
	}
}

// Text reads a zero-terminated string; Number a number of up to 8 bytes in network order.
func Text(b []byte) string {
	for i, c := range b {
		if c == 0 {
			return string(b[:i])
		}
	}
	return string(b)
}

// Number reads a number of at most 8 bytes in network order.
func Number(b []byte) (n uint64) {
	for _, c := range b[:min(len(b), 8)] {
		n = n<<8 | uint64(c)
	}
	return n
}

// typeMask takes the flags (nested, network order) off an attribute's type (linux/netlink.h).
const typeMask = 0x3fff
