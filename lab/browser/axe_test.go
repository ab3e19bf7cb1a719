package browser_test

import (
	"os"
	"path/filepath"
	"sync"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// axeSource is the accessibility checker that the apps' own dependencies bring.
var axeSource = sync.OnceValues(func() ([]byte, error) {
	return os.ReadFile(filepath.Join(root, "web/node_modules/axe-core/axe.min.js"))
})

type violation struct {
	ID     string   `json:"id"`
	Impact string   `json:"impact"`
	Help   string   `json:"help"`
	Nodes  []string `json:"nodes"`
}

// schemes are what is checked in each: all of it when the page is light, and whatever depends on colours again when it is dark. The
// elements are the same in both.
var schemes = []struct{ name, options string }{
	{"light", `{resultTypes: ["violations"]}`},
	{"dark", `{resultTypes: ["violations"], runOnly: {type: "rule", values: ["color-contrast", "link-in-text-block"]}}`},
}

// axe checks what is on the screen, light and dark: nothing is tolerated.
func (p *tab) axe(screen string) {
	p.t.Helper()
	src, err := axeSource()
	if err != nil {
		p.t.Fatalf("no accessibility checker; make web installs it: %v", err)
	}
	if !eval[bool](p, "!!window.axe") {
		eval[bool](p, string(src)+";!!window.axe") // the console's own: the page's policy holds for the page
	}
	for _, scheme := range schemes {
		p.scheme(scheme.name)
		found := eval[[]violation](p, `axe.run(document, `+scheme.options+`).then((r) => r.violations.map((v) => ({
			id: v.id, impact: v.impact ?? "", help: v.help, nodes: v.nodes.slice(0, 5).map((n) => n.html.slice(0, 200) + " " + n.failureSummary.slice(0, 300))})))`)
		for _, v := range found {
			p.t.Errorf("%s, %s: %s (%s): %s\n%q", screen, scheme.name, v.ID, v.Impact, v.Help, v.Nodes)
		}
		p.fits(screen)
	}
	p.scheme("light")
}

// fits fails if the page is wider than the screen.
func (p *tab) fits(screen string) {
	p.t.Helper()
	if over := eval[float64](p, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); over > 0 {
		p.t.Errorf("%s is %v px wider than the screen", screen, over)
	}
}

// picture keeps what is on the screen for the README, when CARDEA_PICTURES=1.
func (p *tab) picture(name string) {
	p.t.Helper()
	if os.Getenv("CARDEA_PICTURES") != "1" {
		return
	}
	p.save(filepath.Join(root, "docs/img", name+".png"))
}

// top scrolls an element to the top of the screen.
func (p *tab) top(js string) {
	p.t.Helper()
	eval[bool](p, js+`.scrollIntoView({block: "start", behavior: "instant"}), true`)
}

// shoot keeps the screen of a failed test where CARDEA_SHOTS says.
func (p *tab) shoot(name string) {
	if dir := os.Getenv("CARDEA_SHOTS"); dir != "" {
		p.save(filepath.Join(dir, name+".png"))
	}
}

func (p *tab) save(file string) {
	p.t.Helper()
	eval[bool](p, `document.activeElement?.blur(), true`)
	call(p, page.BringToFront, cdp.Empty{})
	shot := call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	b, err := small(shot.Data)
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("%s: %d KB", filepath.Base(file), len(b)>>10)
}
