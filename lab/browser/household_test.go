package browser_test

import "testing"

// card is the element with a handle that says a text, in JavaScript.
func card(handle, text string) string {
	return `[...document.querySelectorAll(` + quote(`[data-testid="`+handle+`"]`) + `)].find((e) => e.innerText.includes(` + quote(text) + `))`
}

// box is the field of a choice that says a text, within what has a handle.
func box(handle, text string) string {
	return `[...document.querySelectorAll(` + quote(`[data-testid="`+handle+`"] label`) + `)].find((e) => e.innerText.includes(` + quote(text) + `))?.querySelector("input")`
}

// household clicks through the forms by which a home's people decide what its gateway does, and waits until it does it.
func household(t *testing.T, d *demo, p *tab) {
	mia := card("person", "Mia")
	p.step(t, "a person, and a pause of an hour", func(t *testing.T) {
		p.visit(d.app + "/people")
		p.tap("add-person")
		p.enter(el("person-name"), "Mia")
		p.click(box("person-devices", laptop))
		p.axe("a person")
		p.tap("save-person")
		p.until("Mia", mia+`?.innerText.includes("1 device")`)
		p.click(inside(mia, `[data-testid="pause"]`))
		p.tap("pause-hour")
		p.tap("confirm")
		p.until("it is said", inside(mia, `[data-testid="paused"]`))
		p.click(`[...document.querySelectorAll("a.chip")].find((e) => e.innerText.includes(` + quote(laptop) + `))`)
		p.until("the gateway does it", el("control")+`?.dataset.paused === "true" && `+el("paused"))
		p.visit(d.app + "/people")
		p.until("the pause", inside(mia, `[data-testid="paused"]`))
		p.click(inside(mia, `[data-testid="resume"]`))
		p.until("it is over", `!`+inside(mia, `[data-testid="paused"]`)+` && `+inside(mia, `[data-testid="pause"]`))
	})
	p.step(t, "a bedtime, turned off and taken away", func(t *testing.T) {
		bedtime := card("schedule", "Mia")
		p.tap("add-schedule")
		p.click(box("schedule-whose", "Mia"))
		p.axe("a bedtime")
		p.tap("save-schedule")
		p.until("the bedtime", bedtime+`?.dataset.off === "false"`)
		p.click(inside(bedtime, `[data-testid="turn-schedule"]`))
		p.until("it is off", bedtime+`?.dataset.off === "true"`)
		p.click(inside(bedtime, `[data-testid="edit"]`))
		p.tap("remove-schedule")
		p.until("it is gone", `!`+bedtime)
	})
	p.step(t, "a device is paused, and goes on", func(t *testing.T) {
		p.visit(d.app + "/devices")
		p.click(row("printer"))
		p.tap("pause")
		p.tap("pause-30")
		p.tap("confirm")
		p.until("the gateway does it", el("control")+`?.dataset.paused === "true" && `+el("resume"))
		p.tap("resume")
		p.until("it goes on", el("control")+`?.dataset.paused === "false" && `+el("pause"))
	})
	p.step(t, "what happens by itself", func(t *testing.T) {
		p.visit(d.app + "/policy")
		for _, value := range []string{"ask", "auto"} {
			p.tap("contain-" + value)
			p.until(value, el("policy-contain")+`?.dataset.value === `+quote(value)+` && !`+el("contain-"+value)+`.disabled`)
		}
		p.until("the gateway has it", el("policy-there")+`?.dataset.there === "true"`)
	})
	p.step(t, "Privacy Mode, a guest, and a device's history is erased", func(t *testing.T) {
		p.visit(d.app + "/privacy")
		for _, on := range []string{"true", "false"} {
			p.tap("private")
			p.until("Privacy Mode", el("privacy-mode")+`?.dataset.on === `+quote(on)+` && !`+el("private")+`.disabled`)
		}
		option := func(handle string) string {
			js := `[...(` + el(handle) + `?.options ?? [])].find((e) => e.innerText.includes("printer"))?.value`
			p.until(handle, js)
			return eval[string](p, js)
		}
		printer := option("erase-device")
		eval[bool](p, `(() => {
			const e = `+el("add-guest")+`;
			Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, "value").set.call(e, `+quote(printer)+`);
			return e.dispatchEvent(new Event("change", {bubbles: true}));
		})()`)
		p.until("a guest", el("guests")+`?.dataset.count === "1" && `+el("guests")+`.innerText.includes("printer")`)
		p.tap("not-guest")
		p.until("it is asked for", `!document.querySelector('[data-testid="not-guest"]:disabled')`) // the list follows when the gateway tells of the device again
		p.choose("erase-device", printer)
		p.tap("erase-this")
		p.tap("confirm")
		p.until("it is erased", el("device-erased"))
		p.until("the gateway did it, too", el("order-erase")+`?.dataset.status === "in_force"`)
	})
}
