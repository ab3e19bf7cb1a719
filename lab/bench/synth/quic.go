package synth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// saltV1 is that of QUIC version 1 (RFC 9001 section 5.2).
var saltV1 = []byte{0x38, 0x76, 0x2c, 0xf7, 0xf5, 0x59, 0x34, 0xb3, 0x4d, 0x17, 0x9a, 0xe6, 0xa4, 0xc8, 0x0c, 0xad, 0xcc, 0xbb, 0x7f, 0x0a}

// quicInitial is a client's first datagram, sealed as RFC 9001 section 5 says, with the whole ClientHello in it: who reads
// the name has to open it.
func quicInitial(r *rand.Rand, name string) []byte {
	dcid := noise(r, nil, 8)
	msg := helloMessage(r, name, 32)
	plain := []byte{6, 0} // CRYPTO at 0
	plain = binary.BigEndian.AppendUint16(plain, 0x4000|uint16(len(msg)))
	plain = append(plain, msg...)
	const size, number, tag = 1200, 4, 16
	head := append([]byte{0xc3, 0, 0, 0, 1, 8}, dcid...)
	head = append(head, 0, 0) // no source ID, no token
	rest := size - len(head) - 2
	head = binary.BigEndian.AppendUint16(head, 0x4000|uint16(rest))
	at := len(head)
	head = append(head, 0, 0, 0, 0) // packet number
	plain = append(plain, make([]byte, rest-number-tag-len(plain))...)

	key, iv, hp := initialKeys(dcid)
	block, _ := aes.NewCipher(key) // the key's length is right by construction
	gcm, _ := cipher.NewGCM(block)
	out := gcm.Seal(head, iv, plain, head) // packet number 0: the nonce is the IV
	var mask [16]byte
	protect, _ := aes.NewCipher(hp)
	protect.Encrypt(mask[:], out[at+4:at+20])
	out[0] ^= mask[0] & 0x0f
	for i := range number {
		out[at+i] ^= mask[1+i]
	}
	return out
}

func initialKeys(dcid []byte) (key, iv, hp []byte) {
	secret, _ := hkdf.Extract(sha256.New, dcid, saltV1)
	client := expand(secret, "client in", 32)
	return expand(client, "quic key", 16), expand(client, "quic iv", 12), expand(client, "quic hp", 16)
}

// expand is HKDF-Expand-Label (RFC 8446 section 7.1) without a context.
func expand(secret []byte, label string, n int) []byte {
	info := append([]byte{0, byte(n), byte(6 + len(label))}, "tls13 "+label...)
	out, _ := hkdf.Expand(sha256.New, secret, string(append(info, 0)), n)
	return out
}
