package homes

import (
	"testing"
	"time"

	"cardea/behavior/endpoint"
	"cardea/cloud/account"
	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire"
	"cardea/wire/pb"
)

// tells has a home tell of a device what teaches, and gives how much of the home is kept to learn from.
func tells(t *testing.T, r *rooms.Rooms, p home.Place) (kept int) {
	t.Helper()
	c := endpoint.Of(&home.Endpoint{Name: "api.cam.example", Domain: "cam.example", Port: 443, Proto: "tcp", ASN: 64500}, false, false)
	err := r.DB.Tx(t.Context(), func(tx *db.Tx) error {
		who, what := r.Fleet.Begin(tx), r.Normal.Begin(tx)
		if err := who.Take(p, time.Now(), &pb.Item{Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Scheme: 1, Devices: []*pb.Sighted{{Device: "cam", Model: "Cam", Class: "camera", By: "rules"}}}}}); err != nil {
			return err
		}
		if err := what.Take(p, time.Now(), &pb.Item{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: home.CollapseScheme,
			FirstTimes: []*pb.FirstTime{{Device: "cam", Endpoint: c.Keys[endpoint.Host], Week: wire.Week(time.Now())}}}}}); err != nil {
			return err
		}
		if err := who.Flush(); err != nil {
			return err
		}
		return what.Flush()
	})
	if err != nil {
		t.Fatal(err)
	}
	return taught(t, r, p)
}

// taught is how much of a home is kept to learn from.
func taught(t *testing.T, r *rooms.Rooms, p home.Place) (n int) {
	t.Helper()
	if err := r.DB.View(t.Context(), func(tx *db.Tx) error {
		return tx.Row("SELECT (SELECT COUNT(*) FROM normal_device WHERE home = ?) + (SELECT COUNT(*) FROM fleet_device WHERE home = ?)", p.Home, p.Home).Scan(&n)
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// Nothing that a home tells teaches others before its people, or its provider's terms, say so; a no takes it back.
func TestHelpingOthersIsOptIn(t *testing.T) {
	ctx := t.Context()
	r, h := oneHome(t)
	p, a := h.Place(), rulesPart{&base.Adapter{Rooms: r}}
	see := func(when string, want view.Helping, kept int) {
		t.Helper()
		got, err := a.Privacy(ctx, p)
		if err != nil || got.Help != want {
			t.Fatalf("%s: %+v %v, want %+v", when, got.Help, err, want)
		}
		if n := tells(t, r, p); n != kept {
			t.Fatalf("%s: %d rows are kept to learn from, want %d", when, n, kept)
		}
	}
	yes, no := true, false
	say := func(c view.PrivacyPatch) {
		t.Helper()
		if _, err := a.ChangePrivacy(ctx, p, api.Session{}, "", c); err != nil {
			t.Fatal(err)
		}
	}
	terms := func(tenant string, s account.Sharing) {
		t.Helper()
		if err := r.Accounts.SaveSharing(ctx, tenant, s, "admin"); err != nil {
			t.Fatal(err)
		}
	}
	see("nobody said anything", view.Helping{Used: true}, 0)
	say(view.PrivacyPatch{Help: &yes})
	see("yes", view.Helping{On: true, Used: true}, 2)
	say(view.PrivacyPatch{Help: &no})
	if n := taught(t, r, p); n != 0 {
		t.Fatalf("a no left %d rows to learn from", n)
	}
	terms(h.Tenant, account.Sharing{Helping: account.HelpingOn})
	see("a no is stronger than the terms", view.Helping{Used: true}, 0)
	say(view.PrivacyPatch{Help: &yes})
	see("yes again", view.Helping{On: true, Used: true}, 2)
	say(view.PrivacyPatch{Private: &yes})
	see("Privacy Mode", view.Helping{Used: true}, 0)
	say(view.PrivacyPatch{Private: &no})

	other, err := r.Accounts.CreateTenant(ctx, "other", "Other Net")
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.Accounts.CreateHome(ctx, other.ID, "Home", "")
	if err != nil {
		t.Fatal(err)
	}
	see("beside another provider", view.Helping{On: true}, 0)
	terms(other.ID, account.Sharing{Share: true, Helping: account.HelpingOn})
	if n := tells(t, r, second.Place()); n != 2 {
		t.Fatalf("a home that helps by its provider's terms: %d rows", n)
	}
	see("beside one that shares", view.Helping{On: true}, 0)
	terms(h.Tenant, account.Sharing{Share: true, Helping: account.HelpingAsk})
	see("the provider shares", view.Helping{On: true, Used: true, Others: true}, 2)
}
