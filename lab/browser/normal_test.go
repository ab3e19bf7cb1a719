package browser_test

import (
	"strings"
	"testing"
)

// What is normal, as people see it: a finding's card on a phone, and staff's pages of models, of what happens in many homes, and of
// who used an endpoint. The cloud is the real program, and what it knows is learned of homes as it learns.
func TestNormal(t *testing.T) {
	t.Parallel()
	c := teach(t)
	browser := chromium(t)
	p := open(t, browser, 360, 740, true)
	p.step(t, "a finding is shown with how many homes ever did this", func(t *testing.T) {
		p.expecting(`network: .* 401 .*/v1/session$`, func() {
			p.visit(c.resident)
			p.until("the home", el("home-sentence"))
		})
		p.asked(c.app)
		p.visit(c.app + "/incidents/" + c.incident)
		p.says("evidence", "called a server that no home with this model ever called")
		p.says("evidence-card", "41,210 homes have such a device (<b>Example Cam</b>). None of them ever did this.")
		p.says("evidence-card", "It never did this before.")
		p.click(el("evidence-card") + `.querySelector("summary")`)
		p.says("evidence-card", `<img src=x onerror=alert(1)>`)
		p.says("evidence-card", "19.5 bits")
		if n := eval[int](p, injected); n != 0 {
			t.Errorf("%d elements were injected", n)
		}
		if eval[bool](p, `/[\u202a-\u202e\u2066\u2067\u200b]/.test(document.body.innerText)`) {
			t.Error("an endpoint's name turns the direction of text")
		}
		t.Log(p.text("evidence-card"))
		p.axe("a finding's card")
	})
	s := open(t, browser, 1280, 800, false)
	s.step(t, "staff: what is normal for a model", func(t *testing.T) {
		s.expecting(`network: .* 401 .*/v1/staff/session$`, func() {
			s.visit(c.staff)
			s.click(button("Normal"))
			s.says("profiles", "Example Cam 3")
		})
		s.says("profiles", "40 homes")
		s.says("profiles", "<img src=x onerror=alert(1)> Plug")
		s.axe("models that are learned")
		s.picture("normals")
		s.click(button("Example Cam 3"))
		s.says("profile-endpoints", "api.cam.example:443/tcp")
		for _, want := range []string{"Normal", "Pending", "Not told: 1 endpoint of fewer than 20 homes", "75 %", "Many share this domain"} {
			s.says("profile-endpoints", want)
		}
		if text := s.text("profile-endpoints"); strings.Contains(text, "odd.example.org") {
			t.Errorf("an endpoint of few homes is told:\n%s", text)
		}
		s.says("profile-hours", "Most contacts begin from 19:00 to 20:00")
		s.says("profile-drift", "In 30 days")
		s.says("profile-calibration", "device-days of 40 homes")
		s.says("profile-wrong", "contacts what neither it nor its model uses")
		for _, part := range []string{"profile-numbers", "profile-endpoints", "profile-hours", "profile-drift", "profile-calibration", "profile-wrong"} {
			t.Log(s.text(part))
		}
		s.axe("what is normal for a model")
		s.picture("normal")
	})
	s.step(t, "staff: what happens in many homes at once", func(t *testing.T) {
		s.click(button("Many homes"))
		update, outbreak := `document.querySelector('[data-kind="update"][data-open="true"]')`, `document.querySelector('[data-kind="outbreak"]')`
		s.until("the update", update+`?.innerText.includes("An update: ")`)
		s.until("the outbreak", outbreak+`?.innerText.includes("An outbreak: ")`)
		s.says("fleet-incidents", "<img src=x onerror=alert(1)> Plug")
		if n := eval[int](s, injected); n != 0 {
			t.Errorf("%d elements were injected", n)
		}
		s.says("indicators-sentence", "Addresses that several homes reported as a certain danger")
		s.says("indicators", "c2.example.net 6667 tcp")
		t.Log(s.text("fleet-incidents"), s.text("indicators"))
		s.axe("in many homes")
		s.picture("together")
		s.click(inside(update, `[data-testid="close-fleet-incident"]`))
		s.enter(el("close-reason"), "The maker says it is its update")
		s.axe("closing it")
		s.tap("confirm")
		s.until("it is closed", `document.querySelector('[data-kind="update"][data-open="false"]')?.innerText.includes("Closed")`)
	})
	n := open(t, browser, 360, 740, true)
	n.step(t, "staff: the same on a phone", func(t *testing.T) {
		n.visit(c.app + "/staff/together")
		n.until("what happens", `document.querySelectorAll('[data-testid="fleet-incident"]').length === 2`)
		n.axe("in many homes, on a phone")
		n.visit(c.app + "/staff/normal")
		n.click(button("Example Cam 3"))
		n.says("profile-hours", "Most contacts begin")
		n.axe("what is normal for a model, on a phone")
	})
	s.step(t, "staff: who used an endpoint", func(t *testing.T) {
		for _, h := range []struct{ who, want string }{
			{"api.cam.example", "40 homes of yours used it. In all: 40 homes."}, {"odd.example.org", "Fewer than 20 homes of yours used it, at least one."},
			{"nobody.calls.example", "None of your homes used it."}, {"192.0.2.77", "None of your homes used it."},
		} {
			eval[bool](s, `(document.querySelector('[data-testid="hunt"]').form.reset(), true)`)
			s.enter(el("hunt-who"), h.who)
			s.enter(el("hunt-reason"), "Case 4711")
			s.tap("hunt")
			s.says("hunted", h.who)
			s.says("hunted", h.want)
		}
		s.axe("who used an endpoint")
		s.visit(c.app + "/staff/audit")
		s.says("audit", "api.cam.example:443/tcp")
		s.says("audit", "The maker says it is its update")
	})
}
