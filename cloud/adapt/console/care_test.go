package console

import (
	"slices"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/cloud/audit"
	"cardea/cloud/desired"
)

func TestATimelineTellsReadingTogetherAndOnlyPartsOfTheHome(t *testing.T) {
	at := func(n int) time.Time { return time.Date(2026, 3, 1, 12, n, 0, 0, time.UTC) }
	const device = "0197c3a2-5b1e-7c44-9a51-3f2d8e6b7a10"
	got := actsHappened([]audit.Entry{
		{At: at(9), Who: "one", Act: "get", What: "/line", Reason: "a call"},
		{At: at(8), Who: "one", Act: "get", What: "/devices/" + device + "/contacts", Reason: "a call"},
		{At: at(7), Who: "one", Act: "get", What: "/line", Reason: "a call"},
		{At: at(6), Who: "two", Act: "get", What: "", Reason: "a call"},
		{At: at(5), Who: "one", Act: "post", What: "/notes", Reason: "a call"},
		{At: at(5), Who: "one", Act: "note", What: "Moves in May", Reason: "a call"},
		{At: at(4), Who: "one", Act: "get", What: "/line", Reason: "another call"},
		{At: at(3), Who: "one", Act: "order-undo", What: "secret.example", Reason: "a call"},
		{At: at(2), Who: "one", Act: "look", Reason: "a call"},
	}, func(id string) string { return "Person " + id })
	want := []view.Happened{
		{Time: at(9), Kind: "staff", What: "get", About: []string{"line", "devices/contacts"}, Who: "Person one", Why: "a call"},
		{Time: at(6), Kind: "staff", What: "get", Who: "Person two", Why: "a call"},
		{Time: at(5), Kind: "staff", What: "note", Who: "Person one", Why: "Moves in May"},
		{Time: at(4), Kind: "staff", What: "get", About: []string{"line"}, Who: "Person one", Why: "another call"},
		{Time: at(3), Kind: "staff", What: "order-undo", Who: "Person one", Why: "a call"},
		{Time: at(2), Kind: "staff", What: "look", Who: "Person one", Why: "a call"},
	}
	same := func(x, y view.Happened) bool {
		return x.Time.Equal(y.Time) && x.What == y.What && x.Who == y.Who && x.Why == y.Why && x.Kind == y.Kind && slices.Equal(x.About, y.About)
	}
	if !slices.EqualFunc(got, want, same) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestATimelineTellsWhatBecameOfAnOrderAndNotWhoAtHomeAsked(t *testing.T) {
	who := func(id string) string { return "Person " + id }
	o := desired.Order{Verb: "release", Device: "d", Incident: "i", Endpoint: "secret.example", By: "owner", Who: "r1", Why: "it talks to secret.example", Status: desired.Failed,
		Reason: "It is not held.", Done: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
	got := orderHappened(o, who)
	if got.What != "release" || got.Device != "d" || got.Case != "i" || got.Status != "failed" || got.Result != "It is not held." || got.Who != "owner" || got.Why != "" || got.Done == nil {
		t.Errorf("of somebody at home: %+v", got)
	}
	o.By = "support"
	if got := orderHappened(o, who); got.Who != "Person r1" || got.Why != "" {
		t.Errorf("of staff: %+v", got)
	}
}
