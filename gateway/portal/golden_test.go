package portal

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

var update = flag.Bool("update", false, "write the golden files anew")

var at = time.Date(2026, 3, 14, 18, 5, 0, 0, time.UTC)

// guided is a gateway with all that the page can show.
type guided struct {
	*fake
	plan func(lang string) Plan
	did  []Wish
	err  error
}

func (g *guided) Plan(_ View, lang string) (Plan, bool) { return g.plan(lang), g.plan != nil }
func (g *guided) Step(w Wish) error                     { g.did = append(g.did, w); return g.err }
func (g *guided) Undo(w Wish) error                     { g.did = append(g.did, w); return g.err }
func (g *guided) Read(w Wish) error                     { g.did = append(g.did, w); return g.err }
func (g *guided) Dismiss(w Wish) error                  { g.did = append(g.did, w); return g.err }
func (g *guided) Contain(w Wish) error                  { g.did = append(g.did, w); return g.err }

func planFor(lang string) Plan {
	p := Plan{ID: "telnet-camera@1", Intro: "Somebody got into {device}.", Expert: "Mirai and its kin.", Steps: []PlanStep{
		{ID: "cut", Text: "We cut the connection of {device}.", Check: "none", Gateway: true},
		{ID: "reboot", Text: "Switch {device} off and on.", Detail: "Unplug it for ten seconds.", Check: "rebooted"},
		{ID: "password", Text: "Give {device} a new password.", Check: "none", Other: true, Optional: true},
		{ID: "watch", Text: "We watch it.", Check: "silent", Gateway: true},
	}, Advice: []Advice{{"Keep a copy", "Once a week.", ""}, {"If something was stolen", "Tell the police.", "https://police.example/"}}}
	if lang == german {
		p.Intro = "Jemand ist in {device} gelangt."
		for i, t := range []string{"Wir haben {device} getrennt.", "Schalten Sie {device} aus und ein.", "Geben Sie {device} ein neues Passwort.", "Wir beobachten es."} {
			p.Steps[i].Text = t
		}
		p.Steps[1].Detail = "Ziehen Sie für zehn Sekunden den Stecker."
		p.Advice = []Advice{{"Eine Kopie behalten", "Einmal in der Woche.", ""}}
	}
	return p
}

// infected is a camera that was shut in, with its playbook at the second step.
func infected() *guided {
	homes := uint32(0)
	return &guided{plan: planFor, fake: &fake{views: []View{{
		Name: "Kitchen camera", Grade: home.GradePort,
		Device: home.Device{ID: "d", Addresses: []netip.Addr{netip.MustParseAddr("192.168.1.20")}, MAC: home.MAC{2, 0, 0, 0, 0, 1},
			Identity: home.Identity{Model: "Reolink E1", Class: home.ClassCamera}},
		Incident: home.Incident{
			ID: "i", Code: "K7QM2", Mode: home.ModeQuarantine, State: home.StateCleaning, Opened: at, Changed: at.Add(time.Minute),
			Kind: home.InfectionTelnet, Playbook: "telnet-camera@1", Symptom: home.Symptom{Detector: home.DetectScanWAN, Ports: []uint16{23, 2323}},
			Findings: []home.Finding{{Time: at, Detector: home.DetectScanWAN, Strength: home.Hard, Sentence: "tried 12 internet addresses on port 23 in 3 seconds; none answered",
				Card: &home.Card{Model: "Reolink E1", Homes: &homes, Of: 41210}}},
			History: []home.Transition{{Time: at, To: home.StateOpen, Mode: home.ModeOff, By: "gateway", Why: "tried 12 internet addresses"},
				{Time: at.Add(time.Minute), From: home.StateOpen, To: home.StateContained, Mode: home.ModeQuarantine, By: "gateway", Why: "tried 12 internet addresses"}},
			Deeds: []home.Deed{{ID: "x1", Kind: home.DeedCut, Time: at, Endpoint: "c2.example"}, {ID: "x2", Kind: home.DeedMapping, Time: at, Port: home.PortRule{Proto: home.ProtoTCP, Port: 8000}, Undone: at},
				{ID: "x3", Kind: home.DeedShut, Time: at, Port: home.PortRule{Proto: home.ProtoTCP, Port: 23}}},
			Steps: []home.Step{{ID: "cut", State: home.StepPassed}, {ID: "reboot", State: home.StepFailed, Changed: at, By: "portal"}, {ID: "password", State: home.StepTodo}, {ID: "watch", State: home.StepTodo}},
		},
	}}}}
}

// onProbation is the same camera some days later.
func onProbation() *guided {
	g := infected()
	i := &g.views[0].Incident
	i.State, i.Mode = home.StateProbation, home.ModeProfileOnly
	i.Probation = &home.Probation{Phase: "profile", Silent: 5 * time.Hour, Need: 24 * time.Hour, Share: 0.2083}
	i.Harm = &home.Harm{Lifted: true}
	i.Releases = 2
	for n := range i.Steps {
		i.Steps[n].State = home.StepPassed
	}
	i.Steps[2].State = home.StepSkipped
	i.History = append(i.History, home.Transition{Time: at, To: home.StateCleaning, By: "portal", Why: ReadNote})
	return g
}

// waiting is a soft case of which the home wants to be asked.
func waiting() *guided {
	g := infected()
	i := &g.views[0].Incident
	i.State, i.Mode, i.Waits, i.Deeds, i.Steps = home.StateOpen, home.ModeOff, true, nil, nil
	i.Findings[0].Strength, i.Findings[0].Detector, i.Findings[0].Card = home.Soft, home.DetectBeacon, nil
	g.views[0].Grade = home.GradeNone
	return g
}

func portalOf(h Home) *Portal {
	p := newPortal(nil)
	p.home, p.key = h, [32]byte{}
	p.cfg.Clock, p.cfg.Now = func(t time.Time) time.Time { return t.UTC() }, func() time.Time { return at.Add(time.Hour) }
	return p
}

// One page for each story and language, whole. What is in them was read by people.
func TestPagesAsTheyAre(t *testing.T) {
	for name, c := range map[string]struct {
		h      Home
		client string
	}{
		"fine":      {&guided{fake: &fake{}, plan: planFor}, "192.168.1.30"},
		"infected":  {infected(), "192.168.1.30"},
		"self":      {infected(), "192.168.1.20"},
		"probation": {onProbation(), "192.168.1.30"},
		"waiting":   {waiting(), "192.168.1.30"},
		"unguided":  {infected().fake, "192.168.1.30"},
	} {
		for _, l := range languages {
			status, h, body := ask(portalOf(c.h), "GET", "192.168.1.1:8480", "/?lang="+l.Lang, c.client, nil, "")
			if status != 200 || h.Get("Content-Language") != l.Lang {
				t.Errorf("%s in %s: status %d, language %q", name, l.Lang, status, h.Get("Content-Language"))
			}
			path := filepath.Join("testdata", name+"."+l.Lang+".html")
			if *update {
				if err := os.WriteFile(path, []byte(body), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			was, err := os.ReadFile(path)
			if err != nil || string(was) != body {
				t.Errorf("%s differs (run with -update if that is meant): %v\n%s", path, err, firstDifference(string(was), body))
			}
			accessible(t, path, body)
		}
	}
}

func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "- " + x[i] + "\n+ " + y[i]
		}
	}
	return "one is longer"
}

var (
	tagRE   = regexp.MustCompile(`<(/?)([a-z0-9]+)((?:\s+[a-z-]+(?:="[^"]*")?)*)\s*/?>`)
	attrRE  = regexp.MustCompile(`([a-z-]+)(?:="([^"]*)")?`)
	idREs   = regexp.MustCompile(` id="([^"]*)"`)
	refREs  = regexp.MustCompile(` (?:for|aria-describedby|aria-labelledby)="([^"]*)"`)
	styleRE = regexp.MustCompile(`(?s)<style>.*</style>`)
	void    = map[string]bool{"meta": true, "input": true, "br": true}
)

// accessible checks what a program can of a page: tags close, a language, one heading of the first order and none left out, each
// field with a label and each button with words, references that lead somewhere, nothing active.
func accessible(t *testing.T, path, body string) {
	t.Helper()
	bare := styleRE.ReplaceAllString(strings.TrimPrefix(body, "<!doctype html>"), "")
	ids := map[string]bool{}
	for _, m := range idREs.FindAllStringSubmatch(bare, -1) {
		if ids[m[1]] {
			t.Errorf("%s: id %q twice", path, m[1])
		}
		ids[m[1]] = true
	}
	for _, m := range refREs.FindAllStringSubmatch(bare, -1) {
		if !ids[m[1]] {
			t.Errorf("%s: %s leads nowhere", path, m[0])
		}
	}
	var open []string
	level, firsts := 0, 0
	for _, m := range tagRE.FindAllStringSubmatch(bare, -1) {
		closing, tag, rest := m[1] != "", m[2], m[3]
		attrs := map[string]string{}
		for _, a := range attrRE.FindAllStringSubmatch(rest, -1) {
			attrs[a[1]] = a[2]
			if strings.HasPrefix(a[1], "on") || a[1] == "style" {
				t.Errorf("%s: <%s> with %s", path, tag, a[1])
			}
		}
		switch {
		case closing:
			if len(open) == 0 || open[len(open)-1] != tag {
				t.Fatalf("%s: </%s> within %v", path, tag, open)
			}
			open = open[:len(open)-1]
			continue
		case !void[tag]:
			open = append(open, tag)
		}
		switch tag {
		case "h1", "h2", "h3":
			n := int(tag[1] - '0')
			if n == 1 {
				firsts++
			}
			if n > level+1 {
				t.Errorf("%s: a heading of order %d after one of %d", path, n, level)
			}
			level = n
		case "html":
			if attrs["lang"] == "" {
				t.Errorf("%s: no language", path)
			}
		case "input":
			inLabel := len(open) > 0 && open[len(open)-1] == "label"
			if attrs["type"] != "hidden" && !inLabel && !strings.Contains(bare, `for="`+attrs["id"]+`"`) {
				t.Errorf("%s: a field without a label: %v", path, attrs)
			}
		case "script", "img", "iframe", "object", "link", "video", "svg":
			t.Errorf("%s: <%s>", path, tag)
		}
	}
	if len(open) > 0 || firsts != 1 {
		t.Errorf("%s: %v not closed, %d headings of the first order", path, open, firsts)
	}
	if strings.Contains(bare, "<button></button>") || strings.Contains(bare, "%!") || strings.Contains(bare, "{device}") || strings.Contains(bare, "no-value") {
		t.Errorf("%s: something was left out", path)
	}
	if regexp.MustCompile(`[!—]`).MatchString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(bare, "")) {
		t.Errorf("%s: it cries or dashes", path)
	}
}
