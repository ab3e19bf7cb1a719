package hello

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"cardea/home"
)

// maxOffered bounds the cipher suites, extensions and signature algorithms of one ClientHello; real ones have under a
// hundred. One with more gets no fingerprint.
const maxOffered = 512

const extSignatures = 13

// offer is what a ClientHello offers beside names: GREASE values (RFC 8701) are left out.
type offer struct {
	ciphers, extensions, signatures []uint16
	sni                             bool // the server_name extension is there, even an empty one
	many                            bool // there was more than is kept
}

func (o *offer) reset() {
	*o = offer{ciphers: o.ciphers[:0], extensions: o.extensions[:0], signatures: o.signatures[:0]}
}

// grease says whether a value is one of those that only test what servers tolerate.
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func (o *offer) add(to *[]uint16, v uint16) {
	switch {
	case grease(v):
	case len(*to) >= maxOffered:
		o.many = true
	default:
		*to = append(*to, v)
	}
}

// list takes 16-bit values to the end of r.
func (o *offer) list(to *[]uint16, r reader) {
	for v, ok := r.u16(); ok; v, ok = r.u16() {
		o.add(to, v)
	}
}

// ja4 is a fingerprint in the making, and those made lately.
type ja4 struct {
	text  [36]byte // a_b_c: 10, 12 and 12 characters
	list  []byte   // hexadecimal values with commas
	sort  []uint16
	known [256]string // by their hash; a newer one takes the place of an older
}

// of makes the fingerprint (FoxIO's JA4: TLS client fingerprint, BSD-3-Clause) of a complete ClientHello; "" of any other.
func (j *ja4) of(h *Hello, source home.NameSource) string {
	if !h.Complete || h.offer.many {
		return ""
	}
	o := &h.offer
	b := j.text[:0]
	switch {
	case source == home.NameQUIC:
		b = append(b, 'q')
	case h.Legacy>>8 == 0xfe:
		b = append(b, 'd')
	default:
		b = append(b, 't')
	}
	b = append(b, versionName(h.highest())...)
	if o.sni {
		b = append(b, 'd')
	} else {
		b = append(b, 'i')
	}
	b = twoDigits(twoDigits(b, len(o.ciphers)), len(o.extensions))
	b = append(b, j.protocol(h)...)
	b = append(b, '_')
	b = j.hash(b, o.ciphers, nil, nil)
	b = append(b, '_')
	b = j.hash(b, o.extensions, []uint16{extServerName, extALPN}, o.signatures)
	return j.intern(b)
}

func twoDigits(b []byte, n int) []byte {
	n = min(n, 99)
	return append(b, byte('0'+n/10), byte('0'+n%10))
}

// highest is the highest version in supported_versions, or else the one of the ClientHello itself.
func (h *Hello) highest() (v uint16) {
	for _, x := range h.Versions {
		if !grease(x) {
			v = max(v, x)
		}
	}
	if v == 0 {
		return h.Legacy
	}
	return v
}

func versionName(v uint16) string {
	switch v {
	case 0x0304:
		return "13"
	case 0x0303:
		return "12"
	case 0x0302:
		return "11"
	case 0x0301:
		return "10"
	case 0x0300:
		return "s3"
	case 0x0002:
		return "s2"
	case 0xfeff:
		return "d1"
	case 0xfefd:
		return "d2"
	case 0xfefc:
		return "d3"
	}
	return "00"
}

// protocol is the first and the last character of the first protocol offered, those of its hexadecimal form if either is no
// letter or digit, "00" without one.
func (j *ja4) protocol(h *Hello) []byte {
	if len(h.ALPN) == 0 || len(h.ALPN[0]) == 0 {
		return []byte("00")
	}
	const digits = "0123456789abcdef"
	p := h.ALPN[0]
	first, last := p[0], p[len(p)-1]
	if !alphanumeric(first) || !alphanumeric(last) {
		first, last = digits[first>>4], digits[last&15]
	}
	j.list = append(j.list[:0], first, last)
	return j.list
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// hash appends the first 12 digits of the SHA-256 of values, sorted and without some, and then of others in their order.
// Nothing at all is twelve zeros.
func (j *ja4) hash(b []byte, values, without, others []uint16) []byte {
	j.sort = append(j.sort[:0], values...)
	slices.Sort(j.sort)
	j.list = j.list[:0]
	for _, v := range j.sort {
		if !slices.Contains(without, v) {
			j.write(v, ',')
		}
	}
	for i, v := range others {
		if i == 0 {
			j.write(v, '_')
		} else {
			j.write(v, ',')
		}
	}
	if len(j.list) == 0 {
		return append(b, "000000000000"...)
	}
	sum := sha256.Sum256(j.list)
	return hex.AppendEncode(b, sum[:6])
}

func (j *ja4) write(v uint16, before byte) {
	if len(j.list) > 0 {
		j.list = append(j.list, before)
	}
	j.list = hex.AppendEncode(j.list, []byte{byte(v >> 8), byte(v)})
}

func (j *ja4) intern(b []byte) string {
	h := uint32(2166136261)
	for _, c := range b {
		h = (h ^ uint32(c)) * 16777619
	}
	at := &j.known[(h^h>>16)%uint32(len(j.known))]
	if *at != string(b) {
		*at = string(b)
	}
	return *at
}

// newest is the newest version that is offered, 0 when the part of the message that would tell is not there. DTLS counts
// downwards.
func (h *Hello) newest() (v uint16) {
	for _, x := range h.Versions {
		switch {
		case !knownVersion(x):
		case v == 0, x>>8 == 3 && v>>8 == 3 && x > v, x>>8 == 0xfe && v>>8 == 0xfe && x < v:
			v = x
		}
	}
	if v == 0 && h.Complete && knownVersion(h.Legacy) {
		v = h.Legacy
	}
	return v
}

// knownVersion says whether there is such a version: SSL 3.0 to TLS 1.3, DTLS 1.0 to 1.3.
func knownVersion(v uint16) bool {
	return v >= 0x0300 && v <= 0x0304 || v >= 0xfefc && v <= 0xfeff && v != 0xfefe
}
