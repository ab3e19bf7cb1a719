package identity

import (
	"net/url"
	"strconv"
	"strings"

	"cardea/home"
)

// announce tells what a device says of itself, or looks for, by mDNS, SSDP and their kin.
func (t *teller) announce(a *home.Announce) {
	ssdp := a.Protocol == "ssdp"
	for _, s := range a.Services {
		switch {
		case a.Query:
			t.tell(ClueSeeks, s)
		case ssdp:
			t.tell(ClueSSDPType, s)
			if strings.Contains(s, ":device:") && !strings.HasPrefix(s, "urn:schemas-wifialliance-org:") {
				t.tell(ClueProduct, s)
			}
		default:
			t.tell(ClueService, s)
		}
	}
	if a.Query && !ssdp { // what it asks about are other devices' names
		return
	}
	for _, n := range a.Names {
		if !strings.HasSuffix(n, ".arpa") && !ssdp {
			t.tell(ClueAlias, strings.TrimSuffix(n, ".local"))
		}
	}
	for _, d := range a.Details {
		key, value, record := strings.Cut(d, "=")
		switch {
		case !ssdp && !record:
			t.tell(ClueModelText, d)
		case !ssdp:
			t.record(d, key, value)
		case strings.EqualFold(key, "server"):
			t.tell(ClueSSDPServer, value)
		case strings.EqualFold(key, "location"):
			t.location(value)
		case strings.EqualFold(key, "x-modelname"), strings.EqualFold(key, "model"), strings.EqualFold(key, "modelname"):
			t.tell(ClueModelText, d)
		case strings.EqualFold(key, "user-agent"):
			t.tell(ClueAgent, value)
		}
	}
}

// record tells a string of a TXT record (RFC 6763 section 6): its key and, where it names the product, its value.
func (t *teller) record(whole, key, value string) {
	t.tell(ClueText, key)
	if value == "" || len(key) > 16 {
		return
	}
	switch strings.ToLower(key) {
	case "manufacturer", "vendor", "mf", "usb_mfg":
		t.tell(ClueMakerText, whole)
	case "md", "model", "ty", "product", "usb_mdl", "am", "mdl", "devtype", "type", "ci", "model_number", "modelid", "modelname",
		"product_name", "dtype":
		t.tell(ClueModelText, whole)
	}
}

// location tells port and path of a description's address, not the host, which is the device's own address.
func (t *teller) location(value string) {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		return
	}
	t.buf = t.buf[:0]
	if p := u.Port(); len(p) < 5 { // a higher one may be drawn at random
		t.buf = append(t.buf, p...)
	}
	t.buf = append(t.buf, u.Path...)
	t.tell(ClueLocation, t.text())
}

// served tells what a server of the device said.
func (t *teller) served(s *home.Served) {
	t.tell(ClueSoftware, s.Software)
	for _, d := range s.Details {
		key, _, ok := strings.Cut(d, "=")
		if ok && key != "firmware" && key != "serial" {
			t.tell(ClueDescribed, d)
		}
	}
	if s.Protocol == "" {
		return
	}
	t.buf = append(append(t.buf[:0], s.Protocol...), '/')
	switch p := s.Flow.Dst.Port(); {
	case p >= highPort:
		t.buf = append(t.buf, "high"...)
	default:
		t.buf = strconv.AppendUint(t.buf, uint64(p), 10)
	}
	t.tell(ClueOffers, t.text())
}
