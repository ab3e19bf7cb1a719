package browser_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// heldWhy is why lists that are held back are to go out; what is proposed is found by it.
const heldWhy = "They were tried for a week, and nothing broke"

// heldLists publishes lists by command while lists are held back (cardea rollout hold lists, as the made-up fleet does): they wait.
func heldLists(t *testing.T, f *filled) {
	t.Helper()
	lists := t.TempDir()
	if err := os.WriteFile(filepath.Join(lists, "malware.txt"), []byte("held.example.net\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), filepath.Join(bin, "cardea"), "admin", "--data", f.dir, "intel", "publish", lists, "--agree").CombinedOutput()
	if err != nil {
		t.Fatalf("publish: %v\n%s", err, out)
	}
}

// underWay is the line of a version of lists among the rollouts, with what stands in it.
func underWay(version, says string) string {
	return `[...document.querySelectorAll('[data-testid="rollouts"] [data-rollout]')].find((r) => r.innerText.includes("lists") && r.cells[1].innerText.startsWith(` + quote(version) + `) && r.innerText.includes(` + quote(says) + `))`
}

// consoleHolds has the engineer undo the lists that are tried, which makes version 4 of what was before. Those that come then, as version 5, go to
// nobody: they are held back. Letting them out is proposed.
func consoleHolds(t *testing.T, s *tab, f *filled) {
	t.Helper()
	s.visit(f.app + "/staff/rollouts")
	s.click(underWay("3", "Judges without acting") + `?.querySelector("a")`)
	s.tap("rollout-undo")
	s.enter(`document.querySelector('dialog[open] input[name="reason"]')`, "Newer ones are there")
	s.click(`document.querySelector('dialog[open] form button')`)
	s.until("that they are undone", `document.querySelector("main").innerText.includes("Undone") && `+there)
	heldLists(t, f)
	s.visit(f.app + "/staff/rollouts")
	s.until("that the next ones wait", underWay("3", "Undone")+` && !`+underWay("5", "")+` && `+there)
	s.tap("rollout-new")
	s.choose("rollout-bundle", "lists")
	s.enter(el("rollout-reason"), heldWhy)
	s.click(`document.querySelector('dialog[open] input[name="propose"]')`)
	s.tap("rollout-begin")
	s.says("rollout-begun", "The newest version of lists goes to all homes")
	s.until("that they still wait", `!`+underWay("5", "")+` && `+there)
}

// consoleLetsOut has the administrator agree: the lists go out, ring by ring.
func consoleLetsOut(s *tab, f *filled) {
	s.visit(f.app + "/staff/people?view=approvals")
	theirs := `[...document.querySelectorAll('[data-testid="approval"]')].find((e) => e.innerText.includes(` + quote(heldWhy) + `))`
	s.click(theirs + `?.querySelector('[data-testid="agree"]')`)
	s.enter(el("decide-why"), "It was looked at with the engineer")
	s.axe("console: letting lists out")
	s.tap("decide")
	s.until("that it is decided", there+` && !`+theirs)
	s.visit(f.app + "/staff/rollouts")
	s.until("that they go out", underWay("5", "Under way"))
}
