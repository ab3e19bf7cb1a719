// Package hello reads the name of the far end from a flow's first packets: the server name of a TLS, DTLS or QUIC
// ClientHello and the Host of an HTTP/1.x request. It may import home, capture/ascii and the standard library. A Namer owns the
// half-assembled flows; it has no lock, starts no goroutine and does no I/O: whoever reads packets owns the Namer.
//
// Everything here reads bytes that a hostile device wrote: each parser is bounded, keeps nothing of its input but
// bounded copies, and says "not mine" rather than guess.
package hello

import "encoding/binary"

// TLS numbers used here (IANA tls-parameters, tls-extensiontype-values).
const (
	recordHandshake = 22
	typeClientHello = 1

	extServerName        = 0
	extALPN              = 16
	extSupportedVersions = 43
	extECH               = 0xfe0d // RFC 9849, outer ClientHello
)

// Bounds of what is kept of one ClientHello; real ones offer at most three protocols and six versions.
const (
	maxALPN     = 16
	maxVersions = 16
)

// Hello is what a ClientHello says. Its slices point into the parsed bytes; it is meant to be used again.
type Hello struct {
	Legacy     uint16   // legacy_version: 0x0303 for TLS 1.2 and later, 0xfefd for DTLS 1.2
	ServerName []byte   // host_name of the server_name extension as sent, nil when there is none
	ALPN       [][]byte // protocols offered, at most 16
	Versions   []uint16 // supported_versions, at most 16, GREASE (RFC 8701) included
	// ECH says that an encrypted_client_hello extension is there. It does not say that ServerName is an outer name:
	// browsers send the same extension filled with noise (GREASE ECH, RFC 9849 section 6.2) to every server.
	ECH      bool
	Complete bool // all of the message was there

	offer offer
}

func (h *Hello) reset() {
	h.offer.reset()
	*h = Hello{ALPN: h.ALPN[:0], Versions: h.Versions[:0], offer: h.offer}
}

// Parse reads a TLS handshake message (RFC 8446 section 4.1.2) from its type byte on. A message that is cut off fills
// what is there, with Complete unset. It says false for what is no ClientHello.
func (h *Hello) Parse(msg []byte) bool {
	h.reset()
	if len(msg) < 4 || msg[0] != typeClientHello {
		return false
	}
	n := int(msg[1])<<16 | int(msg[2])<<8 | int(msg[3])
	body := msg[4:]
	h.Complete = len(body) >= n
	if h.Complete {
		body = body[:n]
	}
	return h.body(body, false)
}

// body reads a ClientHello without its handshake header; dtls adds the cookie (RFC 6347 section 4.2.1).
func (h *Hello) body(b []byte, dtls bool) bool {
	r := reader{b: b}
	v, ok := r.u16()
	if !ok {
		return !h.Complete
	}
	if hi := v >> 8; dtls && hi != 0xfe || !dtls && hi != 3 {
		return false
	}
	h.Legacy = v
	if !r.skip(32) {
		return !h.Complete
	}
	if n, ok := r.u8(); !ok || n > 32 || !r.skip(n) {
		return !h.Complete && n <= 32
	}
	if dtls && !r.vec8() {
		return !h.Complete
	}
	n, ok := r.u16()
	if !ok || int(n) > len(r.b) {
		return !h.Complete
	}
	h.offer.list(&h.offer.ciphers, reader{b: r.b[:n]})
	r.b = r.b[n:]
	if !r.vec8() {
		return !h.Complete
	}
	if len(r.b) == 0 { // extensions are optional before TLS 1.3
		return true
	}
	if n, ok := r.u16(); ok && n < uint16(min(len(r.b), 0xffff)) {
		r.b = r.b[:n]
	}
	return h.extensions(r)
}

// extensions reads extensions until they end or are cut off; a cut server name counts only when its bytes are there.
func (h *Hello) extensions(r reader) bool {
	for len(r.b) > 0 {
		typ, ok1 := r.u16()
		n, ok2 := r.u16()
		if !ok1 || !ok2 {
			break
		}
		cut := int(n) > len(r.b)
		ext := reader{b: r.b[:min(int(n), len(r.b))]}
		h.offer.add(&h.offer.extensions, typ)
		switch typ {
		case extSignatures:
			h.signatures(ext)
		case extServerName:
			h.offer.sni = true
			h.serverName(ext)
		case extALPN:
			h.alpn(ext)
		case extSupportedVersions:
			h.versions(ext)
		case extECH:
			// 0 is outer, 1 inner: an inner one is never seen in the clear.
			h.ECH = h.ECH || len(ext.b) > 0 && ext.b[0] == 0
		}
		if cut {
			break
		}
		r.b = r.b[n:]
	}
	return true
}

// serverName takes the first host_name of the list (RFC 6066 section 3).
func (h *Hello) serverName(r reader) {
	if _, ok := r.u16(); !ok {
		return
	}
	for h.ServerName == nil {
		kind, ok1 := r.u8()
		n, ok2 := r.u16()
		if !ok1 || !ok2 || int(n) > len(r.b) {
			return
		}
		if kind == 0 && n > 0 {
			h.ServerName = r.b[:n]
		}
		r.b = r.b[n:]
	}
}

// signatures takes the list of signature algorithms (RFC 8446 section 4.2.3).
func (h *Hello) signatures(r reader) {
	if n, ok := r.u16(); ok && len(h.offer.signatures) == 0 {
		h.offer.list(&h.offer.signatures, reader{b: r.b[:min(int(n), len(r.b))]})
	}
}

// alpn takes the list of protocols (RFC 7301 section 3.1).
func (h *Hello) alpn(r reader) {
	if _, ok := r.u16(); !ok {
		return
	}
	for len(h.ALPN) < maxALPN {
		n, ok := r.u8()
		if !ok || n == 0 || n > len(r.b) {
			return
		}
		h.ALPN = append(h.ALPN, r.b[:n])
		r.b = r.b[n:]
	}
}

// versions takes the list of versions (RFC 8446 section 4.2.1).
func (h *Hello) versions(r reader) {
	if _, ok := r.u8(); !ok {
		return
	}
	for len(h.Versions) < maxVersions {
		v, ok := r.u16()
		if !ok {
			return
		}
		h.Versions = append(h.Versions, v)
	}
}

// reader takes big-endian fields from the front of b.
type reader struct{ b []byte }

func (r *reader) u8() (int, bool) {
	if len(r.b) < 1 {
		return 0, false
	}
	v := r.b[0]
	r.b = r.b[1:]
	return int(v), true
}

func (r *reader) u16() (uint16, bool) {
	if len(r.b) < 2 {
		return 0, false
	}
	v := binary.BigEndian.Uint16(r.b)
	r.b = r.b[2:]
	return v, true
}

func (r *reader) skip(n int) bool {
	if n > len(r.b) {
		return false
	}
	r.b = r.b[n:]
	return true
}

func (r *reader) vec8() bool {
	n, ok := r.u8()
	return ok && r.skip(n)
}

// varint takes a QUIC variable-length integer (RFC 9000 section 16).
func (r *reader) varint() (uint64, bool) {
	if len(r.b) == 0 {
		return 0, false
	}
	n := 1 << (r.b[0] >> 6)
	if len(r.b) < n {
		return 0, false
	}
	v := uint64(r.b[0] & 0x3f)
	for _, c := range r.b[1:n] {
		v = v<<8 | uint64(c)
	}
	r.b = r.b[n:]
	return v, true
}
