package portal

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

var verbRE = regexp.MustCompile(`%[a-z]`)

// Both languages say the same things, with the same names and numbers in them, and nothing is asked for that is not there.
func TestTheLanguagesAreComplete(t *testing.T) {
	for key, en := range wordsEN {
		de, ok := wordsDE[key]
		if !ok || de == "" || en == "" {
			t.Errorf("%s is missing", key)
		}
		if !slices.Equal(verbRE.FindAllString(en, -1), verbRE.FindAllString(de, -1)) {
			t.Errorf("%s: %q and %q take different things", key, en, de)
		}
	}
	for key := range wordsDE {
		if !known(key) {
			t.Errorf("%s is in German only", key)
		}
	}
	for _, m := range regexp.MustCompile(`\.Say "([^"]+)"`).FindAllStringSubmatch(source, -1) {
		if !known(m[1]) {
			t.Errorf("the page asks for %s", m[1])
		}
	}
	for _, mode := range home.Modes {
		if !known("works." + string(mode)) {
			t.Errorf("nothing is said of what works in mode %s", mode)
		}
	}
	for _, s := range []home.State{home.StateOpen, home.StateContained, home.StateCleaning, home.StateProbation} {
		if !known("state."+string(s)) || icons[s] == "" {
			t.Errorf("state %s has no word or no sign", s)
		}
	}
	for _, d := range detectors {
		if !known("why." + string(d)) {
			t.Errorf("nothing is said of %s", d)
		}
	}
}

var detectors = []home.Detector{
	home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts, home.DetectFlood, home.DetectBruteForce, home.DetectARPSpoof,
	home.DetectNDSpoof, home.DetectRogueDHCP, home.DetectRogueRouter, home.DetectInbound, home.DetectIndicator, home.DetectDuplicate,
	home.DetectForgedMAC, home.DetectIdentity, home.DetectDNSSpoof, home.DetectNovelty, home.DetectBeacon, home.DetectNames,
	home.DetectVolume, home.DetectHours, home.DetectMapping, home.DetectUsual,
}

func TestTheVoice(t *testing.T) {
	for lang, all := range words {
		for key, s := range all {
			if strings.ContainsAny(s, "!—<>") || regexp.MustCompile(`(?i)\b(C2|IOC|threat|anomaly|victim|hacker)`).MatchString(s) {
				t.Errorf("%s in %s: %q", key, lang, s)
			}
		}
	}
}

func TestNumbersAndTimes(t *testing.T) {
	en := speaker{Lang: "en", clock: func(t time.Time) time.Time { return t }}
	de := speaker{Lang: "de", clock: func(t time.Time) time.Time { return t.Add(time.Hour) }}
	for n, want := range map[uint32][2]string{0: {"0", "0"}, 999: {"999", "999"}, 1000: {"1,000", "1.000"}, 41210: {"41,210", "41.210"}, 1234567: {"1,234,567", "1.234.567"}} {
		if got := [2]string{en.number(n), de.number(n)}; got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	for d, want := range map[time.Duration][2]string{
		0: {"less than a second", "weniger als einer Sekunde"}, time.Second: {"1 second", "1 Sekunde"}, 90 * time.Second: {"90 seconds", "90 Sekunden"},
		2 * time.Minute: {"2 minutes", "2 Minuten"}, 5 * time.Hour: {"5 hours", "5 Stunden"}, 50 * time.Hour: {"2 days", "2 Tagen"},
	} {
		if got := [2]string{en.span(d), de.span(d)}; got != want {
			t.Errorf("%v: %q", d, got)
		}
	}
	when := time.Date(2026, 3, 1, 23, 30, 0, 0, time.UTC)
	if got := [2]string{en.when(when), de.when(when)}; got != [2]string{"1 March, 23:30", "2. März, 00:30 Uhr"} {
		t.Errorf("%q", got)
	}
	k := home.Check{Quiet: 5 * time.Hour, Need: 24 * time.Hour, Seen: 3, Last: when.Add(-time.Hour), Sentence: "as the gateway says"}
	if got := [2]string{en.check(k, when), de.check(k, when)}; got != [2]string{"as the gateway says", "Nicht sauber: Es hat es vor 60 Minuten wieder getan (3 Mal, seit wir es eingesperrt haben)."} {
		t.Errorf("%q", got)
	}
}

// Names that devices give themselves: text, in one line, of bounded length, that turns nothing around.
func TestHostileNamesAreText(t *testing.T) {
	for _, name := range []string{
		hostile, "a\u202eb\u2066c", strings.Repeat("x", 10<<10), "line\nbreak\ttab\x00\x1b[31m", "\xff\xfe", "</section><form action=//evil>", "{{.Token}}", "{device}{provider}", "   ",
	} {
		g := infected()
		v := &g.views[0]
		v.Name, v.Device.Model, v.Incident.Findings[0].Sentence = name, name, name
		v.Incident.Deeds[0].Endpoint, v.Incident.History[0].Why, v.Incident.Symptom.Names = name, name, []string{name}
		v.Incident.Findings[0].Card.Model = name
		for _, client := range []string{phone, camera} {
			_, _, body := ask(portalOf(g), "GET", "192.168.1.1:8480", "/?lang=de", client, nil, "")
			accessible(t, strconv.Quote(name[:min(len(name), 20)]), strings.NewReplacer("<!doctype html>", "<!doctype html>", "{device}", "", "!", "").Replace(body))
			if strings.Contains(body, "<h2></h2>") {
				t.Errorf("%.20q: a device without a name", name)
			}
			for _, bad := range []string{"<script", "\u202e", "\u2066", "\x00", "\x1b", strings.Repeat("x", maxLine+1), "evil>"} {
				if strings.Contains(body, bad) {
					t.Errorf("%.20q: the page holds %.20q", name, bad)
				}
			}
		}
	}
}

// WCAG 2.2, 1.4.3: text has 4.5 to 1 against what is behind it, in light and dark; signs and borders of fields 3 to 1 (1.4.11).
func TestContrast(t *testing.T) {
	schemes := regexp.MustCompile(`(?s):root \{[^}]*\}`).FindAllString(source, -1)
	if len(schemes) != 2 {
		t.Fatalf("%d schemes", len(schemes))
	}
	for _, s := range schemes {
		c := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z]+): #([0-9a-f]{6})`).FindAllStringSubmatch(s, -1) {
			c[m[1]] = luminance(t, m[2])
		}
		for _, pair := range []struct {
			on, below string
			least     float64
		}{
			{"ink", "page", 4.5}, {"soft", "page", 4.5}, {"accent", "page", 4.5}, {"bad", "page", 4.5}, {"good", "page", 4.5}, {"on", "accent", 4.5}, {"line", "page", 3},
		} {
			a, b := c[pair.on], c[pair.below]
			if ratio := (max(a, b) + .05) / (min(a, b) + .05); ratio < pair.least {
				t.Errorf("%s on %s: %.2f to 1", pair.on, pair.below, ratio)
			}
		}
	}
	if !strings.Contains(source, "min-height: 44px") {
		t.Error("buttons are too small for fingers")
	}
}

func luminance(t *testing.T, hex string) (l float64) {
	t.Helper()
	for i, weight := range []float64{.2126, .7152, .0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= .04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+.055)/1.055, 2.4)
		}
		l += weight * c
	}
	return l
}
