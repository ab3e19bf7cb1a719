package exposure

import (
	"strings"

	"cardea/home"
)

// text is a version or a name that a device told of itself. Untrusted: it is matched, and shown in evidence only.
type text struct {
	kind  uint8
	first uint32
	last  uint32
	value string
}

// Kinds of text.
const (
	textSoftware = iota + 1 // what a server says it is: "lighttpd/1.4.35", "SSH-2.0-dropbear_2012.55"
	textFirmware            // a firmware's version
	textSystem              // a system and its version, told in its own setup: "android-dhcp-9"
	textAgent               // the same from an HTTP User-Agent, which any program may write
	textProduct             // what it says its model is
	textMaker               // what it says its maker is
)

// tell remembers a text. It takes the place of one of its kind that differs by its numbers only: a newer version. A full
// device forgets the one that was not told for the longest time.
func (d *device) tell(kind uint8, s string, at uint32) {
	s = printable(s, maxText)
	if s == "" {
		return
	}
	stem := stemOf(s)
	for i := range d.texts {
		t := &d.texts[i]
		if t.kind != kind || stemOf(t.value) != stem && kind != textMaker && kind != textFirmware {
			continue
		}
		if t.value == s {
			t.last = max(t.last, at)
		} else if at >= t.last {
			if kind == textFirmware || kind == textSystem || kind == textSoftware {
				d.was = string(rune(kind)) + t.value
			}
			*t = text{kind: kind, first: at, last: at, value: strings.Clone(s)}
		}
		return
	}
	fresh := text{kind: kind, first: at, last: at, value: strings.Clone(s)}
	if len(d.texts) < maxTexts {
		d.texts = append(grow(d.texts), fresh)
		return
	}
	least := 0
	for i := range d.texts {
		if d.texts[i].last < d.texts[least].last {
			least = i
		}
	}
	d.texts[least] = fresh
}

// stemOf is a text up to its first number: what a newer version has in common with it.
func stemOf(s string) string {
	if i := strings.IndexFunc(s, isDigit); i > 0 {
		return s[:i]
	}
	return s
}

// keys of details that tell a version or a name. What else devices announce is their own affair.
var detailKinds = map[string]uint8{
	"fw": textFirmware, "fv": textFirmware, "firmware": textFirmware, "fwversion": textFirmware, "fw_version": textFirmware, "fwver": textFirmware,
	"srcvers": textSoftware, "server": textSoftware, "osvers": textSystem, "ov": textSystem,
	"modelname": textProduct, "modelnumber": textProduct, "md": textProduct, "model": textProduct, "ty": textProduct, "usb_mdl": textProduct,
	"product": textProduct, "mdl": textProduct, "manufacturer": textMaker, "usb_mfg": textMaker, "mfg": textMaker, "vendor": textMaker,
}

func (d *device) detail(s string, at uint32) {
	key, v, ok := strings.Cut(s, "=")
	key = strings.ToLower(key)
	kind := detailKinds[key]
	if !ok || kind == 0 || v == "" {
		return
	}
	switch key {
	case "srcvers": // AirPlay's own version
		v = "AirPlay " + v
	case "osvers", "ov":
		v = d.appleSystem() + " " + v
	case "product", "modelname", "ty", "md", "model", "usb_mdl", "mdl":
		v = strings.Trim(v, "()")
	}
	d.tell(kind, v, at)
}

// appleSystem names the system whose version AirPlay tells, by the hardware's name.
func (d *device) appleSystem() string {
	for _, t := range d.texts {
		if t.kind != textProduct {
			continue
		}
		for prefix, name := range map[string]string{"AppleTV": "tvOS", "iPhone": "iOS", "iPad": "iPadOS", "Watch": "watchOS"} {
			if strings.HasPrefix(t.value, prefix) {
				return name
			}
		}
	}
	return "system"
}

func (b *Book) announce(o *home.Observation) {
	a := o.Announce
	if o.Device == nil || a.Query || len(a.Details) == 0 {
		return
	}
	at := seconds(o.Time)
	d := b.of(o.Device.ID, at)
	for pass := range 2 { // the model first: it says whose version another detail is
		for _, s := range a.Details {
			if key, _, _ := strings.Cut(s, "="); (detailKinds[strings.ToLower(key)] == textProduct) == (pass == 0) {
				d.detail(s, at)
			}
		}
	}
}

// lease: Android tells its version in the DHCP vendor class, by itself and each time.
func (b *Book) lease(o *home.Observation) {
	l := o.Lease
	if o.Device == nil || l.Server || !strings.HasPrefix(l.Vendor, "android-dhcp-") {
		return
	}
	at := seconds(o.Time)
	b.of(o.Device.ID, at).tell(textSystem, l.Vendor, at)
}

// system takes a system and its version out of a User-Agent; "" when there is none that is known here.
func system(agent string) string {
	lower := strings.ToLower(agent)
	for _, s := range []struct{ word, name, with string }{
		{"cpu iphone os", "iOS", "("}, {"cpu os", "iPadOS", "(ipad"}, {"android", "Android", "(linux;"}, {routerOS, "RouterOS", ""}, {"openwrt", "OpenWrt", ""},
	} {
		if v := versionAfter(lower, s.word); v != "" && strings.Contains(lower, s.with) {
			return s.name + " " + v
		}
	}
	return ""
}

// printable makes text from outside one short line of plain ASCII, without what could be markup.
func printable(s string, n int) string {
	out := make([]byte, 0, min(len(s), n))
	for _, r := range s {
		if len(out) >= n {
			break
		}
		switch {
		case r == '<' || r == '>' || r == '`':
			out = append(out, '?')
		case r >= ' ' && r <= '~':
			if r == ' ' && (len(out) == 0 || out[len(out)-1] == ' ') {
				continue
			}
			out = append(out, byte(r))
		case r == '\t' || r == '\n' || r == '\r':
			if len(out) > 0 && out[len(out)-1] != ' ' {
				out = append(out, ' ')
			}
		default:
			out = append(out, '?')
		}
	}
	return strings.TrimRight(string(out), " ")
}
