package hello

import (
	"encoding/binary"
	"encoding/hex"
	"testing"
)

// clientHello builds a handshake message; pad adds an extension of that many bytes after the server name.
func clientHello(sni string, ech bool, pad int) []byte {
	body := []byte{3, 3}
	body = append(body, make([]byte, 32)...)
	body = append(body, 0)             // session ID
	body = append(body, 0, 2, 0x13, 1) // cipher suites
	body = append(body, 1, 0)          // compression
	return message(append(body, extensionBlock(sni, ech, pad)...))
}

func extensionBlock(sni string, ech bool, pad int) []byte {
	var ext []byte
	add := func(typ uint16, data []byte) {
		ext = binary.BigEndian.AppendUint16(ext, typ)
		ext = binary.BigEndian.AppendUint16(ext, uint16(len(data)))
		ext = append(ext, data...)
	}
	if sni != "" {
		list := binary.BigEndian.AppendUint16([]byte{0}, uint16(len(sni)))
		list = append(list, sni...)
		add(extServerName, append(binary.BigEndian.AppendUint16(nil, uint16(len(list))), list...))
	}
	add(extALPN, append([]byte{0, 12, 2, 'h', '2', 8}, "http/1.1"...))
	add(21, make([]byte, pad))
	add(extSupportedVersions, []byte{4, 3, 4, 3, 3})
	if ech {
		add(extECH, make([]byte, 40))
	}
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(ext))), ext...)
}

func message(body []byte) []byte {
	return append([]byte{typeClientHello, byte(len(body) >> 16), byte(len(body) >> 8), byte(len(body))}, body...)
}

// records splits a handshake message into TLS records of at most size bytes.
func records(msg []byte, size int) []byte {
	var out []byte
	for len(msg) > 0 {
		n := min(size, len(msg))
		out = append(out, recordHandshake, 3, 1, byte(n>>8), byte(n))
		out = append(out, msg[:n]...)
		msg = msg[n:]
	}
	return out
}

// dtlsRecords splits a DTLS ClientHello into datagrams whose fragments have at most size bytes.
func dtlsRecords(sni string, size int) [][]byte {
	body := []byte{0xfe, 0xfd}
	body = append(body, make([]byte, 32)...)
	body = append(body, 0, 4, 1, 2, 3, 4) // session ID, cookie
	body = append(body, 0, 2, 0x13, 1, 1, 0)
	body = append(body, extensionBlock(sni, false, 100)...)
	u24 := func(b []byte, v int) []byte { return append(b, byte(v>>16), byte(v>>8), byte(v)) }
	var out [][]byte
	for off := 0; off < len(body); off += size {
		frag := body[off:min(off+size, len(body))]
		d := []byte{recordHandshake, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0}
		d = append(d, byte((len(frag)+12)>>8), byte(len(frag)+12))
		d = u24(append(d, typeClientHello), len(body))
		d = u24(u24(append(d, 0, 0), off), len(frag))
		out = append(out, append(d, frag...))
	}
	return out
}

// crypto is a CRYPTO frame with msg[lo:hi].
func crypto(msg []byte, lo, hi int) []byte {
	f := []byte{6}
	f = binary.BigEndian.AppendUint16(f, uint16(lo)|0x4000)
	f = binary.BigEndian.AppendUint16(f, uint16(hi-lo)|0x4000)
	return append(f, msg[lo:hi]...)
}

// protect makes an Initial packet of the client, padded to size (RFC 9001 section 5); keyID is the first DCID.
func protect(tb testing.TB, version uint32, keyID, dcid []byte, pn uint32, frames []byte, size int) []byte {
	tb.Helper()
	var k keys
	s := schemeOf(version)
	if s == nil || !k.derive(s, version, makeConnID(keyID)) {
		tb.Fatalf("no keys for version %08x", version)
	}
	p := []byte{0xc3 | s.initial<<4}
	p = binary.BigEndian.AppendUint32(p, version)
	p = append(append(p, byte(len(dcid))), dcid...)
	p = append(p, 0, 0) // source connection ID, token
	body := append([]byte(nil), frames...)
	if n := size - len(p) - 2 - 4 - 16; n > len(body) {
		body = append(body, make([]byte, n-len(body))...)
	}
	p = binary.BigEndian.AppendUint16(p, uint16(4+len(body)+16)|0x4000)
	at := len(p)
	p = binary.BigEndian.AppendUint32(p, pn)
	nonce := k.nonce(pn)
	out := k.aead.Seal(append([]byte(nil), p...), nonce[:], body, p)
	var mask [16]byte
	k.hp.Encrypt(mask[:], out[at+4:at+20])
	out[0] ^= mask[0] & 0x0f
	for i := range 4 {
		out[at+i] ^= mask[1+i]
	}
	return out
}

func unhex(tb testing.TB, s string) []byte {
	tb.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		tb.Fatal(err)
	}
	return b
}
