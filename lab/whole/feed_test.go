package whole

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"cardea/cloud/intel"
	"cardea/lab/plan"
)

// What a provider's source names is in force in a home some time later by itself: the cloud asks the source, makes a signed list of it, tells the
// gateway, and the gateway fetches it. Design section 1 wants that within ten minutes.
func TestWhatASourceNamesIsInForceInTheHome(t *testing.T) {
	s := &sky{}
	w := begin(t, options{Options: plan.Options{Seed: 74}, first: above(s)})
	name := w.home.Plan.BrowsedNames()[1]
	asks := w.sticky(laptop, false)
	asks.works(w, name, "before")

	space, err := w.home.Space("internet")
	w.must(err)
	l, err := space.Listen("tcp", "127.0.0.1:0")
	w.must(err)
	var asked atomic.Int32
	feed := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		out.Header().Set("ETag", `"1"`)
		fmt.Fprintln(out, name)
	})}
	go func() { _ = feed.Serve(l) }() // ends with the listener
	defer feed.Close()

	began := time.Now()
	w.must(s.rooms.Intel.SetSource(w.ctx, intel.Source{Name: "lab-feed", Kind: intel.KindHTTP, Place: "http://" + l.Addr().String() + "/list", Inside: true,
		Trust: 90, Why: "a list of the lab"}, nil))
	w.eventually("the name is blocked", func() bool { m, err := asks.ask(name); return err == nil && !leads(m, w) })
	t.Logf("in force %v after the source was named, asked %d times", time.Since(began).Round(time.Second), asked.Load())
	asks.works(w, plan.VideoName, "another name")
}
