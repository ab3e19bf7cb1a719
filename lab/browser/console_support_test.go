package browser_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"cardea/cloud/history"
	"cardea/cloud/rooms"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"
)

// slowHome is a home whose line is slow at the provider's side, in which a device is shut in and something was blocked.
type slowHome struct{ account, id, incident, code string }

// slowed makes it of one of the fleet, as its gateway would tell it.
func slowed(t *testing.T, rooms *rooms.Rooms, dir, tenant string) slowHome {
	t.Helper()
	out := slowHome{account: "SIM-1000042", code: "Q7KM", incident: uuid.Must(uuid.NewV7()).String()}
	homes := got(rooms.Accounts.ByAccount(t.Context(), tenant, out.account))(t)
	if len(homes) != 1 {
		t.Fatalf("%d homes are %s", len(homes), out.account)
	}
	out.id = homes[0].ID
	p := homes[0].Place()
	state := got(rooms.History.State(t.Context(), p))(t)
	p.Gateway = state.Place.Gateway
	device := got(rooms.History.DeviceList(t.Context(), p.OfHome()))(t)[0].GetId()
	now := time.Now()
	line := func(slow string, at time.Time, ms uint32) *pb.Line {
		return &pb.Line{Time: at.UnixMilli(), Latency: ms * 900, Beyond: ms * 1000, Dns: 18_000, Lost: 21, Down: 4_100_000, Up: 310_000, Slow: slow, Since: at.Add(-25 * time.Minute).UnixMilli()}
	}
	var items []*pb.Item
	for h := range 20 {
		hour := &pb.LineHour{Hour: now.Add(-time.Duration(20-h) * time.Hour).Truncate(time.Hour).UnixMilli(), LatencyP50: 9000, LatencyP95: 14_000, BeyondP50: 17_000, BeyondP95: 25_000, DnsP50: 15_000,
			DnsP95: 31_000, Lost: 1, DownPeak: 7_000_000, UpPeak: 800_000, Probes: 720, Busiest: []*pb.Busy{{Device: device, Down: 900_000_000, Up: 40_000_000}}}
		if h == 19 {
			hour.BeyondP50, hour.Lost, hour.Slow, hour.Where = 190_000, 21, 1500, "provider"
		}
		items = append(items, &pb.Item{Body: &pb.Item_LineHour{LineHour: hour}})
	}
	items = append(items, &pb.Item{Body: &pb.Item_RemedyResult{RemedyResult: &pb.RemedyResult{Id: uuid.NewString(), Kind: "fair", Kept: false, Why: "It did not help.",
		Before: line("provider", now.Add(-20*time.Minute), 188), After: line("provider", now.Add(-17*time.Minute), 191)}}},
		&pb.Item{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: out.incident, Code: out.code, Device: device, State: "contained", Mode: "quarantine", Grade: "port", Kind: "telnet-botnet",
			Opened: now.Add(-time.Hour).UnixMilli(), Changed: now.Add(-time.Hour).UnixMilli(), Symptom: &pb.Symptom{Detector: "scan-wan"},
			History: []*pb.Transition{{Time: now.Add(-time.Hour).UnixMilli(), To: "open", By: "gateway"}, {Time: now.Add(-time.Hour).UnixMilli(), From: "open", To: "contained", By: "gateway"}},
			Deeds:   []*pb.Deed{{Id: uuid.NewString(), Kind: "cut", Time: now.Add(-time.Hour).UnixMilli(), What: "Blocked what calls loader.example.net:23.", Endpoint: "loader.example.net:23"}}}}})
	store := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "cardea.db"))
	err := store.Tx(t.Context(), func(tx *db.Tx) error {
		told, cases := rooms.History.Begin(tx), rooms.Incidents.Begin(tx)
		for _, i := range items {
			i.Time = now.UnixMilli()
			if err := told.Take(p, now, i); err != nil {
				return err
			}
			if err := cases.Take(p, now, i); err != nil {
				return err
			}
		}
		if err := told.Flush(); err != nil {
			return err
		}
		return cases.Flush()
	})
	if err != nil {
		t.Fatal(err)
	}
	later := now.Add(20 * time.Minute) // a slow machine does not find it offline
	beat := state.Beat
	beat.Line = line("provider", later, 190)
	beat.Line.Since = now.Add(-25 * time.Minute).UnixMilli()
	if err := rooms.History.Beat(t.Context(), []history.Beat{{Place: p, Beat: beat, At: later}}); err != nil {
		t.Fatal(err)
	}
	return out
}

// consoleSupport is support tier 1 on a phone: a customer calls, reads a code out, and their line is slow.
func consoleSupport(t *testing.T, browser context.Context, f *filled) {
	s := open(t, browser, 360, 740, true, chromedp.WithNewBrowserContext())
	s.step(t, "a block is found by its code and taken back", func(t *testing.T) {
		s.signIn(f.phone)
		s.axe("console on a phone")
		s.visit(f.app + "/staff/search?q=" + f.slow.code)
		s.until("the case", el("found")+`?.querySelector('[data-code="`+f.slow.code+`"]')`)
		s.until("its code is filled in", el("code")+`?.value === `+quote(f.slow.code))
		s.enter(el("code-why"), "The customer called")
		s.tap("code-look")
		s.says("code-case", "loader.example.net:23")
		s.axe("console: a block by its code")
		s.tap("code-undo")
		s.says("preview", "Only this one block ends")
		s.axe("console: taking a block back")
		s.tap("confirm")
		s.says("code-case", "Asked, the gateway confirms it")
		s.picture("console-code")
	})
	s.step(t, "the line is slow, at the provider's side", func(t *testing.T) {
		s.visit(f.app + "/staff/search?q=" + f.slow.account)
		s.click(el("found") + `.querySelector("[data-home] a")`)
		s.expecting(`network: .* 403 .*/v1/staff/homes/`, func() {
			s.until("why", el("look-reason"))
		})
		s.enter(el("look-reason"), "The customer says that it is slow")
		s.tap("look")
		s.says("line-sentence", "Slow since ")
		s.says("line-sentence", "at the provider's side")
		s.says("line-now", "190 ms")
		s.says("line-tried", "Undone")
		s.until("the busiest", el("line-busiest")+` && document.querySelector('[data-testid="line-hours"] canvas')`)
		s.until("no traffic is offered", `!`+el("ask-contacts")+` && document.querySelector('[data-testid="who-may"][data-right="home.names"]')`)
		s.axe("console: a home on a phone")
		s.top(el("line"))
		s.picture("console-line")
		s.tap("remedy-restart")
		s.says("preview", "The internet is gone for this home for a few minutes")
		s.axe("console: a remedy")
		s.enter(el("why"), "The customer agreed")
		s.tap("confirm")
		s.until("the order", el("order-remedy")+`?.dataset.status === "asked"`)
		s.says("freshness", "Last heartbeat")
		s.says("consent", "No consent")
	})
	s.step(t, "what a role may for an hour says so, and what it may not says who may", func(t *testing.T) {
		s.visit(f.app + "/staff/homes/" + f.slow.id + "/incidents/" + f.slow.incident)
		s.says("deeds", "Take back")
		if names := eval[bool](s, `document.body.innerText.includes("loader.example.net")`); names {
			t.Error("support tier 1 sees whom a device called")
		}
		s.until("no end of the case", el("do-release")+` && !`+el("do-dismiss"))
		s.tap("do-release")
		s.says("preview", "for an hour")
		s.axe("console: a release for an hour")
		s.enter(el("why"), "They need it for a call")
		s.tap("confirm")
		s.until("the order", el("order-release")+`?.dataset.status === "asked"`)
	})
	s.step(t, "to erase a home is asked for, and another decides", func(t *testing.T) {
		s.visit(f.app + "/staff/homes/" + f.slow.id)
		s.tap("ask-home.erase")
		s.says("preview", "This cannot be undone")
		s.enter(el("why"), "The customer wrote a letter")
		s.tap("confirm")
		s.says("proposed", "It waits for another person")
		s.visit(f.app + "/staff/people")
		s.says("approval", "You proposed it. Another person decides.")
		s.axe("console: what waits, on a phone")
	})
}
