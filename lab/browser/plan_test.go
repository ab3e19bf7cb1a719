package browser_test

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/gateway/portal"
	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

// north is a provider's brand. Its colour cannot be read on white: the app has to make it darker.
var north = home.Brand{Name: "North & Net", Accent: "#ffcc00", Phone: "+49 30 123456", Support: "https://help.example.net/", HintEN: "We are here day and night.", HintDE: "Wir sind Tag und Nacht da."}

// noGateway is what a device's page is answered when it asks for what the device talks to now: nobody beats for the home's gateway.
const noGateway = `network: .* 503 .*/contacts`

// The app is the provider's, before anybody signs in and afterwards. What a plan does not have is told in plain words, with whom to call;
// what was set before rests, and is there again with the plan.
func TestAPlanAndABrandInTheApp(t *testing.T) {
	t.Parallel()
	h := aHouse(t, func(rooms *rooms.Rooms, p home.Place) {
		got(rooms.Accounts.SaveBrand(t.Context(), p.Tenant, north, "admin"))(t)
		got(rooms.Accounts.SavePlan(t.Context(), account.Plan{Tenant: p.Tenant, ID: "basic", Name: "Basic", Extras: account.Extras}, "admin"))(t)
	})
	d := dbtest.Open(t, "sqlite:"+filepath.Join(h.dir, "cardea.db"))
	sells := func(extras string) {
		t.Helper()
		if err := d.Tx(db.Patient(t.Context()), func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE account_plan SET extras = ?", extras)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	p := open(t, chromium(t), 360, 740, true)
	p.keys()
	branded := func(t *testing.T, screen string) {
		t.Helper()
		p.until("the provider's name on "+screen, el("brand")+`?.innerText === `+quote(north.Name)+` && document.title.endsWith(`+quote("· "+north.Name)+`)`)
		if c := eval[string](p, `getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()`); c == "" || c == north.Accent || c == "#0a6b5a" {
			t.Errorf("%s: the colour on a light page is %q", screen, c)
		}
		p.scheme("dark")
		if c := eval[string](p, `getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()`); c != north.Accent {
			t.Errorf("%s: the colour on a dark page is %q", screen, c)
		}
		p.axe(screen)
	}
	p.step(t, "the door and the label are the provider's", func(t *testing.T) {
		p.expecting(signingIn, func() {
			p.visit(h.app + "/sign-in")
			branded(t, "signing in")
			p.says("brand-call", north.Phone)
			p.says("brand-hint", north.HintEN)
		})
		p.visit(h.app + "/start#" + h.label)
		p.tap("label-look")
		p.until("the form", el("start-passkey"))
		branded(t, "first sign-in")
		p.enter(of("start-passkey", "name"), "Anna")
		p.enter(of("start-passkey", "email"), anna)
		p.tap("start-passkey")
		p.inside(h)
		branded(t, "home")
	})
	mia := card("person", "Mia")
	p.step(t, "with the extra: a person and a bedtime", func(t *testing.T) {
		p.visit(h.app + "/people")
		p.tap("add-person")
		p.enter(el("person-name"), "Mia")
		p.click(box("person-devices", laptop))
		p.tap("save-person")
		p.until("Mia", mia)
		p.tap("add-schedule")
		p.click(box("schedule-whose", "Mia"))
		p.tap("save-schedule")
		p.until("the bedtime", card("schedule", "Mia")+`?.dataset.off === "false"`)
		if eval[bool](p, `!!`+el("not-in-plan")) {
			t.Error("it is in the plan")
		}
		p.visit(h.app + "/reports")
		p.until("the reports", el("reports"))
	})
	p.step(t, "without it: what it is, that protection is whole, whom to call, and what rests", func(t *testing.T) {
		p.visit(h.app + "/devices") // which asks for nothing that is in the plan only, and so for nothing twice when the plan changes
		sells("")
		p.visit(h.app + "/people")
		p.until("it is said", el("not-in-plan")+`?.dataset.resting === "true" && !!`+el("rests")+` && !!`+mia)
		for _, text := range []string{"not in your plan", "Your protection is complete without it", north.Name, north.Phone, "is kept. It rests"} {
			p.says("not-in-plan", text)
		}
		if eval[bool](p, `!!(`+el("add-person")+` || `+el("add-schedule")+` || `+el("turn-schedule")+` || `+el("edit")+` || `+el("pause")+` || `+el("trouble")+`)`) {
			t.Error("something that is not in the plan can be pressed, or is told as an error")
		}
		p.axe("people without the extra")
		p.picture("plan-people")
		for _, path := range []string{"/reports", "/reports/2026-W10"} {
			p.visit(h.app + path)
			p.until("it is said", el("not-in-plan")+`?.dataset.extra === "reports" && !`+el("trouble"))
			p.axe("reports without the extra")
		}
		p.visit(h.app + "/devices")
		p.expecting(noGateway, func() {
			p.click(row(laptop))
			p.tap("pause")
			p.until("it is said", `document.querySelector("dialog[open] [data-testid=not-in-plan]")`)
			p.axe("a pause without the extra")
		})
		p.visit(h.app + "/incidents/" + h.incident) // what protects is there as before
		p.until("the case", el("incident-code"))
	})
	p.step(t, "in German", func(t *testing.T) {
		p.visit(h.app + "/people")
		eval[bool](p, `(localStorage.setItem("language", "de"), true)`)
		p.visit(h.app + "/people")
		for _, text := range []string{"nicht zu Ihrem Tarif", "Ihr Schutz ist auch ohne das vollständig", north.Phone, "ruht jetzt"} {
			p.says("not-in-plan", text)
		}
		p.axe("people without the extra, in German")
		eval[bool](p, `(localStorage.setItem("language", "en"), true)`)
	})
	p.step(t, "with it again: all of it is there", func(t *testing.T) {
		sells("people content reports support")
		p.visit(h.app + "/people")
		p.until("the bedtime", card("schedule", "Mia")+`?.dataset.off === "false" && !`+el("rests")+` && !`+el("not-in-plan")+` && !!`+el("add-person"))
	})
	p.step(t, "signed out, the door is still the provider's", func(t *testing.T) {
		p.out(h)
		branded(t, "signing in again")
	})
}

// shutHome is a home in which a camera is shut in.
type shutHome struct{}

func (shutHome) Incidents() []portal.View {
	return []portal.View{{Name: camera, Grade: home.GradePort, Device: home.Device{ID: "d"}, Incident: home.Incident{ID: "i", Code: "K7QM2", Device: "d", Mode: home.ModeQuarantine,
		State: home.StateContained, Opened: time.Now(), Changed: time.Now(), Findings: []home.Finding{{Time: time.Now(), Detector: home.DetectScanWAN, Strength: home.Hard}}}}}
}
func (shutHome) Check(string) (home.Check, error) { return home.Check{}, errors.New("not asked for") }
func (shutHome) Release(portal.Wish) error        { return errors.New("not asked for") }

// The gateway's page is the provider's as a browser shows it: its policy lets the colours through, and they can be read.
func TestTheGatewaysPageIsTheProviders(t *testing.T) {
	t.Parallel()
	at := netip.MustParseAddrPort(freeport.Must(t))
	page := portal.New(portal.Config{Listen: []netip.AddrPort{at}, Home: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Provider: "Your internet provider",
		Brand: func() home.Brand { return north }}, shutHome{}, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- page.Run(ctx) }()
	t.Cleanup(func() {
		if stop(); <-done != nil {
			t.Error("the page ended badly")
		}
	})
	p := open(t, chromium(t), 360, 740, true)
	for lang, hint := range map[string]string{"en": north.HintEN, "de": north.HintDE} {
		p.step(t, "in "+lang, func(t *testing.T) {
			p.tries("the page", "http://"+at.String()+"/?lang="+lang, `document.querySelector("header strong")?.innerText === `+quote(north.Name))
			for _, text := range []string{north.Phone, hint, north.Support} {
				p.until(text, `document.body.innerText.includes(`+quote(text)+`)`)
			}
			light, _ := north.Shades()
			if c := eval[string](p, `getComputedStyle(document.documentElement).getPropertyValue("--accent").trim()`); c != light.Accent {
				t.Errorf("the colour is %q, not %q", c, light.Accent)
			}
			p.axe("the branded page of the gateway, in " + lang)
			p.picture("portal-brand-" + lang)
		})
	}
}
