package browser_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

// hire makes one person of each role, and links that sign them in.
func (f *filled) hire(t *testing.T, rooms *rooms.Rooms, tenant string) {
	t.Helper()
	f.links = map[rights.Role]string{}
	link := func(p account.Person) string {
		return f.app + "/staff/sign-in#" + got(rooms.Accounts.SignInLink(t.Context(), account.Staff, tenant, p.ID, time.Hour))(t)
	}
	for _, role := range rights.Roles {
		if !role.OfPeople() {
			continue
		}
		p := got(rooms.Accounts.AddStaff(t.Context(), tenant, string(role)+"@example.net", role.Words(), uuid.NewString(), role))(t)
		f.links[role] = link(p)
		if role == rights.Tier1 {
			f.phone = link(p)
		}
	}
}

// signIn comes in by a link.
func (p *tab) signIn(link string) {
	p.t.Helper()
	p.expecting(`network: .* 401 .*/v1/staff/session$`, func() {
		p.visit(link)
		p.until("the fleet", el("fleet")+`?.querySelector("[data-home]")`)
	})
}

// there is a screen whose data came, and nothing went wrong.
const there = `document.querySelector("main h1") && !document.querySelector(".skeleton") && !document.querySelector("main .trouble")`

// consoleRoles goes to every screen as each role: what somebody may not see is not offered and not asked for (a refusal would fail the
// test), and by its address it says who may.
func consoleRoles(t *testing.T, browser context.Context, f *filled) {
	hidden := map[rights.Role][]string{
		rights.Tier1: {"/rollouts", "/intel", "/hunts"}, rights.Tier2: {"/rollouts", "/intel", "/hunts"}, rights.SOC: {}, rights.Engineer: {"/intel", "/hunts"},
		rights.Privacy: {"/rollouts", "/intel", "/hunts"}, rights.Admin: {},
	}
	for _, role := range rights.Roles {
		if !role.OfPeople() {
			continue
		}
		s := open(t, browser, 1280, 800, false, chromedp.WithNewBrowserContext())
		s.step(t, "as "+string(role), func(t *testing.T) {
			s.signIn(f.links[role])
			s.says("me", role.Words())
			if names := eval[int](s, `[...document.querySelectorAll('[data-testid="fleet"] [data-home] a')].filter((a) => /^home [a-z2-7]{4}-/.test(a.innerText)).length`); (names > 0) != (role == rights.SOC) {
				t.Errorf("%d homes have another name than their own", names)
			}
			ways := eval[[]string](s, `[...document.querySelectorAll("nav a")].map((a) => a.getAttribute("href").replace("/staff", ""))`)
			if len(ways) != 15-len(hidden[role]) {
				t.Errorf("it is offered %v", ways)
			}
			for _, path := range ways {
				if slices.Contains(hidden[role], path) {
					t.Errorf("%s is offered", path)
				}
				s.click(`document.querySelector('nav a[href=` + quote("/staff"+path) + `]')`)
				s.until(path, `location.pathname === `+quote("/staff"+path)+` && document.querySelector('nav a[aria-current="page"]')?.getAttribute("href") === `+quote("/staff"+path)+" && "+there)
			}
			for _, path := range hidden[role] {
				s.visit(f.app + "/staff" + path)
				s.says("refused", "Your role does not show this.")
				s.says("who-may", "can do this")
			}
			if len(hidden[role]) > 0 {
				s.axe("console: a screen that a role does not show")
				s.picture("console-refused")
			}
			switch role {
			case rights.Engineer:
				consoleSteers(s, f)
				consoleHolds(t, s, f)
			case rights.Admin: // comes after the engineer
				consoleLetsOut(s, f)
			}
		})
	}
}

// consoleSteers proposes a rollout as a network engineer, and gives a home a place of its own.
func consoleSteers(s *tab, f *filled) {
	s.visit(f.app + "/staff/rollouts")
	s.tap("rollout-new")
	s.choose("rollout-bundle", "playbooks")
	s.enter(el("rollout-reason"), "New steps for recorders")
	s.click(`document.querySelector('dialog[open] input[name="propose"]')`)
	s.axe("console: starting a rollout")
	s.tap("rollout-begin")
	s.says("rollout-begun", "The newest version of playbooks goes to all homes")
	s.tap("pin-new")
	s.enter(el("pin-find"), f.slow.account)
	s.tap("pin-find-do")
	s.until("the home", el("pin-form"))
	s.choose("pin-ring", "lab")
	s.enter(el("pin-reason"), "A home of ours")
	s.axe("console: pinning a home")
	s.tap("pin-do")
	s.until("the pin", el("pins")+`?.innerText.includes("Ring lab")`)
	s.tap("pin-back")
	s.enter(`document.querySelector('dialog[open] input[name="reason"]')`, "It has moved")
	s.click(`document.querySelector('dialog[open] form button')`)
	s.until("no pin", `!`+el("pins"))
}
