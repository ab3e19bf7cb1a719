package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long a tab waits for what must come. It is long: a busy machine is no fault.
const patience = 2 * time.Minute

// tab is one tab of a browser. What goes wrong in it by itself (an error on the console, an exception, a broken content
// security policy, a dialog) fails the test.
type tab struct {
	t   *testing.T // of the step that runs
	ctx context.Context
	sw  *tab // the service worker behind it, once asked for

	mu     sync.Mutex
	faults []string
	expect *regexp.Regexp // refused requests that belong to the step; nil: none
}

// open makes a tab with a viewport of its own.
func open(t *testing.T, browser context.Context, width, height int64, phone bool, as ...chromedp.ContextOption) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(browser, as...)
	p := &tab{t: t, ctx: ctx}
	t.Cleanup(func() {
		p.t = t
		p.clean()
		cancel()
	})
	if err := chromedp.Listen(ctx, p.heard); err != nil {
		t.Fatal(err)
	}
	call(p, log.Enable, cdp.Empty{})
	call(p, runtime.Enable, cdp.Empty{})
	call(p, page.Enable, page.EnableParams{})
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 2, Mobile: phone})
	p.scheme("light")
	return p
}

// call runs a command of the DevTools protocol.
func call[P, R any](p *tab, cmd cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, cmd, params)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func (p *tab) heard(ev any) {
	fault := ""
	switch e := ev.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var b strings.Builder
			for _, a := range e.Args {
				fmt.Fprintf(&b, " %s%s", a.Value, a.Description)
			}
			fault = "console:" + b.String()
		}
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			fault += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Source == log.EntrySourceSecurity {
			fault = fmt.Sprintf("%s: %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *page.EventJavascriptDialogOpening:
		fault = "dialog: " + e.Message
	}
	if fault == "" {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.expect == nil || !p.expect.MatchString(fault) {
		p.faults = append(p.faults, fault)
	}
}

// step runs a part of a test; what a failed one leaves is no ground for the next.
func (p *tab) step(t *testing.T, name string, f func(t *testing.T)) {
	t.Helper()
	if !t.Run(name, func(t *testing.T) {
		p.t = t
		defer func() { p.t = t }()
		begun := time.Now()
		f(t)
		p.clean()
		t.Logf("took %.1f s", time.Since(begun).Seconds())
	}) {
		t.FailNow()
	}
	p.t = t
}

// expecting lets requests be refused, while f runs, whose line on the console fits.
func (p *tab) expecting(pattern string, f func()) {
	set := func(r *regexp.Regexp) {
		p.mu.Lock()
		p.expect = r
		p.mu.Unlock()
	}
	set(regexp.MustCompile(pattern))
	f()
	set(nil)
}

// clean fails the test if something went wrong in the tab.
func (p *tab) clean() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("in the browser: %s", f)
	}
	p.faults = nil
}

func (p *tab) visit(url string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		p.t.Fatalf("open %s: %v", url, err)
	}
}

// eval runs a JavaScript expression in the tab.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	v, err := try[T](p, js)
	if err != nil {
		p.t.Fatalf("%.300s: %v", js, err)
	}
	return v
}

func try[T any](p *tab, js string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
}

// until waits until a JavaScript expression is true. While a page is left the question fails, and is asked again.
func (p *tab) until(what, js string) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	var err error
	for time.Now().Before(deadline) {
		var yes bool
		if yes, err = try[bool](p, "(async () => !!(await ("+js+")))()"); err == nil && yes {
			return
		}
		time.Sleep(40 * time.Millisecond)
	}
	text, _ := try[string](p, "location.pathname + '\\n' + document.body.innerText")
	p.shoot("failed")
	p.clean()
	p.t.Fatalf("never seen: %s (%v). The page:\n%.3000s", what, err, text)
}

// el is the first element with a handle, in JavaScript.
func el(handle string) string {
	return `document.querySelector(` + quote(`[data-testid="`+handle+`"]`) + `)`
}

func quote(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// text is what an element shows, once it is there.
func (p *tab) text(handle string) string {
	p.t.Helper()
	p.until(handle, el(handle))
	return eval[string](p, el(handle)+".innerText")
}

// says waits until an element shows a text. What keeps the direction of a name to itself is not looked at.
func (p *tab) says(handle, text string) {
	p.t.Helper()
	p.until(fmt.Sprintf("%s says %q", handle, text), el(handle)+`?.innerText.replace(/[\u2068\u2069]/g, "").includes(`+quote(text)+")")
}

// click scrolls an element (a JavaScript expression) to the middle and clicks it with the mouse, once it can be clicked: it
// is enabled and nothing lies over it. A page may move between the look and the mouse: what missed the element is held back from what
// it hit, and done again.
func (p *tab) click(js string) {
	p.t.Helper()
	var before []float64
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(40 * time.Millisecond) {
		at, _ := try[[]float64](p, `(() => {
			const e = `+js+`;
			if (!e || e.disabled) return null;
			e.scrollIntoView({block: "center", behavior: "instant"});
			const r = e.getBoundingClientRect(), x = r.x + r.width / 2, y = r.y + r.height / 2;
			const hit = document.elementFromPoint(x, y);
			if (!hit || !(e.contains(hit) || hit.contains(e))) return null;
			if (!window.labClick) addEventListener("click", (ev) => {
				const c = window.labClick;
				if (c.hit) return;
				c.hit = ev.composedPath().includes(c.wanted) || ev.target === c.over; // pressed here and let go there is a click on what is around both
				if (!c.hit) {
					ev.preventDefault();
					ev.stopImmediatePropagation();
				}
			}, true);
			window.labClick = {wanted: e, over: hit, hit: false};
			return [x, y];
		})()`)
		if at == nil || !slices.Equal(at, before) { // what still moves would not be there any more when the mouse comes
			before = at
			continue
		}
		if err := chromedp.Do(p.ctx, chromedp.MouseClickXY(at[0], at[1])); err != nil {
			p.t.Fatal(err)
		}
		if hit, err := try[bool](p, "!window.labClick || window.labClick.hit"); err != nil || hit { // a page that was left was left by the click
			return
		}
	}
	p.until(js+" can be clicked", "false")
}

func (p *tab) tap(handle string) { p.t.Helper(); p.click(el(handle)) }

// button is the first button or link whose accessible name begins with a text.
func button(name string) string {
	return `[...document.querySelectorAll("button, a")].find((e) => (e.ariaLabel || e.innerText).trim().startsWith(` + quote(name) + `))`
}

func (p *tab) enter(js, text string) {
	p.t.Helper()
	p.click(js)
	call(p, input.InsertText, input.InsertTextParams{Text: text})
}

// press types keys.
func (p *tab) press(keys string) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, chromedp.KeyEvent(keys)); err != nil {
		p.t.Fatal(err)
	}
}

// scheme shows the page light or dark, and without motion.
func (p *tab) scheme(name string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
}

// same marks the document, and stays tells that it is still the same one: nothing was loaded again.
func (p *tab) same() { p.t.Helper(); eval[bool](p, `window.sameDocument = true`) }

func (p *tab) stays() {
	p.t.Helper()
	if !eval[bool](p, `window.sameDocument === true`) {
		p.t.Error("the page was loaded again")
	}
}
