package browser_test

import "testing"

// huntWhy is why somebody looks into homes' pasts; what is proposed is found by it.
const huntWhy = "The sector's exchange told us of a botnet"

// having is a part of the page with an attribute of that value.
func having(attribute, value string) string {
	return `document.querySelector('[data-` + attribute + `="` + value + `"]')`
}

// consoleIntel adds a source, makes an exception and ends it, and proposes to look into homes' pasts: each is shown before it is done.
func consoleIntel(t *testing.T, s *tab, f *filled) {
	s.step(t, "a source is added, after a look at what will happen", func(*testing.T) {
		s.visit(f.app + "/staff/intel")
		s.tap("source-new")
		s.enter(el("source-name"), "partner")
		s.enter(el("source-url"), "https://lists.example.net/bad.txt") // nothing asks it here
		s.enter(el("source-reason"), "Contract 12")
		s.axe("console: a new source")
		s.tap("source-preview")
		s.says("source-does", "no home blocks anything because of it")
		s.axe("console: what a source does")
		s.tap("source-put")
		s.until("the source", having("source", "partner")+`?.innerText.includes("Not asked yet")`)
	})
	s.step(t, "a source is changed, asked and removed", func(*testing.T) {
		partner := having("source", "partner")
		s.click(partner + `.querySelector('[data-testid="source-change"]')`)
		s.until("what it was", el("source-url")+`?.value === "https://lists.example.net/bad.txt"`)
		s.enter(el("source-trust"), "70")
		s.enter(el("source-reason"), "It was good for a month")
		s.tap("source-preview")
		s.says("source-does", "in the next lists of all homes")
		s.tap("source-put")
		s.until("its trust", partner+`?.innerText.includes("70")`)
		s.click(partner + `.querySelector('[data-testid="source-fetch"]')`)
		s.enter(el("source-why"), "They mended it")
		s.tap("source-do")
		s.until("that it was asked for", `!`+el("source-do")+` && !document.querySelector(".trouble")`)
		s.picture("console-source")
		s.click(partner + `.querySelector('[data-testid="source-remove"]')`)
		s.enter(el("source-why"), "The contract ended")
		s.tap("source-do")
		s.until("that it is gone", `!`+partner+` && !document.querySelector(".trouble")`)
	})
	s.step(t, "an exception is made, and ended", func(*testing.T) {
		s.enter(el("exception-value"), "shop.example.net")
		s.enter(el("exception-why"), "Customers called")
		s.tap("exception-try")
		s.says("exception-does", "no list blocks shop.example.net")
		s.axe("console: an exception")
		s.tap("exception-do")
		shop := having("exception", "shop.example.net")
		s.until("the exception", shop+`?.innerText.includes("Customers called")`)
		s.click(shop + `.querySelector('[data-testid="exception-end"]')`)
		s.enter(el("end-why"), "The list was mended")
		s.tap("end-do")
		s.until("its end", `!`+shop+` && !document.querySelector(".trouble")`)
	})
	s.step(t, "a hunt is proposed", func(*testing.T) {
		s.visit(f.app + "/staff/hunts")
		s.enter(el("hunt-of"), "loader.example.net")
		s.enter(el("hunt-family"), "Mirai")
		s.enter(el("hunt-why"), huntWhy)
		s.tap("hunt-try")
		s.says("hunt-does", "When another person agrees")
		s.axe("console: a hunt, proposed")
		s.tap("hunt-propose")
		s.says("hunt-proposed", "It waits for another person")
		s.says("hunts-wait", "another person")
	})
}

// consoleHuntEnds has the other person agree to the hunt, see it and end it.
func consoleHuntEnds(t *testing.T, s *tab, f *filled) {
	s.step(t, "the other person agrees to the hunt, and ends it", func(*testing.T) {
		s.visit(f.app + "/staff/people?view=approvals")
		theirs := `[...document.querySelectorAll('[data-testid="approval"]')].find((e) => e.innerText.includes(` + quote(huntWhy) + `))`
		s.click(theirs + `?.querySelector('[data-testid="agree"]')`)
		s.enter(el("decide-why"), "The exchange is reliable")
		s.tap("decide")
		s.until("that it is decided", there+` && !`+theirs)
		s.visit(f.app + "/staff/hunts")
		hunt := `[...document.querySelectorAll('[data-testid="hunt"]')].find((e) => e.innerText.includes(` + quote(huntWhy) + `))`
		s.until("the hunt", hunt+`?.dataset.open === "true"`)
		s.axe("console: a hunt")
		s.click(hunt + `.querySelector('[data-testid="hunt-end"]')`)
		s.enter(el("hunt-end-why"), "Enough homes have answered")
		s.tap("hunt-end-do")
		s.until("its end", hunt+`?.dataset.open === "false"`)
	})
}

// consolePlans makes a plan and changes how the provider shows itself, each after a look at what will happen.
func consolePlans(t *testing.T, s *tab, f *filled) {
	s.step(t, "a plan is made and taken away, and the brand changes", func(*testing.T) {
		s.visit(f.app + "/staff/plans")
		s.tap("plan-new")
		s.enter(el("plan-id"), "family")
		s.enter(el("plan-name"), "Family")
		s.click(`document.querySelector('input[name="extra"][value="people"]')`)
		s.axe("console: a new plan")
		s.tap("plan-preview")
		s.says("plan-does", "every home has everything")
		s.tap("plan-save")
		family := having("plan", "family")
		s.until("the plan", family+`?.innerText.includes("bedtimes")`)
		s.enter(el("brand-accent"), "#ffcc00")
		s.enter(el("brand-phone"), "+49 30 123456")
		s.tap("brand-preview")
		s.says("brand-does", "Phone: none becomes +49 30 123456.")
		s.tap("brand-save")
		s.says("brand-sample", "+49 30 123456")
		s.axe("console: a plan and a brand")
		s.picture("console-brand")
		s.click(family + `.querySelector('[data-testid="plan-remove"]')`)
		s.tap("sure")
		s.until("that it is gone", `!`+family+` && !document.querySelector(".trouble")`)
	})
}
