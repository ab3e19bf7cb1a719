package browser_test

import (
	"context"
	"testing"
)

// staffLooks is the staff's side of the story: found by the code, looked at with a reason, live traffic with a consent only.
func staffLooks(t *testing.T, browser context.Context, d *demo, code string) {
	s := open(t, browser, 1280, 800, false)
	s.step(t, "staff: the fleet", func(t *testing.T) {
		s.expecting(`network: .* 401 .*/v1/staff/session$`, func() {
			s.visit(d.staff)
			s.until("the fleet", el("fleet")+`?.querySelector("[data-home]")`)
		})
		s.until("the numbers", el("overview"))
		s.axe("fleet")
		s.picture("fleet")
	})
	s.step(t, "staff: from the code to the incident, with a reason", func(t *testing.T) {
		s.expecting(`network: .* 403 .*/v1/staff/homes/`, func() {
			s.enter(el("search-code"), code)
			s.press("\r")
			s.click(button(code))
			s.until("why", el("look-reason"))
		})
		s.axe("reason")
		s.enter(el("look-reason"), "The customer called about code "+code)
		s.tap("look")
		s.says("incident-code", code)
		s.axe("staff's incident")
		s.picture("staff-incident")
	})
	s.step(t, "staff: live traffic needs a consent", func(t *testing.T) {
		s.click(`document.querySelector("h1 a")`)
		s.until("the devices", el("devices"))
		s.axe("staff's view of a home")
		s.expecting(`network: .* 403 .*/contacts`, func() {
			s.click(button("Ask the gateway about " + laptop))
			s.says("consent-missing", "A resident can allow it in the app")
		})
		s.axe("no consent")
	})
	r := open(t, browser, 360, 740, true)
	r.step(t, "the resident allows it, with a key of the browser", func(t *testing.T) {
		r.visit(d.app + "/support")
		r.tap("give-consent")
		r.says("consents", "Allowed now")
		r.axe("support")
		if got := eval[string](r, `indexedDB.databases().then((l) => l.map((d) => d.name).join())`); got == "" {
			t.Error("there is no key in the browser's database")
		}
	})
	s.step(t, "staff: sees it, and the gateway says who asked", func(t *testing.T) {
		s.expecting(`network: .* 403 .*/contacts`, func() { // the gateway may not have fetched the consent yet
			s.until("contacts", `(() => {
				const b = document.querySelector('[data-testid="consent-missing"] button, [data-testid="traffic"] .trouble button');
				if (b && !(Date.now() - window.asked < 1000)) { // no faster than a person: there is a limit
					window.asked = Date.now();
					b.click();
				}
				return document.querySelector('[data-testid="traffic"] [data-testid="contact"]');
			})()`)
		})
		s.axe("contacts with a consent")
	})
	r.step(t, "the resident ends it", func(t *testing.T) {
		r.tap("end-consent")
		r.says("consents", "Ended by you")
	})
}
