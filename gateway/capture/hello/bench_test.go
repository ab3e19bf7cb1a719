package hello

import "testing"

func BenchmarkWholeClientHello(b *testing.B) {
	n, msg := NewNamer(Limits{}), records(clientHello("www.example.com", true, 400), 16000)
	var out Found
	b.ReportAllocs()
	for b.Loop() {
		if !n.TCP(1, 1, false, msg, &out) {
			b.Fatal("not found")
		}
	}
}

func BenchmarkSplitClientHello(b *testing.B) {
	n, msg := NewNamer(Limits{}), records(clientHello("www.example.com", true, 1500), 16000)
	var out Found
	b.ReportAllocs()
	for b.Loop() {
		n.TCP(1, 0, true, nil, &out)
		n.TCP(1, 1, false, msg[:1400], &out)
		if !n.TCP(1, 1401, false, msg[1400:], &out) {
			b.Fatal("not found")
		}
	}
}

func BenchmarkNotOurs(b *testing.B) {
	n, payload := NewNamer(Limits{}), make([]byte, 1400)
	payload[0] = 0x17
	var out Found
	b.ReportAllocs()
	for b.Loop() {
		if n.TCP(1, 1, false, payload, &out) || n.UDP(2, 4500, payload, &out) {
			b.Fatal("found something")
		}
	}
}

func BenchmarkHTTP(b *testing.B) {
	n, msg := NewNamer(Limits{}), []byte("GET /x HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: cam/1.0\r\nAccept: */*\r\n\r\n")
	var out Found
	b.ReportAllocs()
	for b.Loop() {
		if !n.TCP(1, 1, false, msg, &out) {
			b.Fatal("not found")
		}
	}
}

// Each with another connection ID, so that keys are derived every time.
func BenchmarkQUICInitial(b *testing.B) {
	n, msg := NewNamer(Limits{}), clientHello("www.example.com", true, 400)
	var packets [16][]byte
	for i := range packets {
		id := []byte{1, 2, 3, 4, 5, 6, 7, byte(i)}
		packets[i] = protect(b, 1, id, id, 0, crypto(msg, 0, len(msg)), 1200)
	}
	var out Found
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if !n.UDP(uint64(i), 443, packets[i%16], &out) {
			b.Fatal("not found")
		}
	}
}
