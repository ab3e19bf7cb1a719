package homes

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/desired"
	"cardea/cloud/household"
	"cardea/cloud/incident"
	"cardea/home"
	saying "cardea/say"
	"cardea/wire/pb"
)

// left are words of an English sentence that no German one has.
var left = regexp.MustCompile(`\b(the|is|of|and|not|your|this|what|be|has|had|it|until|from|to|by|its|changed|nothing|device)\b|[{}%]`)

// Whatever is told of a home is told in German as well, and nothing of it stays in English; of what a gateway says of itself, too.
func TestAHomeIsToldInGerman(t *testing.T) {
	now := time.Now()
	var gateways []*view.HomeGateway
	for _, ago := range []time.Duration{0, time.Minute, 5 * time.Hour, 9 * 24 * time.Hour} {
		seen := now.Add(-ago)
		gateways = append(gateways, &view.HomeGateway{State: "active", LastSeen: &seen}, &view.HomeGateway{State: "active", Online: true, LastSeen: &seen})
	}
	gateways = append(gateways, nil, &view.HomeGateway{State: "waiting"})
	for _, p := range saying.Shortages() {
		seen := now
		gateways = append(gateways, &view.HomeGateway{State: "active", Online: true, LastSeen: &seen,
			Degraded: reads("de", []string{saying.English(saying.New(p, saying.Text("3"))), "Your gateway only watches now: it was told to shut nothing in."})})
	}
	for _, g := range gateways {
		for _, waits := range []bool{false, true} {
			for _, state := range []home.State{"", home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation, home.StateClosed} {
				cases := []incident.Case{{Incident: &pb.Incident{Id: "i", Device: "nameless", State: string(state), Mode: "quarantine", Grade: "port"}}}
				if state == "" {
					cases = nil
				}
				v := view.Home{Gateway: g}
				say(&v, "de", cases, nil, waits, now)
				all := v.Sentence
				for _, c := range v.Cards {
					all += " " + c.Title + " " + c.Text
				}
				if g != nil {
					all += strings.Join(g.Degraded, " ")
				}
				if word := left.FindString(all); word != "" || all == "" {
					t.Errorf("%q is left in %q", word, all)
				}
			}
		}
	}
	if got := reads("de", []string{"It hums."}); got[0] != "It hums." {
		t.Errorf("what nobody here knows: %q", got)
	}
	if got := reads("en", []string{"Memory ran short 3 times: kept answers of DNS were dropped."}); got[0] != "Memory ran short 3 times: kept answers of DNS were dropped." {
		t.Errorf("%q", got)
	}
}

// Each change of what a home's people decided is told in German, with each field that there is.
func TestEachChangeIsToldInGerman(t *testing.T) {
	acts, fields := literals(t)
	if len(acts) < 14 || len(fields) < 20 {
		t.Fatalf("only %v and %v were found", acts, fields)
	}
	for _, f := range fields {
		if fieldsDE[f] == "" {
			t.Errorf("the field %s has no German", f)
		}
	}
	for _, act := range acts {
		for _, name := range []string{"Mia", ""} {
			for _, value := range []string{"on", "off", "", "admitted", "refused", "none", "auto", "2026-11-20T21:00:00Z"} {
				c := household.Change{Act: household.Act(act), Called: name}
				for _, f := range fields[:min(len(fields), 5)] {
					c.Fields = append(c.Fields, household.Field{Name: f, From: "auto", To: value})
				}
				v := changeView(c, household.Kept{}, nil, "de")
				if word := left.FindString(v.Sentence); word != "" || v.Sentence == "" {
					t.Errorf("%s: %q is left in %q", act, word, v.Sentence)
				}
				if act != "policy" && strings.Contains(v.Sentence, "Etwas wurde") && value == "on" && (act == "privacy" || act == "help" || act == "guest") {
					t.Errorf("%s is not told: %q", act, v.Sentence)
				}
			}
		}
	}
	c := household.Change{Act: household.ActPolicy, Fields: []household.Field{{Name: "contain", From: "ask", To: "auto"}, {Name: "zone", To: "Europe/Berlin"}}}
	for lang, want := range map[string]string{"en": "The home's rules were changed: contain from ask to auto and zone from nothing to Europe/Berlin.",
		"de": "Die Regeln des Zuhauses wurden geändert: Angriffe von erst fragen auf von selbst und Zeitzone von nichts auf Europe/Berlin."} {
		if got := changeView(c, household.Kept{}, nil, lang).Sentence; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// literals are the acts of changes and the names of their fields, as the room of the household writes them.
func literals(t *testing.T) (acts, fields []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../../household/change.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	text := func(e ast.Expr) string {
		if l, ok := e.(*ast.BasicLit); ok && l.Kind == token.STRING {
			s, _ := strconv.Unquote(l.Value)
			return s
		}
		return ""
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ValueSpec:
			if id, ok := n.Type.(*ast.Ident); ok && id.Name == "Act" && len(n.Values) == 1 {
				acts = append(acts, text(n.Values[0]))
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && id.Name == "Name" {
				if s := text(n.Value); s != "" && !seen[s] {
					seen[s] = true
					fields = append(fields, s)
				}
			}
		}
		return true
	})
	return acts, fields
}

// What is written for who answered of a new device is told in German; what a person wrote is not touched.
func TestAnOrdersReasonIsToldInGerman(t *testing.T) {
	for shut, p := range answers {
		if got := orderView(desired.Order{Why: string(p)}, "de").Why; got == string(p) || left.MatchString(got) {
			t.Errorf("%v: %q", shut, got)
		}
		if got := orderView(desired.Order{Why: string(p)}, "en").Why; got != string(p) {
			t.Errorf("%v: %q", shut, got)
		}
	}
	if got := orderView(desired.Order{Why: "phishing"}, "de").Why; got != "phishing" {
		t.Errorf("a person's own words: %q", got)
	}
}
