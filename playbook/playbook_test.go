package playbook

import (
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"cardea/home"

	"pgregory.net/rapid"
)

func TestTheBestPlaybookIsTaken(t *testing.T) {
	s := Default()
	for _, c := range []struct {
		kind  home.Infection
		class home.DeviceClass
		model string
		want  string
	}{
		{home.InfectionTelnet, home.ClassPlug, "", "telnet-botnet@1"},
		{home.InfectionTelnet, "", "", "telnet-botnet@1"},
		{home.InfectionTelnet, home.ClassCamera, "", "telnet-camera@1"},
		{home.InfectionTelnet, home.ClassDoorbell, "Ring Doorbell", "telnet-camera@1"},
		{home.InfectionTelnet, home.ClassCamera, "Hikvision", "telnet-hikvision@1"},
		{home.InfectionTelnet, home.ClassCamera, "hikvision DS-2CD2042", "telnet-hikvision@1"},
		{home.InfectionTelnet, home.ClassCamera, "Reolink NVR 410", "telnet-recorder@1"},
		{home.InfectionTelnet, home.ClassRouter, "", "telnet-router@1"},
		{home.InfectionPersistent, home.ClassNAS, "", "persistent-nas@1"},
		{home.InfectionPersistent, home.ClassNAS, "QNAP", "persistent-qnap@1"},
		{home.InfectionPersistent, "", "QNAP TS-251", "persistent-qnap@1"}, // nobody said which class: the model says enough
		{home.InfectionPersistent, home.ClassPrinter, "QNAP", "persistent@1"},
		{home.InfectionPersistent, home.ClassRouter, "MikroTik", "persistent-mikrotik@1"},
		{home.InfectionPersistent, home.ClassRouter, "Ubiquiti EdgeRouter X", "persistent-edgerouter@1"},
		{home.InfectionPersistent, home.ClassRouter, "Asus RT-AX55", "persistent-asus@1"},
		{home.InfectionPersistent, home.ClassTV, "", "persistent-tv@1"},
		{home.InfectionDNS, home.ClassRouter, "", "dns-router@1"},
		{home.InfectionDNS, home.ClassComputer, "", "dns-hijack@1"},
		{home.InfectionLogin, home.ClassNAS, "Synology DiskStation", "login-nas@1"},
		{home.InfectionLogin, home.ClassComputer, "", "login-computer@1"},
		{home.InfectionProgram, home.ClassComputer, "", "program@1"},
		{home.InfectionProgram, home.ClassPhone, "Apple iPhone", "program-phone@1"},
		{home.InfectionUnpatchable, home.ClassCamera, "Edimax IC camera", "unpatchable-edimax-ic@1"},
		{home.InfectionUnpatchable, home.ClassCamera, "", "unpatchable@1"},
		{home.InfectionUnknown, home.ClassLight, "", "unknown@1"},
		{home.InfectionTelnet, home.ClassMedical, "Hikvision", "care@1"},
		{home.InfectionPersistent, home.ClassAlarm, "", "care@1"},
		{"", home.ClassAlarm, "", "care@1"},
		{"a kind of next year", home.ClassLight, "", "unknown@1"},
	} {
		if p := s.For(c.kind, c.class, c.model); p == nil || p.Ref() != c.want {
			t.Errorf("%s on %q %q: %v, want %s", c.kind, c.class, c.model, p, c.want)
		}
	}
}

// Whatever is asked for, somebody gets an answer, and one of the right kind wherever there is one.
func TestThereIsAlwaysAPlaybook(t *testing.T) {
	s := Default()
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(kinds).Draw(rt, "kind")
		class := rapid.SampledFrom(append(slices.Clone(classes), "", "no class")).Draw(rt, "class")
		p := s.For(kind, class, rapid.String().Draw(rt, "model"))
		if p == nil || p.Kind != kind && !slices.Contains(p.Also, kind) {
			rt.Fatalf("%v", p)
		}
		if s.ByID(p.Ref()) != p {
			rt.Fatalf("%s is not found by its reference", p.Ref())
		}
	})
}

func TestAReferenceOutlivesItsVersion(t *testing.T) {
	s := &Shelf{books: []*Playbook{{ID: "a", Version: 3}, {ID: "a", Version: 2}, {ID: "b", Version: 1}}}
	for ref, want := range map[string]string{"a@2": "a@2", "a@3": "a@3", "a@1": "a@3", "b@9": "b@1", "a": "a@3"} {
		if p := s.ByID(ref); p == nil || p.Ref() != want {
			t.Errorf("%s: %v, want %s", ref, p, want)
		}
	}
	for _, ref := range []string{"", "@1", "c@1", "a@2@"} {
		if p := s.ByID(ref); p != nil && ref != "a@2@" {
			t.Errorf("%q: %v", ref, p)
		}
	}
}

// The matcher against a slow reference.
func TestPatterns(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		letters := rapid.StringOfN(rapid.SampledFrom([]rune("abA *")), 0, 6, -1)
		pattern, name := letters.Draw(rt, "pattern"), strings.ReplaceAll(letters.Draw(rt, "name"), "*", "b")
		slow := regexp.MustCompile("(?i)^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$")
		if got, want := match(pattern, name), slow.MatchString(name); got != want {
			rt.Fatalf("%q %q: %v, want %v", pattern, name, got, want)
		}
	})
}

// What the gateway can do, it does first; only then is a person asked. The last thing is to look.
func TestTheGatewayDoesItsPartFirst(t *testing.T) {
	for _, p := range Default().All() {
		if p.Steps[0].By != ByGateway {
			t.Errorf("%s begins with work for a person", p)
		}
		person := false
		for _, s := range p.Steps {
			person = person || s.By == ByPerson
			if s.By == ByGateway && slices.Contains([]string{"cut", "close-mapping", "shut-telnet", "put-dns"}, s.ID) && person {
				t.Errorf("%s: the gateway does %s after a person was asked", p, s.ID)
			}
		}
		if i := slices.IndexFunc(p.Steps, func(s Step) bool { return s.Check == CheckSilent }); p.Steps[i].By != ByGateway {
			t.Errorf("%s: a person's word for silence", p)
		}
		if p.Rate.Reboot && !slices.ContainsFunc(p.Steps, func(s Step) bool { return s.Check == CheckRebooted }) {
			t.Errorf("%s wants a reboot for its test, and asks nobody for one", p)
		}
		// ln 20 = 2.996: within the bound it is clean after four days at most, else nobody waits for it.
		if p.Rate.PerDay < 0.75 {
			t.Errorf("%s: %v a day has people wait for more than four days", p, p.Rate.PerDay)
		}
	}
}

// Playbooks that put something between a device and its updates would keep it ill.
func TestUpdatesAreReachableWhenTheyAreAskedFor(t *testing.T) {
	for _, p := range Default().All() {
		for _, s := range p.Steps {
			if s.Check == CheckFirmware && (s.Hold == "" || s.Hold.Rank() > home.ModeUpdateOnly.Rank()) {
				t.Errorf("%s: step %s wants new software and is held to %q", p, s.ID, s.Hold)
			}
			if s.Hold == home.ModeQuarantine {
				t.Errorf("%s: step %s holds harder than the case", p, s.ID)
			}
		}
	}
}

var jargon = regexp.MustCompile(`(?i)\b(C2|IOC|botnet|threat|actor|anomaly|score|payload|exploit|compromised|kompromittiert)\b`)

// The voice of texts for people: no fear, no blame, no jargon outside of the part for experts, names filled in.
func TestTheVoiceOfTexts(t *testing.T) {
	each := func(where string, text Text, plain bool) {
		for lang, s := range text {
			if strings.ContainsAny(s, "!—") || strings.Contains(s, "--") {
				t.Errorf("%s in %s: %q", where, lang, s)
			}
			if w := jargon.FindString(s); plain && w != "" {
				t.Errorf("%s in %s says %q: %q", where, lang, w, s)
			}
			if n := len([]rune(s)); plain && n > 420 {
				t.Errorf("%s in %s has %d characters", where, lang, n)
			}
			if lang == "de" && regexp.MustCompile(`\b(du|dein|dich|dir)\b`).MatchString(strings.ToLower(s)) {
				t.Errorf("%s in %s is not formal: %q", where, lang, s)
			}
			if strings.HasSuffix(s, ".") == strings.HasSuffix(where, "title") {
				t.Errorf("%s in %s does not end as it should: %q", where, lang, s)
			}
		}
		if len(text) > 0 && strings.Count(text["en"], "{device}") > 0 != (strings.Count(text["de"], "{device}") > 0) {
			t.Errorf("%s names the device in one language only", where)
		}
	}
	for _, p := range Default().All() {
		each(p.Ref()+" title", p.Title, true)
		each(p.Ref()+" intro", p.Intro, true)
		each(p.Ref()+" expert", p.Expert, false)
		for _, s := range p.Steps {
			each(p.Ref()+" "+s.ID, s.Text, true)
			each(p.Ref()+" "+s.ID+" detail", s.Detail, true)
		}
	}
	for _, a := range Default().Advice() {
		each("advice "+a.ID, a.Text, true)
	}
}

// RFC 6561 section 5 and its appendix: what a guide has to hold. The rest of the checklist is not the playbooks'.
func TestTheGuideHoldsWhatRFC6561Wants(t *testing.T) {
	s := Default()
	advice := map[string]Advice{}
	for _, a := range s.Advice() {
		advice[a.ID] = a
	}
	for id, want := range map[string]string{
		"backup": "Copy", "patch": "updates", "automatic-updates": "automatic", "find-device": "which one is gone",
		"professional-help": "your choice", "law-enforcement": "police", "survey": "helped",
	} {
		if !strings.Contains(advice[id].Text["en"], want) {
			t.Errorf("%s says nothing of %q: %q", id, want, advice[id].Text["en"])
		}
	}
	if !strings.HasPrefix(advice["law-enforcement"].Link, "https://www.europol.europa.eu/") {
		t.Error("no link to those who take reports of crimes")
	}
	for _, p := range s.All() {
		if p.Step("survey") == nil || !p.Step("survey").Optional {
			t.Errorf("%s does not ask whether it helped, or insists", p)
		}
	}
	paid := regexp.MustCompile(`(?i)€|\$|\bour (shop|offer|service package)|upgrade your plan`)
	for _, a := range advice { // paid help is never an up-sell
		if paid.MatchString(a.Text["en"]) {
			t.Errorf("%s sells something: %q", a.ID, a.Text["en"])
		}
	}
}

func TestNamesAreFilledIn(t *testing.T) {
	if got := Fill("{device} of {provider}: {phone} {else}", "<b>{phone}</b>", "Net", "1"); got != "<b>{phone}</b> of Net: 1 {else}" {
		t.Error(got) // what a device is called is no pattern
	}
	if got := (Text{"en": "x", "de": "y"}).In("fr"); got != "x" {
		t.Errorf("an unknown language: %q", got)
	}
}

// SOURCE.md lists each playbook with its rate and what follows from it.
func TestTheListOfRatesIsTrue(t *testing.T) {
	b, err := os.ReadFile("SOURCE.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range Default().All() {
		on, kind := "any", string(p.Kind)
		if len(p.Classes) > 0 {
			on = strings.ReplaceAll(strings.Trim(fmt.Sprint(p.Classes), "[]"), " ", ", ")
		}
		if len(p.Also) > 0 {
			kind = "all"
		}
		hours := math.Ceil(24 * max(1, math.Log(20)/p.Rate.PerDay))
		if line := fmt.Sprintf("| %s | %s | %s | %g | %g h |", p.Ref(), kind, on, p.Rate.PerDay, hours); !strings.Contains(string(b), line) {
			t.Errorf("it lacks %s", line)
		}
	}
	if n := strings.Count(string(b), "@1 |"); n != len(Default().All()) {
		t.Errorf("it lists %d playbooks", n)
	}
}
