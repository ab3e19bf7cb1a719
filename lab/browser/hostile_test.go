package browser_test

import (
	"fmt"
	"testing"
)

// hostile are the tags of what devices call themselves under cardea demo --hostile. None of it may become an element.
const injected = `document.querySelectorAll("img, script:not([src]), [onerror], main iframe").length`

// Devices call themselves markup, script, turned and endless text: all of it is text on every screen. The demo runs as an
// ordinary user here.
func TestHostileNamesAreText(t *testing.T) {
	d := begin(t, nobody, "--hostile")
	browser := chromium(t)
	p := open(t, browser, 360, 740, true)
	still := func(screen string) {
		p.t.Helper()
		if n := eval[int](p, injected); n != 0 {
			p.t.Errorf("%s: %d elements were injected", screen, n)
		}
		if eval[bool](p, `/[\u202a-\u202e\u2066\u2067\u200b]/.test(document.body.innerText)`) {
			p.t.Errorf("%s: a name turns the direction of text", screen)
		}
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
		p.click(`[...document.querySelectorAll("a")].find((e) => e.innerText.includes("<img"))`)
		p.until("its name", `document.querySelector("h1").innerText === "<img src=x onerror=alert(1)>"`)
		p.until("live", el("live")+`?.dataset.live === "live"`)
		still("device")
		p.tap("quarantine")
		p.until("the question", `document.querySelector("dialog[open]")?.innerText.includes("<img src=x onerror=alert(1)>")`)
		p.tap("confirm")
		p.until("the order", el("order-quarantine")+`?.dataset.status === "in_force"`)
		still("device that is shut in")
	})
	p.step(t, "the incident", func(t *testing.T) {
		d.press(t, "/infect", "device", camera)
		p.click(button("Home"))
		p.until("the case", el("home-card")+`?.querySelector('a[href^="/incidents/"]')`)
		t.Log(p.text("home-sentence"), p.text("map-sentence"))
		p.says("map-sentence", "<img src=x onerror=alert(1)>")
		still("home with an incident")
		p.click(el("home-card") + `.querySelector('a[href^="/incidents/"]')`)
		t.Log(p.text("what-happened"))
		still("incident")
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
