package served

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"cardea/home"
)

// serverHello makes a record with a ServerHello that has these extensions.
func serverHello(version uint16, session int, ext ...byte) []byte {
	body := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 32)...)
	body = append(append(body, byte(session)), make([]byte, session)...)
	body = append(body, 0x13, 1, 0)
	if ext != nil {
		body = append(append(body, byte(len(ext)>>8), byte(len(ext))), ext...)
	}
	msg := append([]byte{2, 0, byte(len(body) >> 8), byte(len(body))}, body...)
	return append([]byte{22, 3, 3, byte(len(msg) >> 8), byte(len(msg))}, msg...)
}

func TestServerHello(t *testing.T) {
	whole := serverHello(0x0303, 32, 0, 51, 0, 2, 0, 29, 0, 43, 0, 2, 3, 4)
	for _, c := range []struct {
		what string
		b    []byte
		want uint16
	}{
		{"TLS 1.3", whole, 0x0304},
		{"TLS 1.3, a draft", serverHello(0x0303, 0, 0, 43, 0, 2, 0x7f, 0x1c), 0x0304},
		{"TLS 1.2", serverHello(0x0303, 32, 0, 23, 0, 0), 0x0303},
		{"TLS 1.2 without extensions", serverHello(0x0303, 0), 0x0303},
		{"TLS 1.0", serverHello(0x0301, 32), 0x0301},
		{"SSL 3.0", serverHello(0x0300, 32), 0x0300},
		{"cut within its extensions", whole[:len(whole)-3], 0},
		{"of no version", serverHello(0x0303, 0, 0, 43, 0, 2, 9, 9), 0},
		{"a ClientHello", append([]byte{22, 3, 3, 0, 80, 1}, make([]byte, 80)...), 0},
		{"data", []byte{23, 3, 3, 0, 1, 2}, 0},
	} {
		var r Reader
		var out home.Served
		ok := r.Answer(noon, 1, 443, 1, c.b, &out)
		if ok != (c.want != 0) || ok && (out.TLS != c.want || out.Protocol != "tls") {
			t.Errorf("%s: %v %+v", c.what, ok, out)
		}
	}
}

// step is one segment of a conversation; what it gives stands behind it.
type step struct{ who, data, want string }

// talkOf plays a conversation with a server's port and says what each segment gave.
func play(t *testing.T, port uint16, steps []step) {
	t.Helper()
	var r Reader
	seq := map[string]uint32{}
	for i, s := range steps {
		got := ""
		var out home.Served
		b := []byte(s.data)
		if s.who == "server" {
			if r.Answer(noon, 7, port, seq[s.who], b, &out) {
				got = strings.TrimSpace(fmt.Sprintf("%s %s %s", out.Protocol, out.Software, strings.Join(out.Details, ";")))
			}
		} else {
			got = r.Login(7, port, b)
		}
		seq[s.who] += uint32(len(b))
		if got != s.want {
			t.Errorf("%d %s %.30q gave %q, want %q", i, s.who, s.data, got, s.want)
		}
	}
}

func TestBanners(t *testing.T) {
	play(t, 22, []step{{"server", "SSH-2.0-dropbear_2019.78\r\nrest", "ssh SSH-2.0-dropbear_2019.78"}, {"server", "SSH-2.0-dropbear_2019.78\r\n", ""}})
	play(t, 21, []step{{"server", "220 (vsFTPd 2.0.5)\r\n", "ftp (vsFTPd 2.0.5)"}, {"client", "USER admin\r\n", "ftp"}, {"client", "PASS x\r\n", ""}})
	play(t, 8021, []step{{"server", "220-Welcome to Pure-FTPd\r\n220 ok", "ftp Welcome to Pure-FTPd"}, {"client", "user admin", "ftp"}})
	play(t, 21, []step{{"client", "USER anonymous\r\n", ""}, {"client", "PASS me@example.org\r\n", ""}})
	play(t, 6667, []step{{"client", "PASS x\r\n", ""}, {"client", "USER guest 0 * :name\r\n", ""}})
	play(t, 2525, []step{{"server", "220 mx.example.org ESMTP\r\n", ""}, {"client", "AUTH PLAIN AGEAYg==\r\n", "smtp"}})
	play(t, 587, []step{{"client", "AUTH CRAM-MD5\r\n", ""}, {"client", "auth login\r\n", "smtp"}})
	play(t, 8110, []step{{"server", "+OK ready\r\n", ""}, {"client", "APOP a b\r\n", ""}, {"client", "USER a\r\n", "pop3"}, {"client", "PASS b\r\n", ""}})
	play(t, 143, []step{{"client", "a1 CAPABILITY\r\n", ""}, {"client", "a2 LOGIN a b\r\n", "imap"}})
	play(t, 8143, []step{{"server", "* OK IMAP4\r\n", ""}, {"client", "x AUTHENTICATE PLAIN AGEAYg==\r\n", "imap"}})
}

func TestHTTP(t *testing.T) {
	answer := "HTTP/1.1 401 Unauthorized\r\nServer: uc-httpd 1.0.0\r\nWWW-Authenticate: Basic realm=\"IP Camera\", x=1\r\n\r\n"
	play(t, 80, []step{{"server", answer, "http uc-httpd 1.0.0 realm=IP Camera"}, {"server", answer, ""},
		{"server", "HTTP/1.1 200 OK\r\nSERVER:nginx\x1b[1m\r\n\r\n", "http nginx[1m"}})
	play(t, 80, []step{{"server", "HTTP/1.0 200 OK\r\n\r\n", "http"}, {"server", "HTTP/1.1 999\r\n", ""}, {"server", "HTTP/1.", ""}})
	play(t, 554, []step{{"client", "DESCRIBE rtsp://10.0.0.1/ RTSP/1.0\r\nCSeq: 2\r\nAuthorization: Digest x\r\n\r\n", ""},
		{"server", "RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nServer: Hipcam RealServer/V1.0\r\nWWW-Authenticate: Digest realm=HipcamRealServer\r\n\r\n",
			"rtsp Hipcam RealServer/V1.0 realm=HipcamRealServer"},
		{"client", "DESCRIBE rtsp://10.0.0.1/ RTSP/1.0\r\nCSeq: 3\r\nauthorization:  Basic YTpi\r\n\r\n", "rtsp"}})
}

func TestTelnet(t *testing.T) {
	play(t, 23, []step{
		{"server", "\xff\xfd\x18\xff\xfb\x01\xff\xfa\x18\x01\xff\xf0", "telnet"},
		{"client", "\xff\xfb\x18", ""},
		{"server", "\r\nBusyBox v1.1\r\n\r\nIPCAM login: ", "telnet BusyBox v1.1 IPCAM login:"},
		{"client", "r", "telnet"},
		{"server", "r", ""},
		{"client", "oot\r\n", ""},
		{"server", "Password: ", ""},
		{"client", "secret\r\n", ""},
		{"server", "# cat /etc/passwd\r\nroot:x:0", ""},
	})
	// Nobody asked, so nobody logs in; and what a session shows is not a banner.
	play(t, 2323, []step{{"client", "help\r\n", ""}, {"server", "menu 1 2 3\r\n", "telnet menu 1 2 3"}, {"client", "1\r\n", ""}})
	play(t, 9999, []step{{"server", "login: ", ""}, {"client", "root", ""}})
}

func TestMQTT(t *testing.T) {
	connect := func(name string, flags byte) string {
		body := fmt.Sprintf("\x00%c%s\x04%c\x00\x3c\x00\x02id", len(name), name, 0) // the flags' place is a NUL
		b := []byte(body)
		b[2+len(name)+1] = flags
		return "\x10" + string(rune(len(b))) + string(b)
	}
	play(t, 1883, []step{{"client", connect("MQTT", 0x02), ""}, {"client", connect("MQTT", 0xc2), "mqtt"}, {"client", connect("MQTT", 0xc2), ""}})
	play(t, 1884, []step{{"client", connect("MQIsdp", 0x82), "mqtt"}})
	play(t, 1883, []step{{"client", connect("QTTM", 0xc2), ""}, {"client", "\x10\xff\xff\xff\xff\xff", ""}, {"client", "\x10", ""}})
}

const description = `<?xml version="1.0"?><root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major></specVersion>` +
	`<device><deviceType>urn:Belkin:device:controllee:1</deviceType><friendlyName>Tom &amp; Ann&apos;s lamp</friendlyName>` +
	`<manufacturer>Belkin International Inc.</manufacturer><modelDescription>Belkin Plugin Socket 1.0</modelDescription>` +
	`<modelName>Socket</modelName><modelNumber>1.0</modelNumber><serialNumber>221319K1200123</serialNumber>` +
	`<firmwareVersion>WeMo_WW_2.00.2769.PVT</firmwareVersion><iconList/><deviceList><device><modelName>Other</modelName></device></deviceList></device></root>`

var described1 = []string{"devicetype=urn:Belkin:device:controllee:1", "friendlyname=Tom & Ann's lamp", "manufacturer=Belkin International Inc.",
	"modeldescription=Belkin Plugin Socket 1.0", "modelname=Socket", "modelnumber=1.0", "firmware=WeMo_WW_2.00.2769.PVT"}

// A description comes in one segment or in many, cut anywhere, some of them twice.
func TestDescription(t *testing.T) {
	all := "HTTP/1.1 200 OK\r\nSERVER: Unspecified, UPnP/1.0, Unspecified\r\nContent-Type: text/xml\r\n\r\n" + description
	head := strings.Index(all, "<?xml")
	for size := head + 1; size <= len(all); size += 7 {
		var r Reader
		var out home.Served
		var got []string
		seq := uint32(0xffffff00) // it wraps
		for at := 0; at < len(all); at += size {
			part := []byte(all[at:min(at+size, len(all))])
			for range 2 {
				if r.Answer(noon, 3, 49153, seq, part, &out) && out.Protocol == "upnp" {
					got = append(got, out.Details...)
					if out.Software != "Unspecified, UPnP/1.0, Unspecified" {
						t.Fatal(out.Software)
					}
				}
			}
			seq += uint32(len(part))
		}
		if !slices.Equal(got, described1) {
			t.Fatalf("in pieces of %d: %q", size, got)
		}
		if r.open != 0 {
			t.Fatal("left open")
		}
	}
}

// What a description told before it broke off is told when the connection ends, or at the hole.
func TestDescriptionBreaksOff(t *testing.T) {
	all := "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" + description
	cut := strings.Index(all, "<modelNumber>")
	var r Reader
	var out home.Served
	r.Answer(noon, 3, 80, 0, []byte(all[:cut]), &out)
	if !r.Finish(3, &out) || !slices.Equal(out.Details, described1[:5]) || r.open != 0 {
		t.Errorf("at the end: %+v", out)
	}
	r.Answer(noon, 4, 80, 0, []byte(all[:cut]), &out)
	if !r.Answer(noon, 4, 80, uint32(cut+100), []byte(all[cut+100:]), &out) || !slices.Equal(out.Details, described1[:5]) || r.open != 0 {
		t.Errorf("at a hole: %+v", out)
	}
	for i := range uint64(100) { // many at once push out the oldest, no more
		r.Answer(noon, i, 80, 0, []byte(all[:cut]), &out)
	}
	if r.open != documents {
		t.Errorf("%d open", r.open)
	}
	for i := range uint64(100) {
		r.Forget(i)
	}
	if r.open != 0 {
		t.Errorf("%d open after all", r.open)
	}
}

// Other XML, and a description without end, tell nothing or what fits.
func TestOtherXML(t *testing.T) {
	var r Reader
	var out home.Served
	if r.Answer(noon, 1, 80, 0, []byte("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<feed><modelName>x</modelName></root>"), &out) && out.Protocol != "http" {
		t.Errorf("%+v", out)
	}
	long := "HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n<root xmlns='urn:schemas-upnp-org:device-1-0'><modelName>Big</modelName>"
	r.Answer(noon, 2, 80, 0, []byte(long), &out)
	for seq, n := uint32(len(long)), 0; !r.Answer(noon, 2, 80, seq, []byte(strings.Repeat("<x>y</x>", 100)), &out); seq += 800 {
		if n++; n > 100 {
			t.Fatal("without end")
		}
	}
	if !slices.Equal(out.Details, []string{"modelname=Big"}) {
		t.Errorf("%+v", out)
	}
}

// What is none of ours costs nothing, and neither does what was told already.
func TestOthersCostNothing(t *testing.T) {
	var r Reader
	var out home.Served
	var m home.Mapping
	seen := []byte("HTTP/1.1 200 OK\r\nServer: x\r\n\r\nbody")
	r.Answer(noon, 9, 80, 0, seen, &out)
	r.Answer(noon, 10, 80, 0, seen[:20], &out) // somebody else's head is not there yet
	data, text := []byte("\x17\x03\x03\x00\x20abcdefgh"), []byte("hello there")
	if n := testing.AllocsPerRun(100, func() {
		for _, b := range [][]byte{data, text, seen} {
			if r.Answer(noon, 9, 80, 0, b, &out) || r.Login(9, 80, b) != "" || r.Ask(9, 0, netip.Addr{}, b, &m) || r.Granted(9, &m) {
				t.Fatal("told")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
