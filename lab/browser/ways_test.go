package browser_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
)

const (
	anna, ben = "anna@example.net", "ben@example.net"
	hers, his = "a password of hers", "a password of his"
)

// signingIn are the refused requests of somebody who is not signed in.
const signingIn = `network: .* 401 .*/v1/session$`

// Each way into a home and out of it again, from the code on the gateway's label on, and the forms by which its people decide: clicked
// through by two people on one phone. At the end the cloud hangs, and is gone.
func TestWaysIn(t *testing.T) {
	t.Parallel()
	h := aHouse(t)
	p := open(t, chromium(t), 360, 740, true)
	p.keys()
	p.step(t, "help and checking a message, for everybody, in both languages", func(t *testing.T) {
		p.expecting(signingIn, func() { h.everybody(p) })
	})
	p.step(t, "first sign-in by the label, with a passkey", func(t *testing.T) {
		p.visit(h.app + "/start#" + h.label)
		p.tap("label-look")
		p.until("one way stays for what is critical", el("told-email")+`?.checked && `+el("told-email")+`.disabled && `+el("told-more")+`.checked`)
		p.axe("first sign-in")
		p.picture("open-start")
		p.enter(of("start-passkey", "name"), "Anna")
		p.enter(of("start-passkey", "email"), anna)
		p.tap("start-passkey")
		p.inside(h)
		p.until("who chose is not asked", el("home-card")+` && !document.querySelector(".skeleton") && !`+el("asking"))
	})
	p.step(t, "the case is told as in its message, in both languages", func(t *testing.T) { h.told(p) })
	p.step(t, "new devices, what was stopped, the week, a code for the phone", func(t *testing.T) { h.read(p) })
	p.step(t, "how to be told", func(t *testing.T) { h.notified(p) })
	var codes, link string
	p.step(t, "members are invited, and one invitation is taken back", func(t *testing.T) { link = h.invited(p) })
	p.step(t, "recovery codes", func(t *testing.T) {
		p.visit(h.app + "/account")
		p.until("the passkey", el("passkey"))
		p.tap("make-codes")
		p.until("codes", el("recovery-codes"))
		codes = eval[string](p, el("recovery-codes")+`.children[0].innerText`)
		p.axe("recovery codes")
	})
	p.step(t, "out, and in by the passkey", func(t *testing.T) {
		p.out(h)
		p.tap("passkey")
		p.inside(h)
		p.out(h)
	})
	p.step(t, "an invitation is accepted", func(t *testing.T) {
		p.expecting(signingIn, func() {
			p.visit(link)
			p.until("the offer", el("offer")+`?.dataset.role === "member"`)
			p.axe("an invitation")
			p.picture("open-invited")
			p.tap("start-other")
			p.enter(of("start-password", "name"), "Ben")
			p.enter(of("start-password", "password"), his)
			p.tap("told-more")
			p.until("only what needs him", `!`+el("told-more")+`.checked`)
			p.tap("start-password")
			p.inside(h)
		})
		p.visit(h.app + "/notifications")
		p.until("it is kept", el("way-email-critical")+`?.checked && `+el("way-email-important")+`.checked && !`+el("way-email-info")+`.checked && !`+el("way-email-report")+`.checked`)
		p.visit(h.app + "/members")
		p.until("both", `document.querySelectorAll('[data-testid="member"]').length === 2`)
		if eval[bool](p, `!!`+el("invite")) {
			t.Error("a member may invite")
		}
		p.out(h)
	})
	p.step(t, "a way back by letter, and in by the new password", func(t *testing.T) {
		p.tap("to-recover")
		p.enter(of("recover-letter", "email"), ben)
		p.tap("recover-letter")
		p.until("it is sent", el("letter-sent"))
		p.visit(h.post.link(t, ben, "recover"))
		p.enter(of("recover-link", "password"), his+" 2")
		p.tap("recover-link")
		p.inside(h)
		p.out(h)
		p.enter(`document.querySelector('form [name="email"]')`, ben)
		p.enter(`document.querySelector('form [name="password"]')`, his+" 2")
		p.press("\r")
		p.inside(h)
		p.out(h)
	})
	p.step(t, "a way back by a code that was written down", func(t *testing.T) {
		p.tap("to-recover")
		p.until("the form", el("recover-code"))
		p.enter(of("recover-code", "email"), anna)
		p.enter(of("recover-code", "code"), codes)
		p.enter(of("recover-code", "password"), hers)
		p.axe("ways back")
		p.picture("open-recover")
		p.tap("recover-code")
		p.inside(h)
	})
	p.step(t, "a member may only look from now on, and is taken out", func(t *testing.T) {
		p.visit(h.app + "/members")
		p.choose("member-role", "viewer")
		p.until("a viewer", `document.querySelector('[data-testid="member"][data-role="viewer"]')`)
		p.tap("remove-member")
		p.tap("confirm")
		p.until("one is left", `document.querySelectorAll('[data-testid="member"]').length === 1`)
	})
	p.step(t, "the cloud takes questions and does not answer, then it is gone", func(t *testing.T) { h.cut(p) })
}

// of is a field of the form that a button is of, in JavaScript.
func of(button, field string) string {
	return el(button) + `?.form.elements[` + quote(field) + `]`
}

// keys gives the tab's browser a place for passkeys that asks nobody.
func (p *tab) keys() {
	p.t.Helper()
	call(p, webauthn.Enable, webauthn.EnableParams{})
	call(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{Protocol: "ctap2", Transport: "internal",
		HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
}

// inside waits for the home, after which nothing of the way in is left in the address.
func (p *tab) inside(h *house) {
	p.t.Helper()
	p.until("the home", el("home-sentence"))
	if at := eval[string](p, "location.href"); at != h.app+"/" {
		p.t.Errorf("the address is %s", at)
	}
}

// asked: somebody whose account was made for them is asked once how they want to be told, below what needs them. By the keyboard they say
// that only what needs them is for them; who chose when they made their account is not asked.
func (p *tab) asked(app string) {
	p.t.Helper()
	p.until("the question, below the case", `((q, c) => q && c && !!(c.compareDocumentPosition(q) & Node.DOCUMENT_POSITION_FOLLOWING))(`+el("asking")+`, `+el("home-card")+`)`)
	p.until("one way stays for what is critical", el("told-email")+`.checked && `+el("told-email")+`.disabled`)
	p.axe("asking how to be told")
	p.picture("asking")
	for _, key := range []struct{ at, press string }{{"told-more", " "}, {"asking-keep", "\r"}} {
		eval[bool](p, `(`+el(key.at)+`.focus(), true)`)
		p.press(key.press)
	}
	p.until("it is kept, and said to whoever reads there", `document.activeElement === `+el("asked"))
	p.visit(app + "/notifications")
	p.until("what they chose", el("way-email-critical")+`?.checked && `+el("way-email-important")+`.checked && !`+el("way-email-info")+`.checked`)
	p.visit(app + "/")
	p.until("they are not asked again", el("home-card")+` && !document.querySelector(".skeleton") && !`+el("asking"))
}

// out signs out by the button.
func (p *tab) out(h *house) {
	p.t.Helper()
	p.expecting(signingIn, func() {
		p.click(button("More"))
		p.tap("sign-out")
		p.until("signed out", `location.pathname === "/sign-in" && `+el("passkey"))
	})
}

// in switches the language and waits until the page has it.
func (p *tab) in(language string) {
	p.t.Helper()
	p.choose("language", language)
	p.until(language, `document.documentElement.lang === `+quote(language)+` && document.querySelector("h1") && !document.querySelector(".skeleton")`)
}

// everybody is what people read who are not signed in.
func (h *house) everybody(p *tab) {
	p.t.Helper()
	p.visit(h.app + "/help")
	p.until("the sections", `document.querySelectorAll('[data-testid="help-section"]').length > 4`)
	english := p.text("help-text")
	p.axe("help for everybody")
	p.picture("open-help")
	p.in("de")
	p.until("German", `((e) => e && !e.lang && e.innerText !== `+quote(english)+`)(`+el("help-text")+`)`)
	p.in("en")
	p.visit(h.app + "/genuine")
	p.enter(el("genuine-code"), "ABCDE-FGHJK")
	p.tap("genuine-check")
	p.until("it is not ours", el("genuine")+`?.dataset.genuine === "false"`)
	p.axe("checking a message")
	p.picture("open-genuine")
}

func (h *house) told(p *tab) {
	p.t.Helper()
	card := `document.querySelector('[data-testid="home-card"][data-kind="incident"]')`
	p.until("the case", card+`?.innerText.includes("Your kitchen-camera is sending traffic that looks like malware (it called many computers on the internet that did not answer). We've kept it away from your other devices. Do this: unplug it, ")`)
	p.click(button("More"))
	p.in("de")
	p.click(button("Zuhause"))
	p.until("the case in German", card+`?.innerText.includes("Ihr Gerät „kitchen-camera“ sendet Daten, die nach Schadsoftware aussehen (es hat viele Rechner ")`)
	p.click(card + `.querySelector("a")`)
	p.says("alert", "Wir halten es von Ihren anderen Geräten fern. Das können Sie tun: ")
	p.axe("a case in German")
	p.picture("incident-german")
	p.click(button("Mehr"))
	p.in("en")
	p.visit(h.app + "/exposures")
	p.says("exposures", "kitchen-camera can be reached from the internet on port 8080.")
	p.says("exposures", "If you didn't set this up, close it.")
}

func (h *house) read(p *tab) {
	p.t.Helper()
	waits, known := `document.querySelector('[data-testid="new-device"][data-held="true"]')`, `document.querySelector('[data-testid="new-device"][data-held="false"]')`
	p.visit(h.app + "/devices/new")
	p.until("who waits", waits+`?.innerText.replace(/[\u2068\u2069]/g, "").includes("A new device joined: probably a tablet by Example. Do you recognise it?")`)
	p.click(inside(waits, `[data-testid="admit"]`))
	p.until("it is in", `[...document.querySelectorAll('[data-testid="admitted"]')].some((e) => e.innerText.includes("Let in"))`)
	p.click(inside(known, `[data-testid="know"]`))
	p.until("it is known", `document.querySelectorAll('[data-testid="admitted"]').length === 2`)
	p.tap("approve-hold")
	p.until("the next one waits", el("policy-approve")+`?.dataset.value === "hold"`)
	p.visit(h.app + "/stopped")
	p.says("stopped", "We stopped office-laptop opening a site known for stealing passwords (login.bank.example). No action needed, unless you already typed a password there.")
	p.click(inside(el("stop"), "summary"))
	for _, want := range []string{"Rule: list example-list, phishing.", "How sure the list is: 90 of 100.", "None of them ever did this.", "It never did this before.", "The block cuts: login.bank.example"} {
		p.says("stop-why", want)
	}
	for n := range 2 {
		p.tap("earlier")
		p.until("earlier days", fmt.Sprintf(`document.querySelectorAll('[data-testid="stopped-day"]').length === %d`, n+2))
	}
	p.says("stopped", "last-week.example")
	p.says("stopped", "months-ago.example")
	p.until("all that is kept", el("stopped-all"))
	p.axe("stopped, day by day")
	p.picture("stopped-days")
	p.visit(h.app + "/reports")
	p.tap("report")
	p.until("the week", el("week-sentence"))
	p.axe("a week")
	p.picture("week")
	p.visit(h.app + "/help")
	p.says("help-code", h.code)
}

func (h *house) notified(p *tab) {
	p.t.Helper()
	p.visit(h.app + "/notifications")
	p.until("it is kept with her language what she chose when she came", el("way-email-report")+`?.checked && `+el("notify-language")+`?.value === "en"`)
	p.choose("notify-language", "de")
	p.until("it is theirs", el("notify-language")+`?.value === "de" && !`+el("notify-language")+`.disabled`)
	p.tap("test")
	p.until("it is sent", el("test-sent"))
	p.until("it has arrived", `document.querySelector('[data-testid="delivery"][data-way="email"][data-status="sent"]')`)
	code := eval[string](p, el("delivery")+`.querySelector("code").innerText`)
	report := el("way-email-report")
	was := eval[bool](p, report+".checked")
	p.click(report)
	p.until("it changed", fmt.Sprintf(`%s.checked === %v && !%s.disabled`, report, !was, report))
	p.tap("quiet-set")
	p.until("quiet hours", el("quiet")+`?.dataset.on === "true"`)
	p.tap("quiet-off")
	p.until("no quiet hours", el("quiet")+`?.dataset.on === "false"`)
	p.visit(h.app + "/genuine")
	p.enter(el("genuine-code"), code)
	p.tap("genuine-check")
	p.until("it is ours", el("genuine")+`?.dataset.genuine === "true"`)
	p.says("genuine", "Example Net")
}

// invited invites Ben, and somebody else whose invitation is taken back. It gives the link of Ben's letter.
func (h *house) invited(p *tab) string {
	p.t.Helper()
	p.visit(h.app + "/members")
	p.choose("invite-role", "viewer")
	p.tap("invite")
	p.until("a link", el("invite-link")+`?.value.includes("/invited#")`)
	p.tap("take-invitation-back")
	p.until("none is left", `!`+el("invitation"))
	p.choose("invite-role", "member")
	p.enter(el("invite-email"), ben)
	p.tap("invite")
	p.until("his", el("invitation")+`?.innerText.includes(`+quote(ben)+`)`)
	return h.post.link(p.t, ben, "invited")
}

// cut stops the cloud's process, which then holds connections and answers none, and ends it. What was known is there with its time; what
// was not is said to be missing.
func (h *house) cut(p *tab) {
	p.t.Helper()
	p.until("the service worker", `navigator.serviceWorker.ready.then((r) => !!r.active)`)
	for _, path := range []string{"/stopped", "/"} { // through the service worker, which keeps them
		p.visit(h.app + path)
		p.until(path, `document.querySelector("h1:not(.hidden)") && !document.querySelector(".skeleton") && !`+el("as-of"))
	}
	p.expecting(`network: .*`, func() {
		if err := h.cloud.Signal(syscall.SIGSTOP); err != nil {
			p.t.Fatal(err)
		}
		p.visit(h.app + "/")
		p.until("the sentence", el("home-sentence"))
		p.says("as-of", "The connection is slow. This is as of ")
		h.end()
		p.visit(h.app + "/stopped")
		p.says("stopped", "login.bank.example")
		p.says("as-of", "No connection. This is as of ")
		p.axe("stopped, without the cloud")
		p.picture("stopped-offline")
		p.visit(h.app + "/members")
		p.until("that it is missing", el("trouble")+` && !document.querySelector(".skeleton")`)
	})
}
