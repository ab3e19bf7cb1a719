package browser_test

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"cardea/lab/plan"
)

// planned is the home of the demo.
func planned(t *testing.T) *plan.Plan {
	t.Helper()
	p, err := plan.New(plan.Options{Seed: 1, Scenario: "camera"})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// gateway is where the gateway's own page is, for a device that is not shut in.
func gateway(t *testing.T) string { return "http://" + planned(t).LAN.V4.Addr().String() + ":8480" }

// shut is where a device gets to that is shut in: port 80 is the only one open to it.
func shut(t *testing.T) string { return "http://" + planned(t).LAN.V4.Addr().String() }

// tries loads a page that does not change by itself again and again, until a JavaScript expression is true on it.
func (p *tab) tries(what, url, js string) {
	p.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(300 * time.Millisecond) { // no faster than a person would
		p.visit(url)
		if yes, err := try[bool](p, "!!("+js+")"); err == nil && yes {
			return
		}
		if time.Now().After(end) {
			p.until(what, js)
			return
		}
	}
}

// asksItself is the page on the screen of the device that is shut in: it is out with the code that a signed-in phone shows, and
// not without one, although it is clean.
func asksItself(t *testing.T, browser context.Context, d *demo, phone *tab) {
	c := open(t, browser, 360, 740, true)
	c.step(t, "the camera itself asks to be let out, without a code", func(t *testing.T) {
		d.press(t, "/sit", "device", camera)
		c.tries("its own case", shut(t)+"/?lang=en", `document.querySelector("section h2")?.innerText === `+quote(camera)+` && !!document.querySelector('form[action="/release"]')`)
		c.axe("the gateway's page on the device itself")
		c.picture("portal-self")
		c.expecting(`network: .* 409 .*/release$`, func() {
			c.click(`document.querySelector('form[action="/release"] button')`)
			c.until("that a code is needed", `document.querySelector('[role="status"]')?.innerText.startsWith("That is not the code")`)
		})
	})
	var code string
	phone.step(t, "the phone shows a code", func(t *testing.T) {
		phone.tap("do-code")
		code = phone.text("portal-code")
		phone.axe("incident with a code")
	})
	c.step(t, "with it the camera is out", func(t *testing.T) {
		c.enter(`document.querySelector('form[action="/release"] input[name="code"]')`, code)
		c.click(`document.querySelector('form[action="/release"] button')`)
		c.until("that it is out", `document.querySelector('[role="status"]')?.innerText.includes("It is back on the internet")`)
	})
}

// shows waits until a screen is there, and is one.
func (p *tab) shows(screen string) {
	p.t.Helper()
	p.until("a heading of "+screen, `document.querySelector("h1:not(.hidden)") && !document.querySelector(".skeleton")`)
	if h := eval[string](p, `document.querySelector("h1:not(.hidden)").innerText`); h == "There is no such page" {
		p.t.Errorf("%s: %s", screen, h)
	}
}

var pathRE = regexp.MustCompile(`\{ path: "(/[a-z/-]+)", title`)

// screens are the paths of all screens of the residents' app that need no id.
func screens(t *testing.T) (list []string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "web/resident/screens.tsx"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range pathRE.FindAllStringSubmatch(string(b), -1) {
		list = append(list, m[1])
	}
	if len(list) < 10 {
		t.Fatalf("found %v only", list)
	}
	return list
}
