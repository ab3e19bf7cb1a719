package playbook

import (
	"slices"
	"strings"

	"cardea/home"
)

// Families of malware by what they are, for findings that name one. What is not here is told by what the device does.
var families = map[home.Infection][]string{
	home.InfectionTelnet: {"mirai", "gafgyt", "bashlite", "qbot", "mozi", "hajime", "moobot", "tsunami", "kaiten", "aisuru", "eleven11bot"},
	home.InfectionPersistent: {"qsnatch", "vpnfilter", "cyclops", "cyclopsblink", "meris", "ech0raix", "qnapcrypt", "deadbolt", "badbox", "triada", "ayysshush",
		"trickbot-router", "thor", "glupteba-router", "fodcha"},
	home.InfectionDNS: {"dnschanger", "ghostdns", "roamingmantis"},
}

// remote: ports by which people, and whoever has their password, enter a device.
var remote = []uint16{21, 22, 23, 80, 443, 445, 2222, 2323, 3389, 5000, 5001, 5900, 8080, 8443, 8291}

var telnet = []uint16{23, 2323, 26, 2223}

// Kind tells what kind of infection findings speak of, on a device of a class. Their order counts for nothing; hard ones count more
// than soft ones, and a family's name most.
func Kind(findings []home.Finding, class home.DeviceClass) home.Infection {
	votes := map[home.Infection]int{}
	for i := range findings {
		kind, weight := kindOf(&findings[i], class)
		if findings[i].Strength == home.Hard {
			weight *= 4
		}
		votes[kind] += weight
	}
	best, most := home.InfectionUnknown, 0
	for _, k := range order {
		if votes[k] > most {
			best, most = k, votes[k]
		}
	}
	return best
}

// order is that of kinds that as much speaks for: the one whose playbook covers the other's comes first.
var order = []home.Infection{
	home.InfectionPersistent, home.InfectionProgram, home.InfectionTelnet, home.InfectionDNS, home.InfectionLogin, home.InfectionUnpatchable,
}

// Kind tells the kind as Kind does, and knows models besides for which no update will come.
func (s *Shelf) Kind(findings []home.Finding, class home.DeviceClass, model string) home.Infection {
	kind := Kind(findings, class)
	switch kind {
	case home.InfectionTelnet, home.InfectionPersistent, home.InfectionLogin, home.InfectionUnknown:
		for _, p := range s.books {
			if p.Kind == home.InfectionUnpatchable && len(p.Models) > 0 && p.fits(p.Kind, class, model) > 0 {
				return home.InfectionUnpatchable
			}
		}
	}
	return kind
}

// kindOf is what one finding speaks of, and how clearly.
func kindOf(f *home.Finding, class home.DeviceClass) (home.Infection, int) {
	switch f.Detector {
	case home.DetectIndicator:
		family, _ := f.Facts["family"].(string)
		if kind := kindOfFamily(family); kind != "" {
			return lasting(kind, class), 8
		}
		return body(class), 1
	case home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts, home.DetectFlood:
		return attacker(class, ports(f)), 2
	case home.DetectBruteForce:
		return attacker(class, ports(f)), 2
	case home.DetectDNSSpoof, home.DetectRogueDHCP, home.DetectRogueRouter:
		return home.InfectionDNS, 2
	case home.DetectARPSpoof, home.DetectNDSpoof:
		return body(class), 1
	case home.DetectInbound:
		if slices.ContainsFunc(ports(f), func(p uint16) bool { return slices.Contains(remote, p) }) {
			return home.InfectionLogin, 1
		}
	case home.DetectMapping:
		return home.InfectionLogin, 1
	case home.DetectNames, home.DetectBeacon, home.DetectVolume:
		return body(class), 1
	}
	return home.InfectionUnknown, 0
}

// attacker is a device that attacks others: those without a system of their own are taken by telnet and the like.
func attacker(class home.DeviceClass, on []uint16) home.Infection {
	kind := body(class)
	overTelnet := slices.ContainsFunc(on, func(p uint16) bool { return slices.Contains(telnet, p) })
	if kind == home.InfectionUnknown || class == home.ClassRouter && overTelnet {
		return home.InfectionTelnet
	}
	return kind
}

// body is where an infection of such a device lives, as far as its class tells.
func body(class home.DeviceClass) home.Infection {
	switch {
	case class == home.ClassNAS || class == home.ClassRouter:
		return home.InfectionPersistent
	case class.Personal():
		return home.InfectionProgram
	}
	return home.InfectionUnknown
}

// lasting: what lives in the memory of a camera is a program on a computer.
func lasting(kind home.Infection, class home.DeviceClass) home.Infection {
	if kind == home.InfectionTelnet && class.Personal() {
		return home.InfectionProgram
	}
	return kind
}

func kindOfFamily(family string) home.Infection {
	words := strings.FieldsFunc(strings.ToLower(family), func(r rune) bool { return !('a' <= r && r <= 'z' || '0' <= r && r <= '9') })
	for _, k := range order {
		if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(families[k], w) }) {
			return k
		}
	}
	return ""
}

// ports are those that a finding is about.
func ports(f *home.Finding) []uint16 {
	list := slices.Clone(f.Symptom.Ports)
	switch p := f.Facts["port"].(type) {
	case uint16:
		list = append(list, p)
	case float64: // read back from JSON
		if p > 0 && p <= 65535 && p == float64(uint16(p)) {
			list = append(list, uint16(p))
		}
	}
	return list
}
