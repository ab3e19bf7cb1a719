package bench

import (
	"encoding/json"
	"os"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	DNSServerMain()
	os.Exit(m.Run())
}

// The measurement itself works: everything asked is answered, and figures come out. What they are is for
// docs/performance.md, not for a test. CARDEA_BENCH=full measures with the full list.
func TestDNS(t *testing.T) {
	o := DNSOptions{Names: 20_000, Phase: 200 * time.Millisecond, Dnsmasq: true}
	if os.Getenv("CARDEA_BENCH") == "full" {
		o.Names, o.Phase = 0, 0
	}
	r, err := DNS(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.MarshalIndent(r, "", "  ")
	t.Logf("%s", b)
	for _, s := range []*DNSServerResult{&r.Cardea, r.Dnsmasq} {
		if s.Blocked == 0 || s.Cached == 0 || s.Forwarded == 0 || s.RSSAfter == 0 || s.Queries == 0 {
			t.Errorf("%+v", s)
		}
	}
	if r.Cardea.Unanswered > r.Cardea.Queries/100 {
		t.Errorf("%d of %d questions were not answered", r.Cardea.Unanswered, r.Cardea.Queries)
	}
}
