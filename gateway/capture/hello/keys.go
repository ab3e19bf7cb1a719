package hello

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
)

// scheme is how a QUIC version protects its Initial packets.
type scheme struct {
	salt    [20]byte
	v2      bool // RFC 9369: other labels, other packet type numbers
	initial byte // long packet type of an Initial
}

// Salts by version: RFC 9001 section 5.2, RFC 9369 section 3.3.1, the drafts of both, and Google's QUIC with long headers
// (its Q050 carries a CHLO message instead of a ClientHello).
var (
	schemeV1  = scheme{salt: [20]byte{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}}
	schemeD29 = scheme{salt: [20]byte{0xaf, 0xbf, 0xec, 0x28, 0x99, 0x93, 0xd2, 0x4c, 0x9e, 0x97, 0x86, 0xf1, 0x9c, 0x61, 0x11, 0xe0, 0x43, 0x90, 0xa8, 0x99}}
	schemeD23 = scheme{salt: [20]byte{0xc3, 0xee, 0xf7, 0x12, 0xc7, 0x2e, 0xbb, 0x5a, 0x11, 0xa7, 0xd2, 0x43, 0x2b, 0xb4, 0x63, 0x65, 0xbe, 0xf9, 0xf5, 0x02}}
	schemeV2  = scheme{v2: true, initial: 1, salt: [20]byte{0x0d, 0xed, 0xe3, 0xde, 0xf7, 0x00, 0xa6, 0xdb, 0x81, 0x93, 0x81, 0xbe, 0x6e, 0x26, 0x9d, 0xcb, 0xf9, 0xbd, 0x2e, 0xd9}}
	// draft-ietf-quic-v2-01 to -04, version 0x709a50c4
	schemeV2D  = scheme{v2: true, initial: 1, salt: [20]byte{0xa7, 0x07, 0xc2, 0x03, 0xa5, 0x9b, 0x47, 0x18, 0x4a, 0x1d, 0x62, 0xca, 0x57, 0x04, 0x06, 0xea, 0x7a, 0xe3, 0xe5, 0xd3}}
	schemeQ050 = scheme{salt: [20]byte{0x50, 0x45, 0x74, 0xef, 0xd0, 0x66, 0xfe, 0x2f, 0x9d, 0x94, 0x5c, 0xfc, 0xdb, 0xd3, 0xa7, 0xf0, 0xd3, 0xb5, 0x6b, 0x45}}
	schemeT051 = scheme{salt: [20]byte{0x7a, 0x4e, 0xde, 0xf4, 0xe7, 0xcc, 0xee, 0x5f, 0xa4, 0x50, 0x6c, 0x19, 0x12, 0x4f, 0xc8, 0xcc, 0xda, 0x6e, 0x03, 0x3d}}
)

// schemeOf is the scheme of a version; nil when the version is unknown, and the packet then not QUIC to us.
func schemeOf(version uint32) *scheme {
	switch {
	case version == 1, version == 0xff000021, version == 0xff000022: // drafts 33 and 34 have the final salt
		return &schemeV1
	case version == 0x6b3343cf:
		return &schemeV2
	case version == 0x709a50c4:
		return &schemeV2D
	case version >= 0xff00001d && version <= 0xff000020: // drafts 29 to 32
		return &schemeD29
	case version >= 0xff000017 && version <= 0xff00001c, version == 0xfaceb002: // drafts 23 to 28, and Facebook's of 27
		return &schemeD23
	case version == 0x51303530:
		return &schemeQ050
	case version == 0x54303531:
		return &schemeT051
	}
	return nil
}

// keys protect a client's Initial packets (RFC 9001 section 5.2); they follow from version and first DCID.
type keys struct {
	version uint32
	dcid    connID
	aead    cipher.AEAD
	block   cipher.Block // the AEAD's block cipher, for packets whose tag was cut off by the capture
	hp      cipher.Block
	iv      [12]byte
}

// connID is a connection ID: at most 20 bytes (RFC 9000 section 17.2).
type connID struct {
	n byte
	b [20]byte
}

func makeConnID(b []byte) (c connID) {
	c.n = byte(copy(c.b[:], b))
	return c
}

// derive makes the client's keys, unless k has them already.
func (k *keys) derive(s *scheme, version uint32, dcid connID) bool {
	if k.aead != nil && k.version == version && k.dcid == dcid {
		return true
	}
	var out [32]byte
	initial := hmac256(s.salt[:], dcid.b[:dcid.n])
	client := expand(initial[:], "tls13 client in", 32)
	label := [3]string{"tls13 quic key", "tls13 quic iv", "tls13 quic hp"}
	if s.v2 {
		label = [3]string{"tls13 quicv2 key", "tls13 quicv2 iv", "tls13 quicv2 hp"}
	}
	var err error
	out = expand(client[:], label[0], 16)
	if k.block, err = aes.NewCipher(out[:16]); err != nil {
		return false
	}
	if k.aead, err = cipher.NewGCM(k.block); err != nil {
		return false
	}
	out = expand(client[:], label[1], 12)
	copy(k.iv[:], out[:])
	out = expand(client[:], label[2], 16)
	if k.hp, err = aes.NewCipher(out[:16]); err != nil {
		k.aead = nil
		return false
	}
	k.version, k.dcid = version, dcid
	return true
}

// nonce is the IV with the packet number (RFC 9001 section 5.3).
func (k *keys) nonce(pn uint32) [12]byte {
	n := k.iv
	binary.BigEndian.PutUint32(n[8:], binary.BigEndian.Uint32(n[8:])^pn)
	return n
}

// counterMode decrypts in place without checking the tag: AES-GCM is counter mode from 2 on (NIST SP 800-38D 7.1).
func (k *keys) counterMode(nonce [12]byte, b []byte) {
	var ctr, pad [16]byte
	copy(ctr[:], nonce[:])
	for n := uint32(2); len(b) > 0; n++ {
		binary.BigEndian.PutUint32(ctr[12:], n)
		k.block.Encrypt(pad[:], ctr[:])
		m := min(16, len(b))
		for i := range m {
			b[i] ^= pad[i]
		}
		b = b[m:]
	}
}

// hmac256 is HMAC-SHA-256 (RFC 2104) of a short message, without allocation. Keys are at most 64 bytes and messages at
// most 64 here.
func hmac256(key, msg []byte) [32]byte {
	var in, out [128]byte
	copy(in[:64], key)
	copy(out[:64], key)
	for i := range 64 {
		in[i] ^= 0x36
		out[i] ^= 0x5c
	}
	n := copy(in[64:], msg)
	inner := sha256.Sum256(in[:64+n])
	copy(out[64:], inner[:])
	return sha256.Sum256(out[:96])
}

// expand is HKDF-Expand-Label (RFC 8446 section 7.1) with an empty context, for at most 32 bytes of output.
func expand(secret []byte, label string, n byte) [32]byte {
	var info [64]byte
	info[1], info[2] = n, byte(len(label))
	m := 3 + copy(info[3:], label)
	info[m+1] = 1 // after the empty context's length
	return hmac256(secret, info[:m+2])
}
