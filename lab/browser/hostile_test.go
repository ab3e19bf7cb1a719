package browser_test

import (
	"fmt"
	"testing"
)

// hostile are the tags of what devices call themselves under cardea demo --hostile. None of it may become an element.
const injected = `document.querySelectorAll("img, script:not([src]), [onerror], main iframe").length`

// controls says whether a text on the screen has control characters, but for the ends of lines.
const controls = `/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/.test(document.body.textContent)`

// Devices call themselves markup, script, turned, endless and 10 kB of text, and control characters, in DHCP, mDNS and SSDP: all of
// it is text on every screen of the app, of staff and of the gateway. The demo runs as an ordinary user here.
func TestHostileNamesAreText(t *testing.T) {
	t.Parallel()
	d := begin(t, nobody, "--hostile")
	browser := chromium(t, d.lab)
	p := open(t, browser, 360, 740, true)
	text := func(screen string) {
		p.t.Helper()
		if n := eval[int](p, injected); n != 0 {
			p.t.Errorf("%s: %d elements were injected", screen, n)
		}
		if eval[bool](p, `/[\u202a-\u202e\u2066\u2067\u200b]/.test(document.body.innerText)`) {
			p.t.Errorf("%s: a name turns the direction of text", screen)
		}
		if eval[bool](p, controls) {
			p.t.Errorf("%s: a name brought control characters", screen)
		}
		p.fits(screen)
	}
	still := func(screen string) {
		p.t.Helper()
		text(screen)
		p.axe(screen)
	}
	p.step(t, "the list and the map", func(t *testing.T) {
		p.expecting(`network: .* 401 .*/v1/session$`, func() {
			p.visit(d.resident)
			p.until("the live map", el("home-map")+`?.dataset.live === "live"`)
		})
		p.until("a name on the map", `[...document.querySelectorAll(".spot text")].some((e) => e.textContent.startsWith("<img"))`)
		still("home")
		p.click(button("Devices"))
		for _, name := range []string{`<img src=x onerror=alert(1)>`, `gnp.exe.tv`, `{{constructor.constructor(`} {
			p.says("devices", name)
		}
		t.Log(p.text("devices"))
		still("devices")
	})
	p.step(t, "the device itself", func(t *testing.T) {
		p.click(`[...document.querySelectorAll("a")].find((e) => e.innerText.includes("alert(1)>"))`)
		p.until("its name", `document.querySelector("h1").innerText === "<img src=x onerror=alert(1)>"`)
		p.until("live", el("live")+`?.dataset.live === "live"`)
		still("device")
		p.tap("quarantine")
		p.until("the question", `document.querySelector("dialog[open]")?.innerText.includes("<img src=x onerror=alert(1)>")`)
		p.until("what would break", `document.querySelector('dialog[open] [data-testid="preview"]')?.dataset.stops !== ""`) // it moves the button
		p.tap("confirm")
		p.until("the order", el("order-quarantine")+`?.dataset.status === "in_force"`)
		still("device that is shut in")
	})
	p.step(t, "the incident", func(t *testing.T) {
		d.press(t, "/infect", "device", camera)
		p.click(button("Home"))
		of := `[...document.querySelectorAll('[data-testid="home-card"] a[href^="/incidents/"]')].find((e) => e.innerText.includes("<script>alert"))`
		p.until("the case", of)
		t.Log(p.text("home-sentence"), p.text("map-sentence"))
		p.says("map-sentence", "<img src=x onerror=alert(1)>")
		still("home with an incident")
		p.click(of)
		t.Log(p.text("what-happened"))
		p.until("the guide", el("step"))
		still("incident")
	})
	p.step(t, "the other screens", func(t *testing.T) {
		for _, s := range screens(t) {
			p.visit(d.app + s)
			p.shows(s)
			text(s)
		}
	})
	g := open(t, browser, 360, 740, true)
	g.step(t, "the gateway's page", func(t *testing.T) {
		g.tries("the case", gateway(t)+"/", `document.querySelector("section h2")?.textContent.includes("<script>alert")`)
		if n := eval[int](g, injected); n != 0 || eval[bool](g, controls) {
			t.Errorf("%d elements were injected, or control characters:\n%q", n, eval[string](g, "document.body.textContent"))
		}
		g.axe("the gateway's page of a hostile home")
	})
	s := open(t, browser, 1280, 800, false)
	s.step(t, "the staff page", func(t *testing.T) {
		s.expecting(`network: .* (401|403) .*/v1/staff/`, func() {
			s.visit(d.staff)
			s.click(`document.querySelector("[data-home] a")`)
			s.enter(el("look-reason"), fmt.Sprintf("A look at %q", "names"))
			s.tap("look")
			s.says("devices", `<img src=x onerror=alert(1)>`)
		})
		if n := eval[int](s, injected); n != 0 {
			t.Errorf("%d elements were injected", n)
		}
		s.axe("staff's view of a hostile home")
	})
}
