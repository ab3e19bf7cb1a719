package served

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

var (
	cam  = netip.MustParseAddr("192.168.1.20")
	tv   = netip.MustParseAddr("192.168.1.30")
	cam6 = netip.MustParseAddr("2001:db8::20")
)

func soap(action, args string) string {
	body := `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><u:` + action +
		` xmlns:u="urn:schemas-upnp-org:service:WANIPConnection:1">` + args + `</u:` + action + `></s:Body></s:Envelope>`
	return "POST /ctl/IPConn HTTP/1.1\r\nSOAPAction: \"urn:schemas-upnp-org:service:WANIPConnection:1#" + action + "\"\r\n\r\n" + body
}

const addArgs = "<NewRemoteHost></NewRemoteHost><NewExternalPort>8080</NewExternalPort><NewProtocol>TCP</NewProtocol>" +
	"<NewInternalPort>80</NewInternalPort><NewInternalClient>192.168.1.30</NewInternalClient><NewEnabled>1</NewEnabled>" +
	"<NewPortMappingDescription>Cam &lt;1&gt;\x1b</NewPortMappingDescription><NewLeaseDuration>3600</NewLeaseDuration>"

func TestSOAP(t *testing.T) {
	add := home.Mapping{Protocol: "upnp", Proto: home.ProtoTCP, External: 8080, Addr: tv, Internal: 80, Lifetime: time.Hour, Name: "Cam <1>"}
	own := add
	own.Addr = cam
	for _, c := range []struct {
		what, msg string
		want      home.Mapping
		ok        bool
	}{
		{"add", soap("AddPortMapping", addArgs), add, true},
		{"add any", soap("AddAnyPortMapping", addArgs), add, true},
		{"for a name instead of an address", soap("AddPortMapping", strings.Replace(addArgs, "192.168.1.30", "me", 1)), own, true},
		{"delete", soap("DeletePortMapping", "<NewExternalPort>8080</NewExternalPort><NewProtocol>udp</NewProtocol>"),
			home.Mapping{Protocol: "upnp", Proto: home.ProtoUDP, External: 8080, Addr: cam, Delete: true}, true},
		{"switched off", soap("AddPortMapping", strings.Replace(addArgs, "<NewEnabled>1", "<NewEnabled>0", 1)), home.Mapping{}, false},
		{"a port too large", soap("AddPortMapping", strings.Replace(addArgs, ">80<", ">65616<", 1)), home.Mapping{}, false},
		{"no protocol", soap("AddPortMapping", strings.Replace(addArgs, "TCP", "SCTP", 1)), home.Mapping{}, false},
		{"a look", soap("GetSpecificPortMappingEntry", addArgs), home.Mapping{}, false},
		{"no body", "POST / HTTP/1.1\r\nSOAPAction: x#AddPortMapping\r\n\r\n</Envelope>", home.Mapping{}, false},
		{"another request", "GET / HTTP/1.1\r\n\r\n", home.Mapping{}, false},
	} {
		for _, size := range []int{len(c.msg), 200, 131} { // whole, and in pieces
			var r Reader
			var m home.Mapping
			ok := false
			for at := 0; at < len(c.msg); at += size {
				ok = r.Ask(5, uint32(at), cam, []byte(c.msg[at:min(at+size, len(c.msg))]), &m) || ok
			}
			if ok != c.ok || ok && m != c.want {
				t.Errorf("%s in %d: %v %+v", c.what, size, ok, m)
			}
		}
	}
}

func TestSOAPAnswers(t *testing.T) {
	answer := func(status, body string) []byte {
		return []byte("HTTP/1.1 " + status + "\r\nContent-Type: text/xml\r\nServer: miniupnpd\r\n\r\n<s:Envelope><s:Body>" + body + "</s:Body></s:Envelope>")
	}
	for _, c := range []struct {
		what     string
		b        []byte
		refused  bool
		external uint16
	}{
		{"yes", answer("200 OK", "<u:AddPortMappingResponse></u:AddPortMappingResponse>"), false, 8080},
		{"another port", answer("200 OK", "<u:AddAnyPortMappingResponse><NewReservedPort>9000</NewReservedPort></u:AddAnyPortMappingResponse>"), false, 9000},
		{"no", answer("500 Internal Server Error", "<s:Fault><errorCode>718</errorCode></s:Fault>"), true, 8080},
	} {
		var r Reader
		var m home.Mapping
		var out home.Served
		if !r.Ask(5, 0, cam, []byte(soap("AddPortMapping", addArgs)), &m) || r.Granted(5, &m) {
			t.Fatal("not asked, or answered at once")
		}
		r.Answer(noon, 5, 5000, 0, c.b, &out)
		if r.Granted(6, &m) || !r.Granted(5, &m) || !m.Answer || m.Refused != c.refused || m.External != c.external || m.Internal != 80 || m.Name != "" {
			t.Errorf("%s: %+v", c.what, m)
		}
		if r.Granted(5, &m) || r.waiting != 0 {
			t.Errorf("%s: told twice", c.what)
		}
	}
}

func pmp(op byte, result, internal, external uint16, life uint32) []byte {
	b := []byte{0, op}
	b = binary.BigEndian.AppendUint16(b, result)
	if op&0x80 != 0 {
		b = append(b, 0, 0, 0, 9)
	}
	b = binary.BigEndian.AppendUint16(b, internal)
	b = binary.BigEndian.AppendUint16(b, external)
	return binary.BigEndian.AppendUint32(b, life)
}

func pcp(op, result, proto byte, life uint32, client netip.Addr, internal, external uint16, options ...byte) []byte {
	b := []byte{2, op, 0, result}
	b = binary.BigEndian.AppendUint32(b, life)
	a := client.As16()
	if op&0x80 != 0 {
		a = [16]byte{}
	}
	b = append(append(b, a[:]...), make([]byte, 12)...)
	b = append(b, proto, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, internal)
	b = binary.BigEndian.AppendUint16(b, external)
	return append(append(b, make([]byte, 16)...), options...)
}

func TestPCP(t *testing.T) {
	third := append([]byte{1, 0, 0, 16}, cam6.AsSlice()...)
	other := []byte{3, 0, 0, 1, 9, 0, 0, 0}
	for _, c := range []struct {
		what string
		b    []byte
		want home.Mapping
		ok   bool
	}{
		{"NAT-PMP", pmp(2, 0, 80, 8080, 7200), home.Mapping{Protocol: "nat-pmp", Proto: 6, External: 8080, Internal: 80, Addr: tv, Lifetime: 2 * time.Hour}, true},
		{"its answer", pmp(0x81, 0, 80, 8081, 60), home.Mapping{Protocol: "nat-pmp", Proto: 17, External: 8081, Internal: 80, Addr: tv, Lifetime: time.Minute, Answer: true}, true},
		{"its refusal", pmp(0x82, 2, 80, 0, 0), home.Mapping{Protocol: "nat-pmp", Proto: 6, Internal: 80, Addr: tv, Answer: true, Refused: true}, true},
		{"a short refusal", []byte{0, 0x82, 0, 3, 0, 0, 0, 1}, home.Mapping{Protocol: "nat-pmp", Proto: 6, Addr: tv, Answer: true, Refused: true}, true},
		{"its end", pmp(2, 0, 80, 0, 0), home.Mapping{Protocol: "nat-pmp", Proto: 6, Internal: 80, Addr: tv, Delete: true}, true},
		{"the address", []byte{0, 0}, home.Mapping{}, false},
		{"NAT-PMP cut", pmp(2, 0, 80, 8080, 7200)[:11], home.Mapping{}, false},
		{"PCP", pcp(1, 0, 6, 3600, cam, 80, 8080), home.Mapping{Protocol: "pcp", Proto: 6, External: 8080, Internal: 80, Addr: cam, Lifetime: time.Hour}, true},
		{"for another", pcp(1, 0, 17, 60, cam, 80, 0, append(other, third...)...), home.Mapping{Protocol: "pcp", Proto: 17, Internal: 80, Addr: cam6, Lifetime: time.Minute}, true},
		{"its answer", pcp(0x81, 0, 6, 60, cam, 80, 8080), home.Mapping{Protocol: "pcp", Proto: 6, External: 8080, Internal: 80, Addr: tv, Lifetime: time.Minute, Answer: true}, true},
		{"its refusal", pcp(0x81, 2, 6, 1800, cam, 80, 8080), home.Mapping{Protocol: "pcp", Proto: 6, External: 8080, Internal: 80, Addr: tv, Lifetime: 30 * time.Minute, Answer: true, Refused: true}, true},
		{"PCP's end", pcp(1, 0, 6, 0, cam6, 80, 0), home.Mapping{Protocol: "pcp", Proto: 6, Internal: 80, Addr: cam6, Delete: true}, true},
		{"PCP PEER", pcp(2, 0, 6, 60, cam, 80, 8080), home.Mapping{}, false},
		{"PCP cut", pcp(1, 0, 6, 60, cam, 80, 8080)[:59], home.Mapping{}, false},
		{"another version", []byte{1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, home.Mapping{}, false},
	} {
		var m home.Mapping
		if ok := ParsePCP(c.b, tv, &m); ok != c.ok || ok && m != c.want {
			t.Errorf("%s: %v %+v", c.what, ok, m)
		}
	}
}
