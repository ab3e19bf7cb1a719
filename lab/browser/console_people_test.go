package browser_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

const colleague = "analyst@example.net"

// joined makes a second person of staff, who proposes to look into the past, and a link that signs them in.
func joined(t *testing.T, rooms *rooms.Rooms, tenant string) string {
	t.Helper()
	analyst := got(rooms.Accounts.AddStaff(t.Context(), tenant, colleague, "Analyst", uuid.NewString(), rights.SOC))(t)
	hunt := `{"of":[{"kind":"domain","value":"loader.example.net","family":"Mirai"}],"why":"A partner told us of it"}`
	for range 2 { // one is refused, one waits
		got(rooms.Staff.Propose(t.Context(), tenant, "hunt", []byte(hunt), analyst.ID, "A partner told us of a loader"))(t)
	}
	return "/staff/sign-in#" + got(rooms.Accounts.SignInLink(t.Context(), account.Staff, tenant, analyst.ID, time.Hour))(t)
}

// consoleBlock proposes to block in many homes what cases of a model called, after a look at whom it would have touched.
func consoleBlock(t *testing.T, s *tab, f *filled) {
	s.step(t, "a block of many homes is tried, then proposed", func(*testing.T) {
		const model = "Meshwork DVR 8" // rare enough: a block goes to at most 5,000 devices
		s.visit(f.app + "/staff/detections?by=model")
		s.says("detections", model)
		s.visit(f.app + "/staff/detections?by=indicator")
		campaign := `[...document.querySelectorAll('[data-testid="detections"] tbody tr')].find((r) => r.cells[2].innerText.includes("."))`
		s.until("a campaign", campaign)
		s.click(campaign + `.querySelector("button")`)
		s.says("reach", "home")
		s.enter(el("block-model"), model)
		s.enter(el("block-why"), "It steers a botnet")
		s.tap("block-try")
		s.until("what it would have touched", el("block-dry"))
		s.axe("console: a block of many homes")
		s.picture("console-block")
		s.tap("block-propose")
		s.says("proposed", "It waits for another person")
		s.says("proposed", "devices in")
	})
}

// answered is what the cloud answers to one of the provider's systems.
func (f *filled) answered(t *testing.T, token string) int {
	t.Helper()
	req := got(http.NewRequestWithContext(t.Context(), http.MethodGet, f.app+"/v1/staff/overview", http.NoBody))(t)
	req.Header.Set("Authorization", "Bearer "+token)
	resp := got(http.DefaultClient.Do(req))(t)
	if err := resp.Body.Close(); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// consolePeople walks through who may do what: an administrator first, then somebody who manages nobody.
func consolePeople(t *testing.T, browser context.Context, f *filled) {
	s := open(t, browser, 1280, 800, false, chromedp.WithNewBrowserContext())
	s.step(t, "staff come in", func(*testing.T) { s.signIn(f.again) })
	consoleBlock(t, s, f)
	at := func(view string) { s.visit(f.app + "/staff/people?view=" + view) }
	s.step(t, "people, and what they are", func(*testing.T) {
		at("people")
		theirs := `document.querySelector('[data-person="` + colleague + `"]')`
		s.until("the colleague", theirs)
		s.axe("console: people")
		s.picture("console-people")
		s.click(theirs + `.querySelector('[data-testid="set-roles"]')`)
		s.until("the roles", `document.querySelectorAll('dialog[open] input[name="role"]').length === 6`)
		s.axe("console: roles")
		s.click(`document.querySelector('dialog[open] input[value="privacy"]')`)
		s.tap("roles-do")
		s.until("the new role", theirs+`?.innerText.includes("Privacy officer, SOC analyst")`)
		at("rights")
		s.says("rights", "two persons")
		s.axe("console: rights")
		s.picture("console-rights")
	})
	s.step(t, "what one proposed another decides", func(*testing.T) {
		at("approvals")
		theirs := `[...document.querySelectorAll('[data-testid="approval"]')].find((e) => e.innerText.includes("A partner told us of a loader"))`
		s.until("theirs", theirs)
		s.axe("console: approvals")
		s.click(theirs + `.querySelector('[data-testid="refuse"]')`)
		s.enter(el("decide-why"), "That partner has been wrong before")
		s.tap("decide")
		at("ended")
		s.until("that it is refused", el("approval")+`?.dataset.state === "refused"`)
		s.says("decided", "That partner has been wrong before")
		s.axe("console: what was decided")
		s.picture("console-approvals")
	})
	s.step(t, "a token is shown once, lets a system in, and ends", func(t *testing.T) {
		at("tokens")
		s.tap("new-token")
		s.enter(el("token-name"), "Reports")
		s.click(`document.querySelector('input[value="fleet.view"]')`)
		s.axe("console: a new token")
		s.tap("token-do")
		s.until("the secret", el("secret"))
		secret := eval[string](s, el("secret")+`.querySelector("pre").innerText`)
		s.axe("console: a token's secret")
		if code := f.answered(t, secret); code != http.StatusOK {
			t.Errorf("the new token is answered %d", code)
		}
		s.tap("secret-gone")
		reports := `document.querySelector('[data-token="Reports"]')`
		s.until("the token, without its secret", reports+` && !document.body.innerText.includes(`+quote(secret)+`)`)
		s.picture("console-tokens")
		s.click(reports + `.querySelector('[data-testid="revoke"]')`)
		s.tap("sure")
		s.until("its end", reports+`?.dataset.good === "false"`)
		if code := f.answered(t, secret); code != http.StatusUnauthorized {
			t.Errorf("the ended token is answered %d", code)
		}
	})
	s.step(t, "a webhook, its secret, and what it was sent", func(*testing.T) {
		at("webhooks")
		s.tap("new-webhook")
		s.enter(el("webhook-name"), "Service desk")
		s.enter(el("webhook-url"), "https://192.0.2.10/cardea") // nobody's (RFC 5737), and never called: it is not public
		s.click(`document.querySelector('input[value="incident.opened"]')`)
		s.until("what was typed", el("webhook-url")+`?.value.endsWith("/cardea") && document.querySelector('input[value="incident.opened"]').checked`)
		s.tap("webhook-do")
		s.says("secret", "whsec_")
		s.tap("secret-gone")
		s.says("webhook", "incident.opened")
		s.tap("webhook-test")
		s.until("the test", el("deliveries")+`?.querySelector('[data-kind="test"]')`)
		s.tap("send-again")
		s.until("that it waits again", el("deliveries")+`?.querySelector('[data-kind="test"][data-state="waiting"]')`)
		s.axe("console: webhooks")
		s.picture("console-webhooks")
	})
	consoleIntel(t, s, f)
	consolePlans(t, s, f)
	s.step(t, "who manages nobody is shown what they can decide, and the rights", func(*testing.T) {
		s.click(button("Sign out"))
		s.expecting(`network: .* 401 .*/v1/staff/session$`, func() {
			s.until("that nobody is signed in", `document.querySelector('input[type="password"]')`)
			s.visit(f.app + f.colleague)
			s.until("the fleet", el("fleet"))
		})
		at("tokens")
		s.until("their own", `[...document.querySelectorAll('[data-testid="approval"]')].some((e) => e.innerText.includes("You proposed it"))`)
		s.until("nothing else", `!`+el("new-token")+` && !document.querySelector(".trouble") && document.querySelectorAll('input[type="radio"]').length === 3`)
		s.says("who-may", "An administrator can do this.")
		s.axe("console: people, for an analyst")
	})
	s.step(t, "the other person agrees to the block of many homes", func(*testing.T) {
		at("approvals")
		theirs := `[...document.querySelectorAll('[data-testid="approval"]')].find((e) => e.innerText.includes("Block in many homes"))`
		s.click(theirs + `.querySelector('[data-testid="agree"]')`)
		s.enter(el("decide-why"), "It steers a botnet, and nobody needs it")
		s.tap("decide")
		at("ended")
		s.until("that it is done", `[...document.querySelectorAll('[data-testid="approval"]')].find((e) => e.innerText.includes("Block in many homes"))?.dataset.state === "done"`)
		s.says("decided", "Agreed by")
		s.says("result", "Asked for")
	})
	consoleHuntEnds(t, s, f)
}
