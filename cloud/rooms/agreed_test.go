package rooms

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	intelligence "cardea/cloud/intel"
	"cardea/cloud/staff"
)

// Two persons agree on the list that one of them looked at: one that came meanwhile, from whoever the source is, is not put in force by that.
func TestAListThatCameSinceItWasProposedIsNotAgreedTo(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "list.txt")
	s := intelligence.Source{Name: "feed", Kind: intelligence.KindFolder, Place: file, Trust: 50, Why: "try it"}
	says := func(n int, of string) intelligence.State {
		t.Helper()
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "n%d.%s.example\n", i, of)
		}
		d.good(os.WriteFile(file, []byte(b.String()), 0o600))
		time.Sleep(2 * time.Millisecond) // times are kept in milliseconds
		d.good(d.Intel.FetchNow(ctx, "feed", nil))
		if _, err := d.Intel.Turn(ctx); err != nil {
			t.Fatal(err)
		}
		now, err := d.Intel.Source(ctx, "feed")
		d.good(err)
		return now
	}
	agree := func(between func()) staff.Approval {
		t.Helper()
		id, err := d.Staff.Propose(ctx, d.tenant, "intel.list", []byte(`{"agree":"feed"}`), d.one, "I looked at it")
		d.good(err)
		between()
		err = d.Staff.Decide(ctx, d.tenant, id, d.two, true, "It looks good")
		a, err2 := d.Staff.Approval(ctx, d.tenant, id)
		d.good(err2)
		if (err != nil) != (a.State == staff.StateFailed) {
			t.Errorf("%s: %v", a.State, err)
		}
		return a
	}
	d.good(d.Intel.SetSource(ctx, s, nil))
	says(100, "first")
	if now := says(30, "looked"); now.State != intelligence.StateHeld || now.Held != 30 {
		t.Fatalf("%+v", now)
	}
	a := agree(func() { says(2, "unseen") })
	if now, err := d.Intel.Source(ctx, "feed"); err != nil || a.State != staff.StateFailed || now.State != intelligence.StateHeld || now.Entries != 100 || now.Held != 2 {
		t.Errorf("what nobody looked at: %s %q, %s with %d entries in force, %d held, %v", a.State, a.Result, now.State, now.Entries, now.Held, err)
	}
	if !strings.Contains(a.Result, "propose it again") {
		t.Errorf("said: %q", a.Result)
	}
	a = agree(func() { says(2, "unseen") }) // the same again is the same
	if now, err := d.Intel.Source(ctx, "feed"); err != nil || a.State != staff.StateDone || now.State != intelligence.StateGood || now.Entries != 2 {
		t.Errorf("what was looked at: %s %q, %s with %d entries in force, %v", a.State, a.Result, now.State, now.Entries, err)
	}
}

// Nor do they bring out a version that was published since one of them proposed the newest.
func TestAVersionThatCameSinceItWasProposedIsNotBroughtOut(t *testing.T) {
	d := newDesk(t, "")
	ctx := t.Context()
	d.publish("a.example\n")
	d.good(d.Rollout.Hold(ctx, "lists", true))
	d.publish("a.example\nb.example\n")
	start := func(between func()) staff.Approval {
		t.Helper()
		time.Sleep(2 * time.Millisecond) // times are kept in milliseconds
		id, err := d.Staff.Propose(ctx, d.tenant, "rollout.start", []byte(`{"bundle":"lists"}`), d.one, "I looked at it")
		d.good(err)
		time.Sleep(2 * time.Millisecond)
		between()
		_ = d.Staff.Decide(ctx, d.tenant, id, d.two, true, "It looks good") // what came of it stands in the proposal
		a, err := d.Staff.Approval(ctx, d.tenant, id)
		d.good(err)
		return a
	}
	a := start(func() { d.publish("a.example\nb.example\nunseen.example\n") })
	if list, err := d.Rollout.Plans(ctx); err != nil || len(list) != 0 || a.State != staff.StateFailed || !strings.Contains(a.Result, "ropose it again") {
		t.Errorf("%s %q, %+v, %v", a.State, a.Result, list, err)
	}
	a = start(func() {})
	if list, err := d.Rollout.Plans(ctx); err != nil || len(list) != 1 || list[0].Version != 3 || a.State != staff.StateDone {
		t.Errorf("%s %q, %+v, %v", a.State, a.Result, list, err)
	}
}
