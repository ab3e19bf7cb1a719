package served

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"cardea/home"
)

func clean(t *testing.T, s string) {
	t.Helper()
	if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		t.Fatalf("unclean %q", s)
	}
}

// FuzzReader plays segments of both sides; the bytes say how long each is and whose.
func FuzzReader(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nServer: x\r\n\r\n"+description), uint16(80), uint8(90), true)
	f.Add([]byte(soap("AddPortMapping", addArgs)), uint16(5000), uint8(200), false)
	f.Add([]byte("HTTP/1.1 401 x\r\nWWW-Authenticate: Basic realm=\"\xff\x00\"\r\n\r\n"), uint16(80), uint8(255), true)
	f.Add(serverHello(0x0303, 32, 0, 43, 0, 2, 3, 4), uint16(443), uint8(255), true)
	f.Add([]byte("\xff\xfd\x18\xff\xfa\x18\r\nlogin: "), uint16(23), uint8(6), true)
	f.Add([]byte("\x10\x10\x00\x04MQTT\x04\xc2\x00\x3c"), uint16(1883), uint8(255), false)
	f.Add([]byte("DESCRIBE rtsp://x RTSP/1.0\r\nAuthorization: Basic x\r\n"), uint16(554), uint8(255), false)
	f.Add([]byte("220 ftp\r\nUSER a\r\nPASS b\r\n"), uint16(21), uint8(9), true)
	f.Fuzz(func(t *testing.T, b []byte, port uint16, size uint8, fromServer bool) {
		var r Reader
		var out home.Served
		var m home.Mapping
		logins := 0
		for seq := uint32(0); len(b) > 0; {
			n := min(len(b), 1+int(size))
			part := b[:n]
			b = b[n:]
			if fromServer && r.Answer(noon, 1, port, seq, part, &out) {
				clean(t, out.Software)
				if out.Protocol == "" || len(out.Details) > maxDetails {
					t.Fatalf("%+v", out)
				}
				for _, d := range out.Details {
					clean(t, d)
				}
			}
			if r.Granted(1, &m) && !m.Answer {
				t.Fatalf("%+v", m)
			}
			if !fromServer && r.Ask(1, seq, cam, part, &m) {
				clean(t, m.Name)
				if !m.Addr.IsValid() || m.Proto != home.ProtoTCP && m.Proto != home.ProtoUDP {
					t.Fatalf("%+v", m)
				}
			}
			if !fromServer && r.Login(1, port, part) != "" {
				logins++
			}
			seq += uint32(n)
			fromServer = fromServer != (size&1 == 1)
		}
		if logins > 1 {
			t.Fatal("a login told twice")
		}
		r.Finish(1, &out)
		if r.open != 0 || r.waiting != 0 || r.held != 0 {
			t.Fatalf("left over: %d %d %d", r.open, r.waiting, r.held)
		}
	})
}

func FuzzPCP(f *testing.F) {
	f.Add(pmp(2, 0, 80, 8080, 7200))
	f.Add(pcp(1, 0, 6, 3600, cam, 80, 8080, 1, 0, 0, 16))
	f.Fuzz(func(t *testing.T, b []byte) {
		var m home.Mapping
		if ParsePCP(b, cam, &m) && (!m.Addr.IsValid() || m.Proto != home.ProtoTCP && m.Proto != home.ProtoUDP) {
			t.Fatalf("%+v", m)
		}
	})
}
