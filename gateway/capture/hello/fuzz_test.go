package hello

import (
	"encoding/binary"
	"testing"

	"cardea/home"
)

func checkFound(t *testing.T, ok bool, out *Found) {
	t.Helper()
	if !ok {
		return
	}
	if clean, good := home.CleanName(out.Host); out.Host != "" && (!good || clean != out.Host) || len(out.Agent) > maxAgent {
		t.Fatalf("found %+v", out)
	}
	if out.Host == "" && out.Agent == "" && out.JA4 == "" && out.TLS == 0 && !out.Basic || out.Source == 0 {
		t.Fatalf("found nothing: %+v", out)
	}
	if out.JA4 != "" && len(out.JA4) != len("t13d1516h2_8daaf6152771_e5627efa2ab1") || out.TLS != 0 && !knownVersion(out.TLS) {
		t.Fatalf("unclean: %+v", out)
	}
}

// FuzzTCP reads its input as segments: two bytes of offset, two of length, then bytes.
func FuzzTCP(f *testing.F) {
	seg := func(off int, b []byte) []byte {
		return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, uint16(off)), uint16(len(b))), b...)
	}
	b := records(clientHello("seed.example", true, 50), 60)
	f.Add(seg(0, b))
	f.Add(append(seg(100, b[100:]), seg(0, b[:100])...))
	f.Add(seg(0, []byte("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\nUser-Agent: c\r\n\r\n")))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := NewNamer(Limits{Flows: 2, Bytes: 8 << 10, FlowBytes: 4 << 10})
		var out Found
		n.TCP(1, 0, true, nil, &out)
		for len(in) >= 4 {
			off, size := binary.BigEndian.Uint16(in), int(binary.BigEndian.Uint16(in[2:]))
			in = in[4:]
			size = min(size, len(in))
			checkFound(t, n.TCP(1, 1+uint32(off), false, in[:size], &out), &out)
			in = in[size:]
		}
		checkFound(t, n.Finish(1, &out), &out)
		if n.Stats().Flows != 0 || n.Stats().Bytes != 0 {
			t.Fatalf("left over %+v", n.Stats())
		}
	})
}

// FuzzUDP reads its input as datagrams, each after two bytes of length.
func FuzzUDP(f *testing.F) {
	id := []byte("12345678")
	msg := clientHello("seed.example", true, 50)
	gram := func(b []byte) []byte { return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...) }
	f.Add(gram(protect(f, 1, id, id, 0, crypto(msg, 0, len(msg)), 1200)))
	f.Add(append(gram(protect(f, 1, id, id, 0, crypto(msg, 9, len(msg)), 1200)), gram(protect(f, 1, id, id, 0, crypto(msg, 0, 9), 1200))...))
	f.Add(gram(dtlsRecords("seed.example", 1000)[0]))
	f.Add(gram([]byte("\x0d12345678Q043\x01abcdefghijkl\xa0\x01\x00\x04CHLO\x01\x00\x00\x00SNI\x00\x09\x00\x00\x00a.example")))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := NewNamer(Limits{Flows: 2, Bytes: 8 << 10, FlowBytes: 4 << 10})
		var out Found
		for len(in) >= 2 {
			size := min(int(binary.BigEndian.Uint16(in)), len(in)-2)
			checkFound(t, n.UDP(1, 443, in[2:2+size], &out), &out)
			in = in[2+size:]
		}
		checkFound(t, n.Finish(1, &out), &out)
	})
}

// FuzzFrames reads what stands behind the encryption, which a fuzzer does not get past.
func FuzzFrames(f *testing.F) {
	msg := clientHello("seed.example", true, 50)
	f.Add(crypto(msg, 0, len(msg)))
	f.Add(append([]byte{3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0}, crypto(msg, 0, len(msg))...))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := NewNamer(Limits{})
		var s stream
		var out Found
		if cryptoFrames(in, &s, 4096); len(s.prefix()) > 0 {
			checkFound(t, n.cryptoStream(s.prefix(), true, &out) == found, &out)
		}
		checkFound(t, n.dtlsMessage(append(in, 0), len(in), true, &out) == found, &out)
	})
}

func FuzzHTTP(f *testing.F) {
	f.Add([]byte("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		n := NewNamer(Limits{})
		var out Found
		if len(in) > 0 {
			checkFound(t, n.httpBytes(in, true, &out) == found, &out)
		}
	})
}
