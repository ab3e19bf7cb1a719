package playbook

import (
	"slices"
	"testing"

	"cardea/home"

	"pgregory.net/rapid"
)

func found(d home.Detector, s home.Strength, facts map[string]any, ports ...uint16) home.Finding {
	return home.Finding{Detector: d, Strength: s, Facts: facts, Symptom: home.Symptom{Detector: d, Ports: ports}}
}

func family(name string) home.Finding {
	return found(home.DetectIndicator, home.Hard, map[string]any{"family": name})
}

func TestKind(t *testing.T) {
	scan := found(home.DetectScanWAN, home.Hard, nil, 23, 2323)
	for name, c := range map[string]struct {
		class home.DeviceClass
		fs    []home.Finding
		want  home.Infection
	}{
		"nothing":                             {home.ClassCamera, nil, home.InfectionUnknown},
		"a camera scans for telnet":           {home.ClassCamera, []home.Finding{scan}, home.InfectionTelnet},
		"something scans":                     {"", []home.Finding{scan}, home.InfectionTelnet},
		"a computer scans for telnet":         {home.ClassComputer, []home.Finding{scan}, home.InfectionProgram},
		"storage scans for telnet":            {home.ClassNAS, []home.Finding{scan}, home.InfectionPersistent},
		"a router scans for telnet":           {home.ClassRouter, []home.Finding{scan}, home.InfectionTelnet},
		"a router scans for Winbox":           {home.ClassRouter, []home.Finding{found(home.DetectScanWAN, home.Hard, nil, 8291)}, home.InfectionPersistent},
		"a plug floods":                       {home.ClassPlug, []home.Finding{found(home.DetectFlood, home.Hard, nil)}, home.InfectionTelnet},
		"a camera guesses passwords":          {home.ClassCamera, []home.Finding{found(home.DetectBruteForce, home.Hard, nil, 23)}, home.InfectionTelnet},
		"a family that lives in memory":       {home.ClassTV, []home.Finding{family("Mozi (elf)")}, home.InfectionTelnet},
		"the same on a computer":              {home.ClassComputer, []home.Finding{family("elf.mirai")}, home.InfectionProgram},
		"a family that stays":                 {home.ClassCamera, []home.Finding{family("BADBOX 2.0")}, home.InfectionPersistent},
		"a name within another word":          {home.ClassCamera, []home.Finding{family("admirai")}, home.InfectionUnknown},
		"a family beats what a device does":   {home.ClassRouter, []home.Finding{scan, family("VPNFilter")}, home.InfectionPersistent},
		"malware of no known family":          {home.ClassComputer, []home.Finding{family("")}, home.InfectionProgram},
		"wrong answers":                       {home.ClassComputer, []home.Finding{found(home.DetectDNSSpoof, home.Hard, nil)}, home.InfectionDNS},
		"a stranger's DHCP":                   {home.ClassRouter, []home.Finding{found(home.DetectRogueDHCP, home.Hard, nil)}, home.InfectionDNS},
		"tried from outside":                  {home.ClassNAS, []home.Finding{found(home.DetectInbound, home.Soft, nil, 5001)}, home.InfectionLogin},
		"tried from outside, told by facts":   {home.ClassNAS, []home.Finding{found(home.DetectInbound, home.Soft, map[string]any{"port": uint16(22)})}, home.InfectionLogin},
		"the same, read back from JSON":       {home.ClassNAS, []home.Finding{found(home.DetectInbound, home.Soft, map[string]any{"port": 22.0})}, home.InfectionLogin},
		"a game's port":                       {home.ClassConsole, []home.Finding{found(home.DetectInbound, home.Soft, nil, 3074)}, home.InfectionUnknown},
		"a door opened":                       {home.ClassCamera, []home.Finding{found(home.DetectMapping, home.Soft, nil, 23)}, home.InfectionLogin},
		"a door opened, then it scans":        {home.ClassCamera, []home.Finding{found(home.DetectMapping, home.Soft, nil, 23), scan}, home.InfectionTelnet},
		"storage asks for made-up names":      {home.ClassNAS, []home.Finding{found(home.DetectNames, home.Soft, nil)}, home.InfectionPersistent},
		"a computer calls home":               {home.ClassComputer, []home.Finding{found(home.DetectBeacon, home.Soft, nil, 443)}, home.InfectionProgram},
		"a lamp calls somebody":               {home.ClassLight, []home.Finding{found(home.DetectBeacon, home.Soft, nil, 443)}, home.InfectionUnknown},
		"something is new":                    {home.ClassComputer, []home.Finding{found(home.DetectNovelty, home.Soft, nil)}, home.InfectionUnknown},
		"one address on two ports":            {home.ClassCamera, []home.Finding{found(home.DetectDuplicate, home.Soft, nil)}, home.InfectionUnknown},
		"it passes itself off as the gateway": {home.ClassPhone, []home.Finding{found(home.DetectARPSpoof, home.Hard, nil)}, home.InfectionProgram},
		"hard beats several soft": {home.ClassComputer, []home.Finding{
			found(home.DetectInbound, home.Soft, nil, 3389), found(home.DetectInbound, home.Soft, nil, 22), found(home.DetectFlood, home.Hard, nil),
		}, home.InfectionProgram},
	} {
		if got := Kind(c.fs, c.class); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestModelsWithoutUpdates(t *testing.T) {
	s, scan := Default(), []home.Finding{found(home.DetectScanWAN, home.Hard, nil, 23)}
	for _, c := range []struct {
		class home.DeviceClass
		model string
		fs    []home.Finding
		want  home.Infection
	}{
		{home.ClassCamera, "Edimax IC camera", scan, home.InfectionUnpatchable},
		{home.ClassCamera, "Edimax", scan, home.InfectionTelnet}, // not known which
		{home.ClassCamera, "", scan, home.InfectionTelnet},
		{home.ClassNAS, "Western Digital My Book Live Duo", scan, home.InfectionUnpatchable},
		{home.ClassNAS, "Western Digital My Cloud", scan, home.InfectionPersistent},
		{home.ClassCamera, "Edimax IC camera", []home.Finding{found(home.DetectDNSSpoof, home.Hard, nil)}, home.InfectionDNS},
	} {
		if got := s.Kind(c.fs, c.class, c.model); got != c.want {
			t.Errorf("%q: %s, want %s", c.model, got, c.want)
		}
	}
}

// In which order the findings came says nothing of what they mean, and the same findings again say the same.
func TestKindKnowsNoOrder(t *testing.T) {
	detectors := []home.Detector{
		home.DetectScanWAN, home.DetectFlood, home.DetectIndicator, home.DetectDNSSpoof, home.DetectInbound, home.DetectMapping,
		home.DetectBeacon, home.DetectNovelty, home.DetectDuplicate,
	}
	one := rapid.Custom(func(rt *rapid.T) home.Finding {
		return found(rapid.SampledFrom(detectors).Draw(rt, "detector"), rapid.SampledFrom([]home.Strength{home.Soft, home.Hard}).Draw(rt, "strength"),
			map[string]any{"family": rapid.SampledFrom([]string{"", "mirai", "qsnatch", "ghostdns", "?"}).Draw(rt, "family")},
			rapid.SampledFrom([]uint16{23, 443, 3389}).Draw(rt, "port"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		fs, class := rapid.SliceOfN(one, 0, 6).Draw(rt, "findings"), rapid.SampledFrom(classes).Draw(rt, "class")
		want := Kind(fs, class)
		if !slices.Contains(kinds, want) {
			rt.Fatalf("%q is no kind", want)
		}
		if got := Kind(rapid.Permutation(fs).Draw(rt, "order"), class); got != want {
			rt.Fatalf("%s, and in another order %s", want, got)
		}
		if got := Kind(append(slices.Clone(fs), fs...), class); got != want {
			rt.Fatalf("%s, and twice as much %s", want, got)
		}
	})
}
