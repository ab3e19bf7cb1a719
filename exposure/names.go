package exposure

import (
	"slices"
	"strings"

	"cardea/exposure/eol"
	"cardea/home"
)

const (
	maxKey   = 48              // bytes of a compact name
	routerOS = "router" + "os" // MikroTik's system, in one word
)

// maker is how a maker is told from its many names. exact: the name is too short to be looked for inside others.
type maker struct {
	name  string
	exact bool
}

// makers are makers of things for homes, by what all of their names have in common.
var makers = []maker{
	{"hikvision", false}, {"dahua", false}, {"dlink", false}, {"tplink", false}, {"netgear", false}, {"linksys", false}, {"belkin", false},
	{"zyxel", false}, {"draytek", false}, {"mikrotik", false}, {"ubiquiti", false}, {"asustor", false}, {"asus", true}, {"qnap", false},
	{"synology", false}, {"westerndigital", false}, {"seagate", false}, {"buffalo", true}, {"terramaster", false}, {"tenda", true}, {"totolink", false},
	{"edimax", false}, {"trendnet", false}, {"netis", true}, {"reolink", false}, {"amcrest", false}, {"foscam", false}, {"geovision", false},
	{"ptzoptics", false}, {"axis", true}, {"avtech", true}, {"lilin", true}, {"nuuo", true}, {"tvt", true}, {"vivotek", false}, {"wyze", false},
	{"eufy", false}, {"anker", true}, {"arlo", true}, {"ring", true}, {"sonos", true}, {"roku", true}, {"philips", false}, {"signify", true},
	{"xiaomi", false}, {"yeelight", false}, {"tuya", true}, {"huawei", false}, {"honor", true}, {"zte", true}, {"samsung", false}, {"lg", true}, {"sony", true},
	{"panasonic", false}, {"apple", true}, {"google", false}, {"amazon", false}, {"microsoft", false}, {"hp", true}, {"brother", true}, {"canon", true},
	{"epson", false}, {"lexmark", false}, {"ricoh", true}, {"xerox", true}, {"kyocera", false}, {"raspberrypi", false}, {"dasan", false}, {"arcadyan", false},
	{"technicolor", false}, {"sagemcom", false}, {"arris", true}, {"ruckus", false}, {"watchguard", false}, {"grandstream", false}, {"yealink", false},
	{"cisco", true}, {"fxc", true}, {"realtek", false}, {"withings", false}, {"netatmo", false}, {"ecobee", false}, {"logitech", false}, {"meross", false},
	{"shelly", true}, {"sonoff", false}, {"vizio", true}, {"hisense", false}, {"tcl", true}, {"bosch", true}, {"motorola", false}, {"oneplus", false}, {"fairphone", false},
}

// called is makers that go by a name of another kind.
var called = map[string]string{
	"asustekcomputer": "asus", "asustek": "asus", "hewlettpackard": "hp", "hewlettpackardhp": "hp", "hpinc": "hp", "routerboardcom": "mikrotik",
	"wdc": "westerndigital", "wd": "westerndigital", "ciscolinksys": "linksys", "wemo": "belkin", "nestlabs": "google", "nest": "google",
	"lgelectronics": "lg", "beijingxiaomimobilesoftware": "xiaomi", "melco": "buffalo", "buffaloinc": "buffalo", "seikoepson": "epson",
	"hangzhouezviz": "hikvision", "shenzhentenda": "tenda", "tendatechnologyltddongguanbranch": "tenda", "amazontechnologies": "amazon",
}

// makerOf gives a maker's one name, and whether it is one of our table. Any other name loses only its legal form.
func makerOf(s string) (name string, known bool) {
	words := split(s)
	for len(words) > 1 && slices.Contains(legal, words[len(words)-1]) {
		words = words[:len(words)-1]
	}
	c := strings.Join(words, "")
	if name, ok := called[c]; ok {
		return name, true
	}
	for _, m := range makers {
		if c == m.name || !m.exact && strings.Contains(c, m.name) || m.exact && len(words) > 0 && words[0] == m.name {
			return m.name, true
		}
	}
	return c[:min(len(c), maxKey)], false
}

// legal is what follows a maker's name and tells nothing.
var legal = []string{"inc", "ltd", "llc", "co", "corp", "corporation", "company", "limited", "gmbh", "ag", "bv", "sa", "sas", "sia", "pte", "pty", "systems",
	"technologies", "technology", "tech", "international", "electronics", "incorporated", "communications", "networks", "wireless", "digital", "devices", "group", "trading", "foundation"}

// split makes words of a name: lower-case letters, digits and plus signs. A hyphen, a dot or an underscore joins.
func split(s string) []string {
	var out []string
	var w []byte
	flush := func() {
		if len(w) > 0 {
			out = append(out, string(w))
			w = w[:0]
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c >= 'A' && c <= 'Z':
			w = append(w, c|0x20)
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '+':
			w = append(w, c)
		case c == '-' || c == '.' || c == '\'':
		default:
			flush()
		}
	}
	flush()
	return out
}

// compact is a name's letters and digits.
func compact(s string) string { return strings.Join(split(s), "") }

func isLetter(r rune) bool { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
func isDigit(r rune) bool  { return r >= '0' && r <= '9' }

// plain words say what kind of thing a product is, not which.
var plain = wordSet(`multiple various device devices product products router routers camera cameras ip wireless network networks firmware series
	model models access point points storage attached nas and or the of for with software server servers web gateway gateways security video recorder nvr dvr
	system systems home smart mobile phone phones unit units switch switches firewall firewalls dsl cpe appliance appliances sdk development kit os
	gigabit passive optical gpon enhanced management client application framework kernel platform chipset chipsets ap lte modem service networkattached`)

func wordSet(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// notModel is what looks like a model's number and is none.
var notModel = []string{"cve", "http", "sha", "md5", "base64", "utf", "ipv", "802", "tls", "ssl", "x86", "arm64", "win32", "oauth2", "log4j", "wpa", "rev"}

// modelName says whether a compact word is one of a model: letters and digits, neither too short nor a class of speed.
func modelName(w string, least int) bool {
	if len(w) < least || len(w) > maxKey || !strings.ContainsFunc(w, isLetter) || !strings.ContainsFunc(w, isDigit) {
		return false
	}
	for _, no := range notModel {
		if strings.HasPrefix(w, no) {
			return false
		}
	}
	if rest := strings.TrimLeft(w, "acnx"); len(w)-len(rest) <= 2 && len(rest) >= 3 && !strings.ContainsFunc(rest, isLetter) && strings.HasSuffix(rest, "00") {
		return false // AC1900, N300, AX3000: how fast, not which
	}
	return true
}

// modelsIn finds the models of a maker that a product field lists: "DCS-2530L and DCS-2670L Devices". Where it gives no
// number, words that are not plain are a name: "VioStor NVR". But "multiple Archer devices" is a line of products, not one.
func modelsIn(s, maker string) []string {
	var out []string
	many := strings.HasPrefix(strings.ToLower(s), "multiple")
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == '/' || r == ';' || r == '&' || r == '(' || r == ')' }) {
		numbers := 0
		var name string
		for _, w := range split(part) {
			switch {
			case modelName(w, 3):
				out = append(out, w)
				numbers++
			case !plain[w] && w != maker && strings.ContainsFunc(w, isLetter):
				name += w
			}
		}
		if numbers == 0 && !many && len(name) >= 5 && len(name) <= maxKey {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// modelsInText finds models that a description names, where the product is "multiple routers": TL-WR940N, Vigor3900.
func modelsInText(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(s, func(r rune) bool { return !isLetter(r) && !isDigit(r) && r != '-' }) {
		if w[0] < 'A' || w[0] > 'Z' {
			continue
		}
		if c := compact(w); modelName(c, 5) && len(out) < 64 {
			out = append(out, c)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// classIn finds the class that a product's name says.
func classIn(s string) home.DeviceClass {
	words := split(s)
	has := func(list ...string) bool {
		return slices.ContainsFunc(list, func(w string) bool { return slices.Contains(words, w) })
	}
	switch {
	case has("camera", "cameras"):
		return home.ClassCamera
	case has("router", "routers", "firewall", "firewalls"), has("access") && has("point", "points"):
		return home.ClassRouter
	case has("nas"), has("storage") && (has("attached") || has("device")):
		return home.ClassNAS
	case has("printer", "printers"):
		return home.ClassPrinter
	case has("doorbell", "doorbells"):
		return home.ClassDoorbell
	case has("mobile") || has("android"):
		return home.ClassPhone
	}
	return ""
}

// productClasses is what products are whose names do not say it: maker and compact name.
var productClasses = map[string]home.DeviceClass{
	"mikrotik " + routerOS: home.ClassRouter, "ubiquiti airos": home.ClassRouter, "ubiquiti edgeos": home.ClassRouter, "qnap qts": home.ClassNAS,
	"synology diskstationmanagerdsm": home.ClassNAS, "synology diskstationmanager": home.ClassNAS, "terramaster terramasteros": home.ClassNAS,
	"westerndigital mycloud": home.ClassNAS, "asustor asustordatamasteradm": home.ClassNAS, "zyxel dslcpedevices": home.ClassRouter, "lg webos": home.ClassTV,
}

// mostlyPrograms are makers whose entries are about devices only where they say so.
var mostlyPrograms = map[string]bool{"microsoft": true, "cisco": true, "google": true, "apple": true, "sophos": true}

// leftOut: programs for computers and phones that makers of devices make as well, and what runs on phones.
func leftOut(p string) bool {
	words := split(p)
	return slices.ContainsFunc([]string{"android", "ios", "ipados", "macos", "watchos", "chrome", "chromium", "windows", "office", "photo", "helpdesk", "pixel",
		"magicinfo", "vigorconnect", "webkit", "internet", "exchange", "manager", "webex", "anyconnect", "chipsets"}, func(w string) bool { return slices.Contains(words, w) })
}

// product says how devices of an end-of-life table are recognised: by model, or by the name of a system that they tell
// with its version.
type product struct {
	vendor string // of models
	prefix string // before a model's name where the table leaves it out: iphone
	system string // compact
	people string // the name for people
}

// products of endoflife.date that run homes. Others with the category of a device or a system are guessed by their label.
var products = map[string]product{
	"iphone": {vendor: "apple", prefix: "iphone", people: "iPhone"}, "ipad": {vendor: "apple", prefix: "ipad", people: "iPad"},
	"apple-watch": {vendor: "apple", prefix: "applewatch", people: "Apple Watch"}, "pixel": {vendor: "google", prefix: "pixel", people: "Pixel"},
	"pixel-watch": {vendor: "google", prefix: "pixelwatch", people: "Pixel Watch"}, "samsung-mobile": {vendor: "samsung", prefix: "galaxy", people: "Galaxy"},
	"samsung-galaxy-tab": {vendor: "samsung", prefix: "galaxytab", people: "Galaxy Tab"}, "samsung-galaxy-watch": {vendor: "samsung", prefix: "galaxywatch", people: "Galaxy Watch"},
	"kindle": {vendor: "amazon", people: "Kindle"}, "android": {system: "android", people: "Android"}, "ios": {system: "ios", people: "iOS"},
	"ipados": {system: "ipados", people: "iPadOS"}, "tvos": {system: "tvos", people: "tvOS"}, "watchos": {system: "watchos", people: "watchOS"},
	"macos": {system: "macos", people: "macOS"}, routerOS: {system: routerOS, people: "RouterOS"}, "openwrt": {system: "openwrt", people: "OpenWrt"},
	"opnsense": {system: "opnsense", people: "OPNsense"}, "pfsense": {system: "pfsense", people: "pfSense"}, "debian": {system: "debian", people: "Debian"},
	"freebsd": {system: "freebsd", people: "FreeBSD"},
}

// notSecurity: tables whose end of life is that of sale, in the form of the API that does not say so.
var notSecurity = map[string]bool{"raspberry-pi": true}

// guessProduct goes by the category. A device's label begins with its maker ("Nokia Mobile"), a system's is its name.
func guessProduct(p *eol.Product) product {
	words := strings.Fields(p.Label)
	if len(words) == 0 {
		return product{}
	}
	switch p.Category {
	case "device":
		if name, known := makerOf(words[0]); known {
			return product{vendor: name, people: p.Label}
		}
	case "os":
		if c := compact(p.Label); len(c) >= 5 && len(c) <= maxKey {
			return product{system: c, people: p.Label}
		}
	}
	return product{}
}
