package browser_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/internal/freeport"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/lab/fleet"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

const markup = `<img src=x onerror=alert(1)>`

// endless is a word longer than any cell may be.
var endless = strings.Repeat("W", 700)

// bad is a hostile text; the number keeps it from others.
func bad(n int) string {
	return []string{markup + fmt.Sprint(n), "\u202egnp.exe\u2066\u200b " + markup + fmt.Sprint(n), fmt.Sprint(n, markup, endless), "\u0007\x1b[31m\u2028" + markup + fmt.Sprint(n)}[n%4]
}

// worsen puts hostile texts in the place of all that a gateway, a device or a customer's contract says in words.
func worsen(m *fleet.Made, n int) {
	m.Name, m.Account, m.Serial = bad(n), "A"+bad(n), bad(n)
	if m.Beat != nil {
		m.Beat.Version, m.Beat.Degraded = bad(n%2), []string{bad(n)}
		m.Beat.Software.Platform, m.Beat.Software.Version = bad(n%2), bad(n%2)
	}
	for _, t := range m.Told {
		switch {
		case t.Item.GetDevices() != nil:
			for i, d := range t.Item.GetDevices().GetDevices() {
				d.Name, d.Vendor, d.Model, d.Evidence = bad(n+i), bad(0), bad(1), []string{bad(n)}
				d.Exposures = []*pb.Exposure{{Id: "e", Kind: "telnet", Proto: "tcp", Port: 23, Sentence: bad(n), Advice: bad(n), Reference: bad(2), First: d.First, Last: d.Last, Certain: true}}
			}
		case t.Item.GetSightings() != nil:
			for _, s := range t.Item.GetSightings().GetDevices() {
				s.Model, s.Vendor = markup+" "+endless, markup
			}
		case t.Item.GetIncident() != nil:
			c := t.Item.GetIncident()
			c.Symptom.Names = []string{bad(n % 4)}
			for _, h := range c.GetHistory() {
				h.Why = bad(n)
			}
			for _, d := range c.GetDeeds() {
				d.What, d.Endpoint = bad(n), bad(n)
			}
		case t.Item.GetFinding() != nil:
			t.Item.GetFinding().Sentence = bad(n)
		}
	}
	m.Done = append(m.Done, fleet.Done{At: m.Created, Who: bad(n), Act: "look", Why: "Why " + markup + endless[:300], On: bad(n)})
}

// worst fills a cloud with homes of which every word is hostile, and gives a link that signs staff in.
func worst(t *testing.T) (app, link string) {
	t.Helper()
	dir, web, broker, ctx := t.TempDir(), freeport.Must(t), freeport.Must(t), t.Context()
	app = "http://" + web
	store := got(cloud.Open(ctx, cloud.Config{Data: dir}))(t)
	tenant, since, err := store.SeedTenant(ctx, "hostile", markup)
	if err != nil {
		t.Fatal(err)
	}
	made := fleet.Filling{Seed: 3, Homes: 600, Now: since}
	var homes []rooms.SeedHome
	for n := range made.Homes {
		m := made.Home(n)
		worsen(&m, n)
		h := rooms.SeedHome{SeedHome: account.SeedHome{ID: m.ID, Name: m.Name, Account: m.Account, Gateway: m.Gateway, Serial: m.Serial, Version: bad(n % 2), Created: m.Created, From: m.From}, Beat: m.Beat, Seen: m.Seen}
		for _, told := range m.Told {
			h.Told = append(h.Told, rooms.SeedItem{At: told.At, Item: told.Item})
		}
		for _, d := range m.Done {
			h.Done = append(h.Done, rooms.SeedDeed{At: d.At, Who: d.Who, Act: d.Act, Why: d.Why, On: d.On})
		}
		homes = append(homes, h)
	}
	for _, seed := range []error{store.Seed(ctx, tenant.ID, homes), store.SeedBeats(ctx, tenant.ID, homes), store.SeedDeeds(ctx, tenant.ID, homes[:60])} {
		if seed != nil {
			t.Fatal(seed)
		}
	}
	if err := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "cardea.db")).Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE fleet_home SET since = since - ?", (60 * aDay).Milliseconds()) // homes teach that are not new
		return err
	}); err != nil {
		t.Fatal(err)
	}
	got(store.Fleet.Learn(ctx))(t)
	who := got(store.Accounts.AddStaff(ctx, tenant.ID, "staff@example.net", bad(0), uuid.NewString(), rights.Tier2, rights.Admin))(t)
	link = app + "/staff/sign-in#" + got(store.Accounts.SignInLink(ctx, account.Staff, tenant.ID, who.ID, time.Hour))(t)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	served(t, app, "--role", "broker,api", "--data", dir, "--http", web, "--public", app, "--listen", broker, "--advertise", broker)
	return app, link
}

// What devices, gateways and contracts are called is text in every table of the console: cut, turned by nobody, never an element, and it
// moves nothing out of a phone's screen.
func TestHostileNamesInTheConsole(t *testing.T) {
	t.Parallel()
	app, link := worst(t)
	s := open(t, chromium(t), 360, 740, true)
	text := func(screen string) {
		s.t.Helper()
		if n := eval[int](s, injected); n != 0 {
			s.t.Errorf("%s: %d elements were injected", screen, n)
		}
		if eval[bool](s, `/[\u202a-\u202e\u2066\u2067\u200b]/.test(document.body.innerText)`) {
			s.t.Errorf("%s: a name turns the direction of text", screen)
		}
		if eval[bool](s, controls) {
			s.t.Errorf("%s: a name brought control characters", screen)
		}
		if n := eval[int](s, `Math.max(0, ...(document.body.innerText.match(/W+/g) ?? []).map((w) => w.length))`); n >= 300 {
			s.t.Errorf("%s: a word of %d characters is not cut", screen, n)
		}
		s.fits(screen)
	}
	s.step(t, "staff come in", func(*testing.T) { s.signIn(link) })
	rows := func(handle string) string {
		return el(handle) + `?.querySelector("tbody")?.innerText.includes("<img src=x") && ` + there
	}
	for _, c := range []screen{
		{"homes", "/", rows("fleet")},
		{"homes, found by a word", "/?q=" + url.QueryEscape(markup), there},
		{"rules", "/?view=rules", there},
		{"detections by model", "/detections?by=model", rows("detections")},
		{"detections by what was called", "/detections?by=indicator", rows("detections")},
		{"board", "/incidents", `[...document.querySelectorAll('[data-testid="incident"]')].some((e) => e.innerText.includes("<img src=x"))`},
		{"incidents", "/incidents?view=list&state=all", rows("incidents")},
		{"models", "/models", rows("models")},
		{"clusters", "/clusters", `document.querySelector("[data-cluster]") && ` + there},
		{"exposures", "/exposures", rows("exposures")},
		{"what is normal", "/normal", there},
		{"many homes", "/together", there},
		{"system", "/system", there},
		{"search", "/search?q=" + url.QueryEscape("A"+bad(0)), rows("found")},
		{"audit", "/audit", rows("audit")},
		{"people", "/people?view=people", there},
	} {
		s.step(t, c.name, func(*testing.T) {
			s.visit(app + "/staff" + c.path)
			s.until(c.name, c.there)
			text(c.name)
		})
	}
	s.step(t, "a home and its case", func(*testing.T) {
		s.visit(app + "/staff/incidents?view=list&state=all")
		s.until("a case", el("incidents")+`?.querySelector("[data-code] a")`)
		at := eval[string](s, el("incidents")+`.querySelector("[data-code] a").href`)
		s.expecting(`network: .* 403 .*/v1/staff/homes/`, func() {
			s.visit(at)
			s.until("why", el("look-reason"))
		})
		text("why")
		s.enter(el("look-reason"), "Why "+markup)
		s.tap("look")
		s.until("the case", el("incident-code"))
		text("a case")
		s.axe("console: a hostile case on a phone")
		s.visit(at[:strings.Index(at, "/incidents/")])
		s.until("its devices", el("devices")+`?.innerText.includes("<img src=x")`)
		s.until("the rest", there)
		text("a home")
		s.axe("console: a hostile home on a phone")
	})
}
