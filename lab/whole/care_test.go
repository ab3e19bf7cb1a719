package whole

import (
	"net/http"
	"os"
	"testing"
	"time"

	"cardea/cloud/api/view"
	"cardea/lab/plan"

	"github.com/google/uuid"
)

// remedy asks for one as the home's owner, once enough was measured, and waits until it was measured two minutes later.
func (s *sky) remedy(kind string, more func()) view.RemedyResult {
	s.w.t.Helper()
	within := func(what string, ok func() bool) {
		s.w.t.Helper()
		for end := time.Now().Add(6 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Second) {
			more()
			if ok() {
				return
			}
		}
		s.w.t.Fatalf("waited in vain: %s: %+v", what, s.line())
	}
	before := len(s.line().Remedies)
	within("the remedy is in force", func() bool {
		var o order
		if _, err := s.call(s.w.ctx, http.MethodPost, "/v1/homes/"+s.place.Home+"/orders", uuid.NewString(), map[string]string{"verb": "remedy", "remedy": kind}, &o); err != nil {
			return false
		}
		for range 30 {
			_, err := s.call(s.w.ctx, http.MethodGet, "/v1/homes/"+s.place.Home+"/orders/"+o.ID, "", nil, &o)
			s.w.must(err)
			if o.Status != "asked" {
				break
			}
			time.Sleep(200 * time.Millisecond)
		}
		if o.Status != "in_force" {
			s.w.t.Logf("%s: %s %s", kind, o.Status, o.Reason)
			time.Sleep(15 * time.Second) // too little was measured yet
		}
		return o.Status == "in_force"
	})
	within("it was measured", func() bool { return len(s.line().Remedies) > before })
	return s.line().Remedies[0]
}

// line is how well the line works, as its owner sees it.
func (s *sky) line() (l view.Line) {
	s.w.t.Helper()
	_, err := s.call(s.w.ctx, http.MethodGet, "/v1/homes/"+s.place.Home+"/line", "", nil, &l)
	s.w.must(err)
	return l
}

// Another server for names is tried by the whole agent at its owner's word, measured before and after, kept where it helps, and undone where it
// does not. It takes ten minutes: only the long rounds have it.
func TestRemedyIsMeasuredAndKeptOrUndone(t *testing.T) {
	if os.Getenv("CARDEA_SOAK") == "" {
		t.Log("two minutes before and after each remedy: make soak")
		return
	}
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 75}, life: 20 * time.Minute, first: above(s)})
	asks := w.sticky(laptop, false)
	names := w.home.Plan.BrowsedNames()
	n := 0
	live := func() {
		n++
		_, _ = asks.ask(names[n%len(names)]) // some are lost
	}
	for _, rule := range []string{
		"add table ip slow", "add chain ip slow in { type filter hook input priority 0; }",
		"add rule ip slow in ip daddr " + w.facts.DNS[0].Addr().String() + " udp dport 53 numgen inc mod 3 != 0 drop",
	} {
		_, err := w.home.Exec(w.ctx, "internet", "nft", rule)
		w.must(err)
	}
	got := s.remedy("upstream", live)
	if !got.Kept || got.Before.DNS == nil || got.After.DNS == nil || *got.After.DNS >= *got.Before.DNS {
		t.Errorf("the first server loses two of three questions: %+v", got)
	}
	t.Logf("from %.0f ms to %.0f", *got.Before.DNS, *got.After.DNS)
	status, err := s.call(w.ctx, http.MethodPost, "/v1/homes/"+s.place.Home+"/orders", uuid.NewString(), map[string]string{"verb": "remedy", "remedy": "off"}, nil)
	if err != nil || status != http.StatusAccepted {
		t.Fatal(status, err)
	}
	_, err = w.home.Exec(w.ctx, "internet", "nft", "delete table ip slow")
	w.must(err)
	for end := time.Now().Add(3 * time.Minute); time.Now().Before(end); time.Sleep(2 * time.Second) {
		live() // until what was measured is of the quick server again
	}
	if got = s.remedy("upstream", live); got.Kept || got.Why != "It did not help. It was undone." {
		t.Errorf("both servers are as quick: %+v", got)
	}
	w.patiently("no remedy is in force", 3*time.Minute, func() bool { // it is told with the next heartbeat
		time.Sleep(2 * time.Second)
		return s.line().Remedy == ""
	})
}
