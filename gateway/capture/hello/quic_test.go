package hello

import (
	"bytes"
	"encoding/hex"
	"testing"

	"cardea/home"
)

// RFC 9001 appendix A.2 and RFC 9369 appendix A.2: the same CRYPTO frame, padded to 1,162 bytes, packet number 2.
const vectorFrame = "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868" +
	"04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578" +
	"616d706c652e636f6dff01000100000a00080006001d00170018001000070005" +
	"04616c706e000500050100000000003300260024001d00209370b2c9caa47fba" +
	"baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400" +
	"0d0010000e0403050306030203080408050806002d00020101001c0002400100" +
	"3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000" +
	"75300901100f088394c8f03e51570806048000ffff"

var vectors = []struct {
	name       string
	version    uint32
	iv         string // appendix A.1
	start, end string // of the protected packet; the end holds the tag, which covers every byte
}{
	{
		name: "RFC 9001", version: 1,
		iv:    "fa044b2f42a3fd3b46fb255c",
		start: "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11",
		end:   "7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241e221af44860018ab0856972e194cd934",
	},
	{
		name: "RFC 9369", version: 0x6b3343cf,
		iv:    "91f73e2351d8fa91660e909f",
		start: "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485",
		end: "6f4c4938ae79324dc402894b44faf8afbab35282ab659d13c93f70412e85cb19" +
			"9a37ddec600545473cfb5a05e08d0b209973b2172b4d21fb69745a262ccde96ba18b2faa745b6fe189cf772a9f84cbfc",
	},
}

func TestInitialVectors(t *testing.T) {
	dcid := unhex(t, "8394c8f03e515708")
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			var k keys
			if !k.derive(schemeOf(v.version), v.version, makeConnID(dcid)) {
				t.Fatal("no keys")
			}
			if got := hex.EncodeToString(k.iv[:]); got != v.iv {
				t.Errorf("iv %s, want %s", got, v.iv)
			}
			packet := protect(t, v.version, dcid, dcid, 2, unhex(t, vectorFrame), 1200)
			if !bytes.HasPrefix(packet, unhex(t, v.start)) {
				t.Errorf("packet starts %x", packet[:40])
			}
			if !bytes.HasSuffix(packet, unhex(t, v.end)) {
				t.Errorf("packet ends %x", packet[len(packet)-48:])
			}
			n := NewNamer(Limits{})
			var out Found
			if !n.UDP(1, 443, packet, &out) || out.Host != "example.com" || out.Source != home.NameQUIC {
				t.Errorf("found %+v", out)
			}
			if s := n.Stats(); s.Flows != 0 {
				t.Errorf("the table was touched: %+v", s)
			}
		})
	}
}

// The server's Initial of RFC 9001 appendix A.3 is not the client's.
func TestServerInitialIgnored(t *testing.T) {
	b := unhex(t, "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a"+
		"5816b6394100f37a1c69797554780bb38cc5a99f5ede4cf73c3ec2493a1839b3"+
		"dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"+
		"022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc4"+
		"2158407dd074ee")
	n := NewNamer(Limits{})
	var out Found
	if n.UDP(1, 50000, b, &out) || n.Stats().Flows != 0 {
		t.Errorf("found %+v, %+v", out, n.Stats())
	}
}

func TestQUICInPieces(t *testing.T) {
	first, second := []byte("firstDID"), []byte("secondID0123")
	msg := clientHello("Cam.Example.COM", true, 1500)
	at := len(msg) / 2
	packet := func(v uint32, key, dcid []byte, pn uint32, frames []byte) []byte {
		return protect(t, v, key, dcid, pn, frames, 1200)
	}
	for _, version := range []uint32{1, 0x6b3343cf, 0x709a50c4, 0xff00001d, 0xff000022, 0xff00001b, 0x54303531} {
		a := packet(version, first, first, 0, crypto(msg, 0, at))
		b := packet(version, first, first, 1, crypto(msg, at, len(msg)))
		moved := packet(version, first, second, 1, crypto(msg, at, len(msg)))
		again := packet(version, second, second, 2, crypto(msg, 0, at))
		again2 := packet(version, second, second, 3, crypto(msg, at, len(msg)))
		mixed := append(crypto(msg, 600, at), append([]byte{1, 0, 0}, crypto(msg, 0, 620)...)...)
		cases := map[string][][]byte{
			"in order":         {a, b},
			"out of order":     {b, a},
			"twice":            {a, a, b},
			"coalesced":        {append(append([]byte(nil), a...), b...)},
			"server's new ID":  {a, moved},
			"after a Retry":    {a, again, again2},
			"shuffled frames":  {packet(version, first, first, 0, mixed), b},
			"with an ACK":      {packet(version, first, first, 0, append([]byte{2, 5, 0, 1, 0, 1, 1}, crypto(msg, 0, at)...)), b},
			"noise in between": {a, []byte{0x40, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18}, b},
		}
		for name, packets := range cases {
			n := NewNamer(Limits{})
			var out Found
			for i, p := range packets {
				got := n.UDP(7, 4433, p, &out)
				if want := i == len(packets)-1; got != want {
					t.Errorf("%08x %s: packet %d said %v", version, name, i, got)
				}
			}
			if out.Host != "cam.example.com" || !out.ECHOffered || out.ECH {
				t.Errorf("%08x %s: found %+v", version, name, out)
			}
			if s := n.Stats(); s.Flows != 0 || s.Bytes != 0 {
				t.Errorf("%08x %s: left over %+v", version, name, s)
			}
		}
	}
}

func TestQUICCutByCapture(t *testing.T) {
	id := []byte("12345678")
	p := protect(t, 1, id, id, 0, crypto(clientHello("cut.example", false, 500), 0, 600), 1200)
	n := NewNamer(Limits{})
	var out Found
	if !n.UDP(1, 443, p[:200], &out) || out.Host != "cut.example" {
		t.Errorf("found %+v", out)
	}
	if n.UDP(2, 443, p[:80], &out) {
		t.Errorf("a name out of nothing: %+v", out)
	}
}

func TestGoogleQUIC(t *testing.T) {
	msg := []byte("CHLO\x03\x00\x00\x00PAD\x00\x04\x00\x00\x00SNI\x00\x0f\x00\x00\x00UAID\x16\x00\x00\x00----www.example")
	msg = append(msg, "Chrome/5"...)
	msg[8+16+4] = byte(4 + 11 + 8)
	for name, head := range map[string]string{
		"Q043": "\x0d12345678Q043\x01abcdefghijkl\xa0\x01\x00\x04",
		"Q046": "\xc3Q046\x5012345678\x00\x00\x00\x01abcdefghijkl\xa0\x01\x00\x04",
	} {
		n := NewNamer(Limits{})
		var out Found
		if !n.UDP(1, 443, append([]byte(head), msg...), &out) || out.Host != "www.example" || out.Agent != "Chrome/5" {
			t.Errorf("%s: found %+v", name, out)
		}
	}
	n := NewNamer(Limits{})
	var out Found
	id := []byte("12345678")
	if !n.UDP(1, 443, protect(t, 0x51303530, id, id, 1, crypto(msg, 0, len(msg)), 1200), &out) || out.Host != "www.example" {
		t.Errorf("Q050: found %+v", out)
	}
}
