package main

import (
	"strings"
	"unicode"
)

// brands are written as people know them: the first whose words begin the registered name, in lower case.
var brands = [][2]string{
	{"hewlett packard enterprise", "HPE"}, {"hewlett packard", "HP"}, {"hp inc", "HP"}, {"hon hai precision", "Foxconn"},
	{"tp-link", "TP-Link"}, {"d-link", "D-Link"}, {"dlink", "D-Link"}, {"netgear", "Netgear"}, {"asustek", "Asus"}, {"huawei", "Huawei"},
	{"zte", "ZTE"}, {"samsung", "Samsung"}, {"lg electronics", "LG"}, {"lg innotek", "LG Innotek"}, {"sony", "Sony"}, {"amazon", "Amazon"},
	{"google", "Google"}, {"nest labs", "Nest"}, {"microsoft", "Microsoft"}, {"xiaomi", "Xiaomi"}, {"beijing xiaomi", "Xiaomi"},
	{"hangzhou hikvision", "Hikvision"}, {"zhejiang dahua", "Dahua"}, {"espressif", "Espressif"}, {"raspberry pi", "Raspberry Pi"},
	{"tuya", "Tuya"}, {"hangzhou ezviz", "EZVIZ"}, {"philips lighting", "Philips Lighting"}, {"signify", "Signify"}, {"avm", "AVM"},
	{"guangdong oppo", "Oppo"}, {"oneplus", "OnePlus"}, {"vivo mobile", "Vivo"}, {"motorola mobility", "Motorola"}, {"eero", "eero"},
	{"cisco-linksys", "Linksys"}, {"cisco meraki", "Cisco Meraki"}, {"cisco", "Cisco"}, {"apple", "Apple"}, {"intel corp", "Intel"},
	{"ieee registration authority", ""}, {"private", ""}, {"sonos", "Sonos"}, {"roku", "Roku"}, {"ubiquiti", "Ubiquiti"}, {"edimax", "Edimax"},
	{"belkin", "Belkin"}, {"withings", "Withings"}, {"fitbit", "Fitbit"}, {"nintendo", "Nintendo"}, {"lifi labs", "LIFX"},
	{"smart innovation", "Smart Innovation"}, {"ring llc", "Ring"}, {"reolink", "Reolink"}, {"wyze", "Wyze"}, {"fiberhome", "FiberHome"},
	{"routerboard", "MikroTik"}, {"mikrotik", "MikroTik"}, {"vmware", "VMware"}, {"pcs systemtechnik", "VirtualBox"}, {"zyxel", "Zyxel"},
	{"aruba", "Aruba"}, {"new h3c", "H3C"}, {"technicolor", "Technicolor"}, {"arris", "Arris"}, {"liteon", "Lite-On"}, {"lite-on", "Lite-On"},
	{"tcl", "TCL"}, {"hisense", "Hisense"}, {"qingdao haier", "Haier"}, {"haier", "Haier"}, {"ecobee", "ecobee"}, {"ikea", "IKEA"},
}

// legal forms and words that say nothing; they are dropped from a name's end.
var idle = wordSet(`inc incorporated ltd limited llc co corp corporation company gmbh ag kg sa sas srl spa bv nv ab as oy
	oyj aps a/s pty plc kk pte sdn bhd sro doo ltda lp llp se sp zoo pvt private the ltdsti tic san intl international
	technologies technology technologie electronics electronic communications communication corporate manufacturing
	industrial industries ind holdings holding group enterprise enterprises telecom telecommunication telecommunications
	digital development science tech`)

// places begin many companies' names and are none by themselves.
var places = wordSet(`shenzhen hangzhou guangdong guangzhou shanghai beijing sichuan zhejiang new china nanjing suzhou
	chengdu wuhan dongguan zhuhai xiamen fujian hong kong taiwan shandong qingdao tianjin jiangsu ningbo american advanced
	general smart global universal digital national first`)

func wordSet(s string) map[string]bool {
	m := map[string]bool{}
	for w := range strings.FieldsSeq(s) {
		m[w] = true
	}
	return m
}

// maxVendor is the longest name that is kept, in bytes.
const maxVendor = 32

// tidy shortens a registered name: "Belkin International Inc." is Belkin. "" means that nobody is to be named.
func tidy(s string) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		if r < ' ' || r == unicode.ReplacementChar {
			return ' '
		}
		return r
	}, s)), " ")
	low := strings.ToLower(s)
	for _, b := range brands {
		if rest, ok := strings.CutPrefix(low, b[0]); ok && (rest == "" || !isWord(rest[0])) {
			return b[1]
		}
	}
	s, _, _ = strings.Cut(s, " (")
	s, _, _ = strings.Cut(s, ", a ")
	words := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == ';' || r == '(' || r == ')' })
	for len(words) > 1 && droppable(words) {
		words = words[:len(words)-1]
	}
	for i, w := range words {
		words[i] = calm(w)
	}
	s = strings.Trim(strings.Join(words, " "), " .,&")
	for len(s) > maxVendor {
		i := strings.LastIndexByte(s, ' ')
		if i < 0 {
			return strings.ToValidUTF8(s[:maxVendor], "")
		}
		s = s[:i]
	}
	return s
}

func isWord(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }

// droppable says whether the last word says nothing, and what is left still does.
func droppable(words []string) bool {
	w := strings.Trim(strings.ToLower(words[len(words)-1]), ".")
	if !idle[w] && !idle[strings.ReplaceAll(w, ".", "")] && strings.Trim(w, "-.&/") != "" {
		return false
	}
	left := words[:len(words)-1]
	return len(left) > 1 || !places[strings.ToLower(left[0])] || legal(w)
}

func legal(w string) bool { return len(strings.Trim(w, ".")) <= 4 }

// calm writes a shouted word as a name: HUAWEI is Huawei, but ZTE stays.
func calm(w string) string {
	if len(w) < 5 || strings.ToUpper(w) != w || strings.ContainsAny(w, "0123456789-./&") {
		return w
	}
	return w[:1] + strings.ToLower(w[1:])
}
