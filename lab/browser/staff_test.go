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
}
