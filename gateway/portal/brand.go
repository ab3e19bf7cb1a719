package portal

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"

	"cardea/home"
)

// brand is how the company that serves the home shows itself: what the cloud said of it, checked once more, else what the gateway's
// configuration says.
func (p *Portal) brand() home.Brand {
	var b home.Brand
	if p.cfg.Brand != nil {
		b, _ = p.cfg.Brand().Clean() // what cannot be shown is left out
	}
	b.Name, b.Phone = cmp.Or(b.Name, p.cfg.Provider), cmp.Or(b.Phone, p.cfg.Phone)
	return b
}

// style is a brand's colour over the page's own, as it can be read on it; "" without one. It is made of checked colours only.
func style(b home.Brand) template.CSS {
	light, dark := b.Shades()
	if light == (home.Shade{}) {
		return ""
	}
	return template.CSS(fmt.Sprintf(":root { --accent: %s; --on: %s }\n@media (prefers-color-scheme: dark) { :root { --accent: %s; --on: %s } }",
		light.Accent, light.On, dark.Accent, dark.On))
}

// pageStyle is the page's own style.
var pageStyle = func() string {
	_, rest, _ := strings.Cut(source, "<style>")
	text, _, _ := strings.Cut(rest, "</style>")
	return text
}()

// policy lets the page use its own style and a brand's, and nothing else: no script, no picture, no frame, no form to anywhere else.
func policy(colours template.CSS) string {
	allowed := hashed(pageStyle)
	if colours != "" {
		allowed += " " + hashed(string(colours))
	}
	return "default-src 'none'; style-src " + allowed + "; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
