package browser_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/staff/rights"
	"cardea/internal/freeport"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

// filled is a real cloud with a made-up fleet, and a link that signs its staff in.
type filled struct {
	app, staff string
	dir        string                 // its data folder
	again      string                 // another such link of the same person
	colleague  string                 // a path that signs another of them in
	links      map[rights.Role]string // that sign somebody in who has this role alone
	phone      string                 // another of support tier 1
	slow       slowHome
}

// fleetHomes is how many homes the console is walked with.
const fleetHomes = 100_000

// begunFleet has the program make a fleet up in a folder, as an operator would, while other tests run: it takes a minute of one core and
// more. The function that it gives waits for the end and tells the fleet's tenant.
func begunFleet(t *testing.T, dir string) (tenant func() string) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bin, "cardea"), "simulate", "--fill", "--json", "--homes", strconv.Itoa(fleetHomes), "--data", dir)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := sync.OnceValue(cmd.Wait)
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has ended, unless the test failed before
		_ = ended()
	})
	return func() string {
		t.Helper()
		if err := ended(); err != nil {
			t.Fatalf("fill: %v\n%s", err, errs.String())
		}
		var said struct{ Tenant string }
		if err := json.Unmarshal(out.Bytes(), &said); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		t.Logf("%d homes were there after %.1f s", fleetHomes, time.Since(begun).Seconds())
		return said.Tenant
	}
}

// fill adds staff and a home with a slow line to a made-up fleet, and serves it.
func fill(t *testing.T, dir, tenant string) *filled {
	t.Helper()
	web, broker := freeport.Must(t), freeport.Must(t)
	f := &filled{app: "http://" + web, dir: dir}
	rooms := got(cloud.Open(t.Context(), cloud.Config{Data: dir}))(t)
	staff := got(rooms.Accounts.AddStaff(t.Context(), tenant, "staff@example.net", "Staff", uuid.NewString(), rights.Tier2, rights.SOC, rights.Admin))(t)
	for _, link := range []*string{&f.staff, &f.again} {
		*link = f.app + "/staff/sign-in#" + got(rooms.Accounts.SignInLink(t.Context(), account.Staff, tenant, staff.ID, time.Hour))(t)
	}
	f.colleague = joined(t, rooms, tenant)
	f.hire(t, rooms, tenant)
	f.slow = slowed(t, rooms, dir, tenant)
	if err := rooms.Close(); err != nil {
		t.Fatal(err)
	}
	served(t, f.app, "--role", "broker,api", "--data", dir, "--http", web, "--public", f.app, "--listen", broker, "--advertise", broker)
	return f
}

// screen is one of the console, with what shows that it is there.
type screen struct{ name, path, there string }

var consoleScreens = []screen{
	{"fleet", "/?sort=incidents&down=true", el("fleet") + `?.querySelectorAll("[data-home]").length === 50 && ` + el("overview")},
	{"trends", "/?view=trends", `document.querySelectorAll('[data-testid="trends"] canvas').length === 6`},
	{"rules", "/?view=rules", el("by-detector") + `?.innerText.includes("%")`},
	{"detections", "/detections", el("detections") + `?.querySelectorAll("tbody tr").length > 5`},
	{"incidents", "/incidents", `document.querySelectorAll('[data-testid="incident"]').length > 2`},
	{"incidents-list", "/incidents?view=list&state=all&sort=repeats", el("incidents") + `?.querySelectorAll("[data-code]").length > 10`},
	{"models", "/models", `document.querySelector("main h1")?.innerText === "Device models" && !document.querySelector(".skeleton")`},
	{"clusters", "/clusters", `document.querySelector("main h1")?.innerText === "Clusters to name" && ` + there},
	{"exposures", "/exposures", el("exposures") + `?.querySelectorAll("tbody tr").length > 0 && ` + there},
	{"normal", "/normal", `document.querySelector("main h1")?.innerText === "What is normal" && ` + there},
	{"together", "/together", `document.querySelector("main h1")?.innerText === "In many homes" && ` + there},
	{"rollouts", "/rollouts", `document.querySelector("main h1")?.innerText === "Rollouts" && ` + el("shadow-models") + ` && ` + el("shadow-what") + ` && ` + there},
	{"intel", "/intel", `document.querySelector("main h1")?.innerText === "Intelligence and policy" && !document.querySelector(".skeleton")`},
	{"hunts", "/hunts", `document.querySelector("main h1")?.innerText === "Hunts" && ` + there},
	{"plans", "/plans", `document.querySelector("main h1")?.innerText === "Plans and brand" && ` + there},
	{"system", "/system", el("system") + `?.innerText.includes("Yes") && ` + el("stream") + `?.innerText.includes("No worker reads 16 partitions") && ` + el("broker-list")}, // this cloud has no worker
	{"audit", "/audit", el("audit") + `?.querySelectorAll("tbody tr").length > 0`},
	{"search", "/search?q=SIM-10000", el("found") + `?.querySelectorAll("[data-home]").length > 5`},
}

// The console with a fleet in it: each screen is there, says that it is simulated, sorts, pages and is found by keys; axe is clean.
func TestConsole(t *testing.T) {
	dir := t.TempDir()
	tenant := begunFleet(t, dir)
	t.Parallel()
	f, browser := fill(t, dir, tenant()), chromium(t)
	t.Run("screens", func(t *testing.T) { t.Parallel(); consoleScreensWalk(t, browser, f) })
	t.Run("people", func(t *testing.T) { t.Parallel(); consolePeople(t, browser, f) })
	t.Run("support", func(t *testing.T) { t.Parallel(); consoleSupport(t, browser, f) })
	t.Run("roles", func(t *testing.T) { t.Parallel(); consoleRoles(t, browser, f) })
}

func consoleScreensWalk(t *testing.T, browser context.Context, f *filled) {
	s := open(t, browser, 1280, 800, false, chromedp.WithNewBrowserContext())
	s.step(t, "staff come in", func(t *testing.T) {
		s.expecting(`network: .* 401 .*/v1/staff/session$`, func() {
			s.visit(f.app + "/staff/")
			s.until("a form", `document.querySelector('form input[type="password"]')`)
			s.axe("console: signing in")
			s.picture("console-sign-in")
			s.visit("about:blank") // else the link is the same document with another fragment
			s.visit(f.staff)
			s.until("the fleet", el("fleet")+`?.querySelector("[data-home]")`)
		})
		s.says("overview", "Homes protected")
	})
	for _, c := range consoleScreens {
		s.step(t, c.name, func(*testing.T) {
			s.visit(f.app + "/staff" + c.path)
			s.until(c.name, c.there)
			s.says("simulated", "Simulated.")
			s.axe("console: " + c.name)
			s.picture("console-" + c.name)
		})
	}
	s.step(t, "models are looked for by a text, in the address", func(*testing.T) {
		s.visit(f.app + "/staff/models")
		s.enter(el("find-model"), " ALDERVIK ")
		s.click(el("find-model") + `.form.querySelector("button")`)
		rows := `[...document.querySelectorAll('[data-testid="models"] tbody tr')]`
		s.until("what was found", `location.search === "?q=ALDERVIK" && `+rows+`.length > 0 && `+rows+`.every((r) => r.innerText.includes("Aldervik"))`)
		s.until("the way to a profile", el("to-profile"))
		s.axe("console: models that were looked for")
		s.visit(f.app + "/staff/models?q=" + url.QueryEscape("100%_nobody's"))
		s.until("that there is none", `!`+el("models")+` && document.querySelector("main").innerText.includes("No model has this")`)
	})
	s.step(t, "a rollout, ring by ring", func(*testing.T) {
		s.visit(f.app + "/staff/rollouts")
		s.click(el("rollouts") + `?.querySelector("[data-rollout] a")`)
		s.until("its history", `/rollouts\/./.test(location.pathname) && document.querySelectorAll(".timeline li").length > 1 && `+there)
		s.axe("console: a rollout")
		s.picture("console-rollout")
	})
	s.step(t, "tables sort, filter and page on the server, and the address says how", func(t *testing.T) {
		s.visit(f.app + "/staff/")
		first := `document.querySelector('[data-testid="fleet"] [data-home]')?.dataset.home`
		s.until("the fleet, and nothing that may still push it down", first+" && "+el("overview")+` && !document.querySelector(".skeleton")`)
		before := eval[string](s, first)
		s.click(button("Devices"))
		s.until("another order", first+" !== "+quote(before)+` && location.search.includes("sort=devices")`)
		sorted := eval[string](s, first)
		s.tap("next-page")
		s.until("the next page", first+" !== "+quote(sorted)+` && location.search.includes("cursor=")`)
		here := eval[string](s, "location.href")
		second := eval[string](s, first)
		s.visit(here)
		s.until("the same page by its address", first+" === "+quote(second))
		rows := eval[int](s, `fetch(document.querySelector('[data-testid="export"]').href).then((r) => r.text()).then((t) => t.trim().split("\n").length)`)
		if rows < fleetHomes*9/10 {
			t.Errorf("the file has %d lines of %d homes", rows, fleetHomes)
		}
	})
	s.step(t, "homes are found by account among all filters", func(*testing.T) {
		s.visit(f.app + "/staff/?sort=devices&down=true")
		s.until("the fleet", el("fleet")+`?.querySelector("[data-home]")`)
		s.enter(el("fleet-text"), f.slow.account)
		s.press("\r")
		s.until("it alone", `location.search.includes("q=`+f.slow.account+`") && [...document.querySelectorAll("[data-home]")].map((r) => r.dataset.home).join() === `+quote(f.slow.id))
	})
	s.step(t, "keys lead everywhere", func(*testing.T) {
		s.visit(f.app + "/staff/")
		s.until("the fleet", el("fleet"))
		s.press("?")
		s.says("keys", "Detections")
		s.axe("console: keys")
		s.picture("console-keys")
		s.press("\x1b")
		s.until("the keys are gone", "!"+el("keys"))
		s.press("g")
		s.press("d")
		s.until("detections", el("detections"))
		s.press("/")
		s.until("the search has the focus", `document.activeElement === `+el("search-code"))
	})
	s.step(t, "a home, with a reason", func(*testing.T) {
		s.visit(f.app + "/staff/?sort=incidents&down=true")
		s.until("the fleet", el("fleet")+`?.querySelector("[data-home] a")`)
		home := eval[string](s, el("fleet")+`.querySelector("[data-home] a").href`) // the table may be drawn anew at any moment
		s.expecting(`network: .* 403 .*/v1/staff/homes/`, func() {
			s.visit(home)
			s.until("why", el("look-reason"))
		})
		s.enter(el("look-reason"), "Trying the console on a simulated fleet")
		s.tap("look")
		s.until("its devices", el("devices"))
		s.says("line", "Line")
		s.says("freshness", "Last heartbeat")
		s.says("health", "questions a day")
		s.enter(el("note"), "The customer moves in May")
		s.tap("note-do")
		s.until("the note", `document.querySelector('[data-testid="notes"] li')?.innerText.includes("The customer moves in May")`)
		s.says("home-timeline", "Opened this home")
		s.axe("console: a home")
		eval[bool](s, "scrollTo(0, 0), true")
		s.picture("console-home")
	})
}
