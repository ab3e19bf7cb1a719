package browser_test

import (
	"strings"
	"testing"
)

const (
	hall = "hall-camera" // it runs a telnet server, and the kitchen camera breaks into it
	tv   = "living-room-tv"
)

// row is a device's row in the list, in JavaScript; inside is the first element in it that fits a selector.
func row(name string) string {
	return `[...document.querySelectorAll('[data-testid="device"]')].find((e) => e.innerText.includes(` + quote(name) + `))`
}

func inside(js, selector string) string { return js + `?.querySelector(` + quote(selector) + `)` }

// choose picks a value of a select as a person's choice: the app hears of it.
func (p *tab) choose(handle, value string) {
	p.t.Helper()
	p.until(handle, el(handle))
	eval[bool](p, `(() => {
		const e = `+el(handle)+`;
		Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set.call(e, `+quote(value)+`);
		e.dispatchEvent(new Event("change", {bubbles: true}));
		return e.value === `+quote(value)+`;
	})()`)
}

// inForce waits until the newest order of a verb is in force, and fails at once when it is refused.
func (p *tab) inForce(verb string) {
	p.t.Helper()
	order := el("order-" + verb)
	p.until("what became of "+verb, order+` && `+order+`.dataset.status !== "asked"`)
	if text := eval[string](p, order+".innerText"); eval[string](p, order+".dataset.status") != "in_force" {
		p.t.Fatalf("%s: %s", verb, text)
	}
}

// Who the devices of the home are, on a phone: told with reasons, corrected by its people, exposed, protected, and let go again; and what
// the people of the home decide.
func TestIdentity(t *testing.T) {
	t.Parallel()
	d := begin(t, 0)
	browser := chromium(t)
	p := open(t, browser, 360, 740, true)
	p.step(t, "the devices say what they are", func(t *testing.T) {
		p.expecting(`network: .* 401 .*/v1/session$`, func() {
			p.visit(d.resident)
			p.until("the home", el("home-sentence"))
		})
		p.same()
		p.click(button("Devices"))
		for name, class := range map[string]string{camera: "camera", hall: "camera", "printer": "printer", "kitchen-speaker": "speaker", "anna-phone": "phone"} {
			p.until(name+" is a "+class, inside(row(name), `.kind[data-class="`+class+`"]`))
		}
		// The television says nothing of what it is: its maker is known, its kind is not, and that is said.
		p.until("the television's maker", row(tv)+`?.innerText.includes("LG")`)
		if text := eval[string](p, row(tv)+".innerText"); !strings.Contains(text, "Kind unknown") {
			t.Errorf("the television: %q", text)
		}
		t.Log(p.text("devices"))
		p.axe("devices that are known")
	})
	p.step(t, "why we think so", func(t *testing.T) {
		p.click(row(camera))
		p.until("who it is", el("who")+`?.dataset.class === "camera"`)
		p.until("reasons", el("why")+`?.children.length > 0`)
		t.Log(p.text("who"))
		p.axe("who a device is")
	})
	p.step(t, "its people correct it, and take it back", func(t *testing.T) {
		p.tap("correct")
		p.choose("correct-class", "medical")
		p.says("correct-means", "never shut in by itself")
		p.enter(el("correct-vendor"), "<b>Ours</b>")
		p.axe("the correction")
		p.tap("confirm")
		p.inForce("identify")
		p.until("it is theirs", el("who")+`?.dataset.by === "owner" && `+el("who")+`.dataset.class === "medical"`)
		p.says("sureness", "You said so")
		p.says("who", "<b>Ours</b>")
		p.until("that it is spared", `document.querySelector("main").innerText.includes("It is never shut in automatically.")`)
		p.axe("who a device is said to be")
		p.tap("take-back")
		p.until("it is ours again", el("who")+`?.dataset.by !== "owner" && `+el("who")+`.dataset.class === "camera"`)
		p.stays()
	})
	p.step(t, "an exposure is seen", func(t *testing.T) {
		d.press(t, "/infect", "device", camera)
		p.click(button("Home"))
		card := `document.querySelector('[data-testid="home-card"][data-kind="exposed"] a')`
		p.until("the card", card)
		p.axe("home with something exposed")
		p.click(card)
		p.until("the list", el("exposures")+`?.querySelector('[data-kind="telnet"]')`)
		p.says("exposures", hall)
		t.Log(p.text("exposures"))
		p.axe("exposed devices")
	})
	p.step(t, "one tap protects, and it is taken back", func(t *testing.T) {
		p.click(`[...document.querySelectorAll('[data-testid="exposed-device"] h2 a')].find((e) => e.innerText.includes(` + quote(hall) + `))`)
		telnet := `document.querySelector('[data-testid="exposed"][data-kind="telnet"]')`
		p.click(inside(telnet, `[data-testid="protect-no-lan"]`))
		p.until("what it changes", `document.querySelector("dialog[open]")?.innerText.includes("cannot reach your other devices")`)
		p.axe("what a protection changes")
		p.tap("confirm")
		p.inForce("protect")
		p.until("it holds", inside(telnet, `[data-testid="guard-no-lan"]`)+`?.dataset.held === "true"`)
		p.axe("a device that is protected")
		p.click(inside(telnet, `[data-testid="unprotect-no-lan"]`))
		p.inForce("unprotect")
		p.until("it is over", inside(telnet, `[data-testid="guard-no-lan"]`)+`?.dataset.held === "false"`)
		p.stays()
	})
	household(t, d, p)
	s := open(t, browser, 1280, 800, false)
	s.step(t, "staff see the same, and the fleet's lists", func(t *testing.T) {
		s.expecting(`network: .* (401|403) .*/v1/staff/`, func() {
			s.visit(d.staff)
			s.click(`document.querySelector("[data-home] a")`)
			s.enter(el("look-reason"), "The customer asked what the camera is")
			s.tap("look")
			s.until("who it is", `document.querySelector('[data-testid="who"][data-class="camera"]')`)
		})
		s.click(button("Why: " + hall))
		s.until("its exposure", el("whole")+`?.querySelector('[data-kind="telnet"]')`)
		s.axe("who a device is, for staff")
		s.tap("correct")
		s.choose("correct-class", "alarm")
		s.says("correct-means", "never shut in by itself")
		s.tap("confirm")
		s.inForce("identify")
		s.until("its new kind", `document.querySelector('[data-testid="who"][data-class="alarm"]')`)
		s.tap("take-back")
		s.until("its kind as seen", `!document.querySelector('[data-testid="who"][data-class="alarm"]')`)
		for _, list := range []struct{ path, title string }{{"models", "Device models"}, {"clusters", "Clusters to name"}, {"exposures?kind=telnet", "Exposures"}} {
			s.visit(d.app + "/staff/" + list.path)
			s.until(list.path, `document.querySelector("h1")?.innerText === `+quote(list.title)+` && !document.querySelector(".skeleton, .trouble")`)
			s.axe("staff: " + list.path)
		}
	})
}
