package dissect

import (
	"bytes"
	"strings"

	"cardea/home"
)

// ssdpDetails are the headers that tell something about a device (UPnP Device Architecture 2.0 sections 1.2 and 1.3, and
// what makers add).
var ssdpDetails = [...]string{"server", "location", "usn", "nts", "user-agent", "x-user-agent", "hue-bridgeid",
	"securelocation.upnp.org", "bootid.upnp.org", "wakeup", "myname", "device-group.roku.com", "x-rincon-household",
	"x-rincon-variant", "x-modelname", "x-friendly-name", "model", "modelname", "fw_ver", "application-url",
	"man", "cpfn.upnp.org", "deviceid.ses.com", "st.friendlyname"}

// looksSSDP says whether a datagram is a NOTIFY, a search or an answer to one.
func looksSSDP(b []byte) bool {
	return bytes.HasPrefix(b, []byte("NOTIFY * HTTP/1.")) || bytes.HasPrefix(b, []byte("M-SEARCH * HTTP/1.")) || bytes.HasPrefix(b, []byte("HTTP/1.1 200 OK")) ||
		bytes.HasPrefix(b, []byte("HTTP/1.0 200 OK"))
}

// parseSSDP reads an SSDP message into a; false if it is none or says nothing. Of a search Services are what it looks for.
func parseSSDP(b []byte, a *home.Announce) bool {
	if !looksSSDP(b) {
		return false
	}
	reuse(a, "ssdp")
	a.Query = b[0] == 'M'
	ssdp := a.Query || b[0] == 'N'
	_, b, _ = bytes.Cut(b, []byte{'\n'})
	for lines := 0; len(b) > 0 && lines < 64; lines++ {
		var line []byte
		line, b, _ = bytes.Cut(b, []byte{'\n'})
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		key, value, ok := bytes.Cut(line, []byte{':'})
		if !ok || len(key) > maxLabel {
			continue
		}
		ssdp = ssdpHeader(a, strings.ToLower(text(key, maxLabel)), value) || ssdp
	}
	return ssdp && len(a.Services)+len(a.Details) > 0
}

// ssdpHeader takes one header; true for those that only SSDP has.
func ssdpHeader(a *home.Announce, key string, value []byte) bool {
	switch key {
	case "nt", "st":
		v := text(value, maxText)
		if v != "" && !strings.HasPrefix(v, "uuid:") && len(a.Services) < maxPieces {
			a.Services = append(a.Services, v)
		}
		return true
	case "usn":
	default:
		known := false
		for _, d := range ssdpDetails {
			known = known || d == key
		}
		if !known {
			return false
		}
	}
	if v := text(value, maxText-len(key)-1); v != "" && len(a.Details) < maxPieces {
		a.Details = append(a.Details, key+"="+v)
	}
	return key == "usn"
}

// reuse empties a but keeps its slices' memory.
func reuse(a *home.Announce, protocol string) {
	*a = home.Announce{
		Protocol: protocol, Names: a.Names[:0], Services: a.Services[:0], Details: a.Details[:0], Addrs: a.Addrs[:0],
	}
}
