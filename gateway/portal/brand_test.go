package portal

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"cardea/home"
)

var styles = regexp.MustCompile(`(?s)<style>(.*?)</style>`)

// The page is the company's: name, number, colour and sentence. Each of its styles is one that its policy allows.
func TestThePageIsTheBrands(t *testing.T) {
	b := home.Brand{Name: "North & Net", Accent: "#ffcc00", Phone: "+49 30 123", Support: "https://help.example.net/", HintEN: "We are here day and night.", HintDE: "Wir sind Tag und Nacht da."}
	for lang, hint := range map[string]string{"en": b.HintEN, "de": b.HintDE} {
		for _, client := range []string{"192.168.1.20", "192.168.1.30"} { // the device that is shut in, and another
			p := portalOf(infected())
			p.cfg.Brand = func() home.Brand { return b }
			_, h, body := ask(p, "GET", "192.168.1.1:8480", "/?lang="+lang, client, nil, "")
			for _, want := range []string{"<strong>North &amp; Net</strong>", "&#43;49 30 123", hint, "https://help.example.net/", "--accent: #ffcc00"} {
				if !strings.Contains(body, want) {
					t.Errorf("%s lacks %q", lang, want)
				}
			}
			if strings.Contains(body, "Example Net") || strings.Contains(body, "555 0100") {
				t.Error("the configuration's name or number is there as well")
			}
			accessible(t, "branded", body)
			found := styles.FindAllStringSubmatch(body, -1)
			if len(found) != 2 {
				t.Fatalf("%d styles", len(found))
			}
			for _, m := range found {
				sum := sha256.Sum256([]byte(m[1]))
				if !strings.Contains(h.Get("Content-Security-Policy"), base64.StdEncoding.EncodeToString(sum[:])) {
					t.Errorf("the policy %s does not allow %q", h.Get("Content-Security-Policy"), m[1])
				}
			}
		}
	}
}

// What the cloud says of a brand is not trusted: the page is whole and says what the configuration does.
func TestAHostileBrandIsNotShown(t *testing.T) {
	p := portalOf(infected())
	_, h, plain := ask(p, "GET", "192.168.1.1:8480", "/?lang=en", "192.168.1.30", nil, "")
	p.cfg.Brand = func() home.Brand {
		return home.Brand{Name: "</title><script>alert(1)</script>", Accent: "#0;}*{display:none}", Phone: "<b>", Support: "javascript:alert(1)", HintEN: strings.Repeat("x", 5000), HintDE: "\u202e"}
	}
	_, got, body := ask(p, "GET", "192.168.1.1:8480", "/?lang=en", "192.168.1.30", nil, "")
	if body != plain || got.Get("Content-Security-Policy") != h.Get("Content-Security-Policy") {
		t.Errorf("%s", firstDifference(plain, body))
	}
}
