package hello

import "encoding/binary"

// verdict says what came of reading the first bytes of a flow.
type verdict uint8

const (
	notOurs verdict = iota // plainly none of the protocols read here
	unsure                 // too few bytes to tell
	more                   // ours, but not all of it is there
	found
)

// maxRecord is the longest TLS record: 2^14 bytes of plain text (RFC 8446 section 5.1); older stacks add some.
const maxRecord = 1<<14 + 2048

// looksTLS says whether b starts a TLS record that starts a ClientHello: notOurs, unsure (a prefix of one) or more.
func looksTLS(b []byte) verdict {
	for i, c := range b[:min(len(b), 7)] {
		switch i {
		case 0:
			if c != recordHandshake {
				return notOurs
			}
		case 1:
			if c != 3 {
				return notOurs
			}
		case 2:
			if c > 4 {
				return notOurs
			}
		case 4:
			if n := binary.BigEndian.Uint16(b[3:]); n == 0 || n > maxRecord {
				return notOurs
			}
		case 5:
			if c != typeClientHello {
				return notOurs
			}
		case 6: // longer than 64 KiB is no ClientHello; a one-byte first record has its next header here
			if c != 0 && b[3] == 0 && b[4] > 1 {
				return notOurs
			}
		}
	}
	if len(b) < 6 {
		return unsure
	}
	return more
}

// unrecord takes the handshake message out of the TLS records in b (RFC 8446 section 5.1), which may split it anywhere.
// The message points into b when one record holds it, else into scratch. ok is false for what is no handshake record.
func unrecord(b, scratch []byte) (msg []byte, ok bool) {
	msg = scratch[:0]
	for first := true; len(b) >= 5; first = false {
		if b[0] != recordHandshake || b[1] != 3 {
			return msg, false
		}
		n := int(binary.BigEndian.Uint16(b[3:]))
		if n == 0 || n > maxRecord {
			return msg, false
		}
		frag := b[5:min(5+n, len(b))]
		b = b[5+len(frag):]
		if first && (messageWhole(frag) || len(b) == 0) {
			return frag, true
		}
		if len(msg)+len(frag) > cap(msg) { // scratch is as large as a flow may be
			return msg, true
		}
		msg = append(msg, frag...)
		if messageWhole(msg) {
			return msg, true
		}
	}
	return msg, true
}

func messageWhole(b []byte) bool {
	return len(b) >= 4 && len(b) >= 4+(int(b[1])<<16|int(b[2])<<8|int(b[3]))
}
