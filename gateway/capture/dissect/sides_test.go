package dissect

import (
	"slices"
	"testing"

	"cardea/home"
)

// backwards is a frame from macB to macA.
func backwards(ip []byte) []byte { return cat(macA[:], macB[:], be16(etherIPv4), ip) }

func TestServedIsTheAnswerersWord(t *testing.T) {
	web := addrPort("192.168.1.30:80")
	answer := "HTTP/1.1 401 Unauthorized\r\nServer: GoAhead-Webs\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n"
	events := dissectAll(t, backwards(tcp(web, host, 9, ACK, []byte(answer))))
	if len(events) != 1 || events[0].Kind != home.EventServed || events[0].Source != macB {
		t.Fatalf("%+v", events)
	}
	s := events[0].Served
	if s.Protocol != "http" || s.Software != "GoAhead-Webs" || !slices.Equal(s.Details, []string{"realm=cam"}) ||
		s.Flow.Src != host || s.Flow.Dst != web || s.Flow.ID != home.FlowID(home.ProtoTCP, host, web) {
		t.Errorf("%+v", s)
	}
}

// The fact of a login is told, once, and nothing of it; Digest hides what it sends.
func TestCleartextLogins(t *testing.T) {
	for _, c := range []struct {
		port, data, want string
	}{
		{"192.168.1.30:80", "GET / HTTP/1.1\r\nHost: cam.example\r\nAuthorization: Basic YTpi\r\n\r\n", "http"},
		{"192.168.1.30:80", "GET / HTTP/1.1\r\nHost: 192.168.1.30\r\nauthorization:basic YTpi\r\n\r\n", "http"},
		{"192.168.1.30:80", "GET / HTTP/1.1\r\nHost: cam.example\r\nAuthorization: Digest username=x\r\n\r\n", ""},
		{"192.168.1.30:21", "USER root\r\n", "ftp"},
		{"192.168.1.30:1883", "\x10\x10\x00\x04MQTT\x04\xc2\x00\x3c\x00\x00\x00\x00\x00\x00", "mqtt"},
	} {
		var got []string
		for _, e := range dissectAll(t, etherIP(tcp(host, addrPort(c.port), 5, ACK, []byte(c.data)))) {
			if e.Kind == home.EventName && e.Name.Cleartext != "" {
				got = append(got, e.Name.Cleartext)
				if e.Name.Flow.Dst != addrPort(c.port) || e.Source != macA {
					t.Errorf("%+v", e)
				}
			}
		}
		if c.want == "" && got != nil || c.want != "" && !slices.Equal(got, []string{c.want}) {
			t.Errorf("%.20q: %q, want %q", c.data, got, c.want)
		}
	}
}

func TestMappings(t *testing.T) {
	router := addrPort("192.168.1.1:5351")
	ask := one(t, home.EventMapping, etherIP(udp(host, router, []byte{0, 2, 0, 0, 0, 80, 31, 144, 0, 0, 14, 16}))).Mapping
	if ask.Protocol != "nat-pmp" || ask.Addr != host.Addr() || ask.Internal != 80 || ask.External != 8080 || ask.Answer {
		t.Errorf("%+v", ask)
	}
	got := dissectAll(t, backwards(udp(router, host, []byte{0, 130, 0, 0, 0, 0, 0, 9, 0, 80, 31, 145, 0, 0, 14, 16})))
	if len(got) != 1 || got[0].Kind != home.EventMapping || !got[0].Mapping.Answer || got[0].Mapping.External != 8081 || got[0].Mapping.Addr != host.Addr() {
		t.Errorf("%+v", got)
	}
}

// A description that its connection breaks off is told at the connection's end, by who served it.
func TestServedAtTheEnd(t *testing.T) {
	web := addrPort("192.168.1.30:80")
	r := &recorder{}
	d := New(r)
	p := Packet{IsIP: true, Proto: home.ProtoTCP, TCPFlags: ACK, Src: web, Dst: host, Payload: []byte("HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n" +
		"<root xmlns='urn:schemas-upnp-org:device-1-0'><device><modelName>Socket</modelName><x>")}
	d.Packet(&p)
	id := home.FlowID(home.ProtoTCP, host, web)
	d.Finish(&home.Event{Source: macA, Dest: macB, Flow: &home.Flow{ID: id, Proto: home.ProtoTCP, Src: host, Dst: web}})
	if len(r.events) != 2 || r.events[1].Kind != home.EventServed || r.events[1].Source != macB || r.events[1].Served.Details[0] != "modelname=Socket" {
		t.Errorf("%+v", r.events)
	}
}

// A head that comes in several segments is told once it is there, or when its connection or the capture of it ends.
func TestServedInSegments(t *testing.T) {
	web := addrPort("192.168.1.30:80")
	all := "HTTP/1.1 401 Unauthorized\r\nServer: GoAhead-Webs\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n"
	cut := len("HTTP/1.1 401 Unauthorized\r\n")
	server := func(seq int, flags uint8, b string) []byte {
		return backwards(tcp(web, host, uint32(seq), flags, []byte(b)))
	}
	software := func(frames ...[]byte) (told []string) {
		for _, e := range dissectAll(t, frames...) {
			if e.Kind == home.EventServed {
				told = append(told, e.Served.Software)
			}
		}
		return told
	}
	if told := software(server(5, ACK, all[:cut]), server(5+cut, ACK, all[cut:])); !slices.Equal(told, []string{"GoAhead-Webs"}) {
		t.Errorf("%q", told)
	}
	if told := software(server(5, ACK, all[:cut]), server(5+cut, ACK|FIN, all[cut:len(all)-2])); !slices.Equal(told, []string{"GoAhead-Webs"}) {
		t.Errorf("with its end: %q", told)
	}
	r := &recorder{}
	New(r).Packet(&Packet{IsIP: true, Proto: home.ProtoTCP, TCPFlags: ACK, Src: web, Dst: host, Truncated: true, Payload: []byte(all[:cut+24])})
	if len(r.events) != 1 || r.events[0].Served.Software != "GoAhead-Webs" {
		t.Errorf("cut off: %+v", r.events)
	}
}

// Credentials may come in a later segment than their request's first line.
func TestBasicInSegments(t *testing.T) {
	web := addrPort("192.168.1.30:80")
	all := "GET / HTTP/1.1\r\nHost: 192.168.1.30\r\nAuthorization: Basic YTpi\r\n\r\n"
	for cut := len("GET "); cut < len(all); cut++ {
		told := 0
		for _, e := range dissectAll(t, etherIP(tcp(host, web, 4, SYN, nil)), etherIP(tcp(host, web, 5, ACK, []byte(all[:cut]))),
			etherIP(tcp(host, web, uint32(5+cut), ACK, []byte(all[cut:])))) {
			if e.Kind == home.EventName && e.Name.Cleartext == "http" {
				told++
			}
		}
		if told != 1 {
			t.Errorf("cut at %d: told %d times", cut, told)
		}
	}
}
