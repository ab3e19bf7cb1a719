package intel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cardea/cloud/intel/fetch/taxiitest"
	"cardea/home"
	"cardea/internal/platform/db"
)

func names(n int, of string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d.%s.example\n", i, of)
	}
	return b.String()
}

// A list behind a real web server, with what its maker changes from time to time.
func TestAListOfTheWeb(t *testing.T) {
	inWorlds(t, func(w *world) {
		dir := t.TempDir()
		file := filepath.Join(dir, "bad.txt")
		edition := 0
		write := func(text string) {
			edition++
			at := time.Unix(1_700_000_000+int64(edition)*60, 0)
			if err := errors.Join(os.WriteFile(file, []byte(text), 0o600), os.Chtimes(file, at, at)); err != nil {
				t.Fatal(err)
			}
		}
		var asked, up atomic.Int64
		up.Store(1)
		files := http.FileServer(http.Dir(dir))
		url := w.served(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if asked.Add(1); up.Load() == 0 {
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			files.ServeHTTP(rw, r)
		}))
		write(names(40, "bad"))
		w.source(Source{Name: "web", Kind: KindHTTP, Place: url + "/bad.txt", Inside: true, Trust: 70, Life: 24 * time.Hour})
		got := w.turn()
		if got.Fetched != 1 || !got.Built || !got.Changed || got.Version != 1 || got.Entries != 40 {
			t.Fatalf("%+v %+v", got, w.state("web"))
		}
		if i, ok := w.listed("x.n7.bad.example"); !ok || i.Source != "web" || i.Class != home.ClassMalware || i.Confidence != 70 {
			t.Errorf("%+v", i)
		}
		if got := w.turn(); got.Built || w.state("web").State != StateGood {
			t.Errorf("nothing changed: %+v", got)
		}
		write(names(41, "bad")) // one more: in force in the next turn
		if got := w.turn(); got.Version != 2 || got.Entries != 41 {
			t.Errorf("%+v", got)
		}
		write(names(3, "bad")) // nearly all are gone: held until somebody says yes
		if got, s := w.turn(), w.state("web"); got.Built || s.State != StateHeld || s.Held != 3 || s.Entries != 41 {
			t.Errorf("%+v %+v", got, s)
		}
		if w.turn(); w.state("web").State != StateHeld { // it says the same again
			t.Errorf("%+v", w.state("web"))
		}
		if err := w.n.Agree(context.Background(), "web", nil); err != nil {
			t.Fatal(err)
		}
		if got := w.turn(); got.Version != 3 || got.Entries != 3 || w.state("web").State != StateGood {
			t.Errorf("%+v %+v", got, w.state("web"))
		}
		if err := w.n.Agree(context.Background(), "web", nil); !errors.Is(err, ErrUnknown) {
			t.Errorf("nothing is held: %v", err)
		}
		up.Store(0)
		before := asked.Load()
		w.turn()
		s := w.state("web")
		if s.State != StateFailed || s.Entries != 3 || !strings.Contains(s.Failure, "503") {
			t.Errorf("%+v", s)
		}
		for range 5 { // it backs off: 5, 10, 20 … minutes
			w.turn()
		}
		if n := asked.Load() - before; n != 3 && n != 4 {
			t.Errorf("asked %d times in 36 minutes", n)
		}
		w.pass(25 * time.Hour) // nobody said so for longer than it is kept
		if got := w.turn(); got.Entries != 1 || w.state("web").Placed.Ended != 3 {
			t.Errorf("%+v %+v", got, w.state("web").Placed)
		}
		up.Store(1)
		w.pass(maxBackOff)
		if got := w.turn(); got.Entries != 3 {
			t.Errorf("it is back: %+v", got)
		}
		if err := w.n.RemoveSource(context.Background(), "web", nil); err != nil {
			t.Fatal(err)
		}
		if got := w.turn(); got.Entries != 1 { // the list of nothing
			t.Errorf("%+v", got)
		}
	})
}

// A collection of a TAXII server: what is new is asked for, what is taken back goes, what ends ends.
func TestACollection(t *testing.T) {
	inWorlds(t, func(w *world) {
		peer := &taxiitest.Server{User: "cardea", Password: "hinge", Max: 2}
		url := w.served(peer)
		w.file("secrets/partner", "cardea:hinge\n")
		w.source(Source{Name: "partner", Kind: KindTAXII, Place: url + "/api/collections/intel/", Inside: true, Trust: 80, Secret: "partner", Life: 30 * day})
		stamp := func() string { return w.now().Format(time.RFC3339) }
		ends := taxiitest.Indicator("3", "[domain-name:value = 'ends.example']", stamp())
		ends["valid_until"] = w.now().Add(time.Hour).Format(time.RFC3339)
		later := taxiitest.Indicator("4", "[domain-name:value = 'later.example']", stamp())
		later["valid_from"] = w.now().Add(2 * time.Hour).Format(time.RFC3339)
		half := taxiitest.Indicator("5", "[ipv4-addr:value = '198.51.100.5' OR domain-name:value = 'half.example']", stamp())
		half["confidence"] = 50
		peer.Add(taxiitest.Indicator("1", "[domain-name:value = 'one.example']", stamp()), taxiitest.Indicator("2", "[domain-name:value LIKE '%two%']", stamp()), ends, later, half)
		got := w.turn()
		if got.Entries != 4 || w.state("partner").Placed.Ended != 1 {
			t.Fatalf("%+v %+v", got, w.state("partner"))
		}
		if r := w.state("partner").Report; r.Refused["an operator that no list can hold"] != 1 || len(r.Places) != 1 || !strings.Contains(r.Places[0], "indicator--2") || !strings.Contains(r.Places[0], "at 20") {
			t.Errorf("%+v", r)
		}
		if i, ok := w.listed("half.example"); !ok || i.Confidence != 40 {
			t.Errorf("%+v", i)
		}
		if _, ok := w.listed("www.one.example"); ok {
			t.Error("what is below the name is listed")
		}
		if i, ok := w.set.Addr(netip.MustParseAddr("198.51.100.5")); !ok || i.Source != "partner" {
			t.Errorf("%+v", i)
		}
		peer.Asked()
		peer.Add(taxiitest.Revoked("1", stamp()), taxiitest.Indicator("6", "[domain-name:value = 'six.example']", stamp()))
		if got := w.turn(); !got.Built {
			t.Errorf("%+v", got)
		}
		if asked := peer.Asked(); len(asked) != 1 || !strings.Contains(asked[0], "added_after") {
			t.Errorf("%q", asked)
		}
		for name, want := range map[string]bool{"one.example": false, "six.example": true, "ends.example": true, "later.example": false} {
			if _, ok := w.listed(name); ok != want {
				t.Errorf("%s: %v", name, ok)
			}
		}
		w.pass(time.Hour)
		if w.turn(); w.has("ends.example") || w.has("later.example") {
			t.Error("its hour is over")
		}
		w.pass(time.Hour)
		if w.turn(); !w.has("later.example") {
			t.Error("its time has come")
		}
		w.pass(8 * day) // it is read from its beginning once more
		if w.turn(); !strings.Contains(peer.Asked()[0], "limit=1000") || w.state("partner").State != StateGood {
			t.Errorf("%+v", w.state("partner"))
		}
		w.file("secrets/partner", "cardea:wrong\n")
		if w.turn(); !strings.Contains(w.state("partner").Failure, "secret") || !w.has("six.example") {
			t.Errorf("%+v", w.state("partner"))
		}
		w.pass(31 * day)
		if w.turn(); w.has("six.example") {
			t.Error("nobody said so for a month")
		}
	})
}

func (w *world) has(name string) bool { _, ok := w.listed(name); return ok }

func TestAFolderOfLists(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.file("lists/malware/a.txt", "a.example\n198.51.100.0/24\n198.51.100.7:443\n[2001:db8::7]:8080\n")
		w.file("lists/tracking/t.txt", "||ads.example^\n@@||good.ads.example^\n")
		w.file("lists/stix.json", `{"type":"bundle","objects":[{"type":"indicator","id":"indicator--1","modified":"2026-02-20T00:00:00Z","valid_from":"2026-02-20T00:00:00Z","pattern_type":"stix","indicator_types":["phishing"],"pattern":"[domain-name:value = 'bank.example']"}]}`)
		w.file("lists/allow/free.txt", "a.example\n") // a source makes no exceptions of malware
		w.file("lists/.hidden", "hidden.example\n")
		w.file("lists/notes.md", "notes.example\n")
		w.source(Source{Name: "own", Kind: KindFolder, Place: filepath.Join(w.dir, "lists"), Trust: 90, Family: "Mirai"})
		got := w.turn()
		if got.Entries != 7 || w.state("own").Report.Files != 4 {
			t.Fatalf("%+v %+v", got, w.state("own"))
		}
		for name, want := range map[string]home.Class{"a.example": home.ClassMalware, "x.ads.example": home.ClassTracking, "good.ads.example": "", "bank.example": home.ClassPhishing, "hidden.example": "", "notes.example": ""} {
			if i, _ := w.listed(name); i.Class != want {
				t.Errorf("%s: %+v", name, i)
			}
		}
		if i, _ := w.listed("a.example"); i.Family != "Mirai" {
			t.Errorf("%+v", i)
		}
		for at, want := range map[string]bool{"198.51.100.9:80": true, "[2001:db8::7]:8080": true, "[2001:db8::7]:80": false} {
			if _, ok := w.set.Endpoint(netip.MustParseAddrPort(at)); ok != want {
				t.Errorf("%s: %v", at, ok)
			}
		}
		w.file("lists/broken.txt", strings.Repeat("<html>\n", 60))
		if w.turn(); !strings.Contains(w.state("own").Failure, "broken.txt is not a list") || !w.has("a.example") {
			t.Errorf("%+v", w.state("own"))
		}
	})
}

// What must never be blocked is left out, counted, and said by name.
func TestTheGuard(t *testing.T) {
	inWorlds(t, func(w *world) {
		w.file("own.txt", "# ours\nprovider.example\n203.0.113.0/24\n2001:db8:77::/48\n")
		w.file("popular.txt", "1,search.example\n2,shop.example\n")
		w.again(Options{Known: func(context.Context) ([]Known, error) {
			return []Known{{Name: "fw#.maker.example", Model: "Maker Plug", Share: .41, Homes: 30}, {Name: "rare.maker.example", Model: "Maker Cam", Share: .5, Homes: 3}}, nil
		}})
		list := "search.example\nwww.shop.example\nbad.shop.example\nportal.provider.example\n203.0.113.7\n203.0.112.0/22\n2001:db8:77::1\nfw12.maker.example\nrare.maker.example\n" +
			"deb.debian.org\npool.ntp.org\nco.uk\n8.8.8.8\n192.168.1.1\nnetflix.com\nbad.example\n198.51.100.7\n"
		w.source(Source{Name: "wrong", Kind: KindFolder, Place: w.file("lists/malware/list.txt", list), Trust: 80})
		if got := w.turn(); got.Entries != 3 {
			t.Errorf("%+v", got)
		}
		p := w.state("wrong").Placed
		for _, name := range []string{"bad.example", "bad.shop.example"} {
			if !w.has(name) {
				t.Errorf("%s is not listed", name)
			}
		}
		for why, n := range map[string]int{"one of the names that most people use": 2, string(ReasonProvider): 3, "used by healthy devices of a model": 2, "a time, update or the provider's own host": 2, "a well-known service": 1} {
			if p.Refused[why] != n {
				t.Errorf("%s: %d, want %d of %v", why, p.Refused[why], n, p.Refused)
			}
		}
		if text := strings.Join(p.Names, "\n"); !strings.Contains(text, "fw12.maker.example: 41 % of homes with Maker Plug use it") || strings.Contains(text, "Maker Cam") {
			t.Errorf("%s", text)
		}
		// Trackers are used by healthy devices, too; the provider's own is refused all the same.
		w.source(Source{Name: "wrong", Kind: KindFolder, Place: w.file("lists/malware/list.txt", list), Trust: 80, Class: home.ClassTracking})
		if w.turn(); !w.has("search.example") || w.has("portal.provider.example") || w.has("deb.debian.org") {
			t.Errorf("%+v", w.state("wrong").Placed)
		}
		w.file("own.txt", "provider.example\nnot a name\n")
		w.pass(2 * time.Hour)
		if _, err := w.n.Turn(context.Background()); err == nil || !strings.Contains(err.Error(), "line 2") {
			t.Errorf("a guard that cannot be read: %v", err)
		}
		if l, err := w.n.Lists(context.Background()); err != nil || l.Failure == "" || !l.Waits {
			t.Errorf("%+v %v", l, err)
		}
	})
}

// An exception wins over every list at once, and says who made it and why.
func TestExceptionsWin(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		w.source(Source{Name: "list", Kind: KindFolder, Place: w.file("lists/malware/list.txt", "mistake.example\nsub.wide.example\nwide2.example\n198.51.100.7\n203.0.113.0/24\n"), Trust: 80})
		w.turn()
		if !w.has("mistake.example") {
			t.Fatal("it is not listed")
		}
		acts := 0
		note := func(*db.Tx) error { acts++; return nil }
		for _, v := range []string{"Mistake.Example.", "*.wide.example", "good.wide2.example", "198.51.100.7", "203.0.113.64/26"} {
			if _, err := w.n.Allow(ctx, v, "customers called", "somebody", note); err != nil {
				t.Fatal(err)
			}
		}
		w.turn()
		for name, want := range map[string]bool{"mistake.example": false, "a.mistake.example": false, "sub.wide.example": false, "good.wide2.example": false, "bad.wide2.example": true} {
			if w.has(name) != want {
				t.Errorf("%s: %v", name, !want)
			}
		}
		for at, want := range map[string]bool{"198.51.100.7": false, "203.0.113.70": false, "203.0.113.7": true} {
			if _, ok := w.set.Addr(netip.MustParseAddr(at)); ok != want {
				t.Errorf("%s: %v", at, ok)
			}
		}
		if p := w.state("list").Placed; p.Allowed != 3 || p.Entries != 2 {
			t.Errorf("%+v", p)
		}
		list, err := w.n.Exceptions(ctx)
		if err != nil || len(list) != 5 || list[0].Value != "198.51.100.7" || list[4].Who != "somebody" || acts != 5 {
			t.Errorf("%+v %v", list, err)
		}
		for _, v := range []string{"com", "co.uk", "github.io", "10.0.0.0/8", "not a name", "", "::ffff:198.51.100.7", "0.0.0.0/0"} {
			if _, err := w.n.Allow(ctx, v, "customers called", "somebody", note); !errors.Is(err, ErrWrong) {
				t.Errorf("%q: %v", v, err)
			}
		}
		if err := w.n.Disallow(ctx, "mistake.example", note); err != nil {
			t.Fatal(err)
		}
		if err := w.n.Disallow(ctx, "mistake.example", note); !errors.Is(err, ErrUnknown) {
			t.Errorf("taken back twice: %v", err)
		}
		if w.turn(); !w.has("mistake.example") {
			t.Error("it is not listed again")
		}
	})
}

// Where nothing comes from sources yet, what was published by hand stays.
func TestExceptionsAloneReplaceNoLists(t *testing.T) {
	inWorlds(t, func(w *world) {
		if _, err := w.n.Allow(context.Background(), "good.example", "customers called", "somebody", nil); err != nil {
			t.Fatal(err)
		}
		if got := w.turn(); got.Version != 0 || w.last != nil {
			t.Errorf("%+v was published", got)
		}
		w.source(Source{Name: "list", Kind: KindFolder, Place: w.file("lists/malware/list.txt", "a.example\ngood.example\n"), Trust: 80})
		if w.turn(); !w.has("a.example") || w.has("good.example") {
			t.Error("the first list of a source is not in force, or without the exception")
		}
	})
}

func TestOneTurnAtATime(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		w.source(Source{Name: "list", Kind: KindFolder, Place: w.file("lists/malware/list.txt", "a.example\n"), Trust: 80})
		if until, err := w.n.take(ctx); until == 0 || err != nil {
			t.Fatal(until, err)
		}
		w.pass(time.Minute)
		if got, err := w.n.Turn(ctx); err != nil || !got.Busy || got.Fetched != 0 {
			t.Errorf("%+v %v", got, err)
		}
		w.pass(turnLife) // whoever had it is gone
		if got, err := w.n.Turn(ctx); err != nil || got.Busy || !got.Built {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// Who took longer than a turn lasts, as for many sources that hang, ends nobody else's turn, and publishes nothing that is older than what
// the other knows.
func TestATurnThatTookTooLongEndsNoOther(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		var other *Intel
		var hangs atomic.Bool
		hangs.Store(true)
		url := w.served(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { // it hangs, and another process takes its turn
			if hangs.CompareAndSwap(true, false) {
				w.pass(turnLife + time.Minute)
				if until, err := other.take(ctx); until == 0 || err != nil {
					t.Errorf("the other gets no turn: %v", err)
				}
			}
			fmt.Fprintln(rw, "a.example")
		}))
		other = New(w.d, w.n.o)
		w.source(Source{Name: "slow", Kind: KindHTTP, Place: url + "/list.txt", Inside: true, Trust: 80})
		if got, err := w.n.Turn(ctx); err != nil || got.Built || w.last != nil {
			t.Errorf("built in another's turn: %+v %v", got, err)
		}
		if got, err := New(w.d, w.n.o).Turn(ctx); err != nil || !got.Busy {
			t.Errorf("a third works beside the other: %+v %v", got, err)
		}
		w.pass(turnLife + time.Minute)
		if got, err := other.Turn(ctx); err != nil || got.Busy || !got.Built {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// What a person agreed to while the source was asked in vain stays agreed to, from that time on.
func TestAgreedWhileTheSourceFails(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		text, then := names(40, "bad"), func() bool { return true }
		url := w.served(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			if !then() {
				rw.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			fmt.Fprint(rw, text)
		}))
		w.source(Source{Name: "web", Kind: KindHTTP, Place: url + "/bad.txt", Inside: true, Trust: 70, Life: 24 * time.Hour})
		w.turn()
		text = names(3, "other")
		w.turn()
		w.pass(23 * time.Hour)
		then = func() bool {
			if err := w.n.Agree(ctx, "web", nil); err != nil {
				t.Error(err)
			}
			return false
		}
		w.turn()
		if s := w.state("web"); s.State != StateFailed || s.Held != 0 || s.Entries != 3 || !s.Good.Equal(w.now()) {
			t.Errorf("%s with %d held, %d in force, good at %s, want %s", s.State, s.Held, s.Entries, s.Good, w.now())
		}
		then = func() bool { return false }
		w.pass(2 * time.Hour)
		if w.turn(); !w.has("n1.other.example") {
			t.Error("what was agreed to two hours ago is not in force")
		}
	})
}

// A secret is named, never given: who names one in the console has it sent nowhere but to the server for which the administrator put it to use.
func TestStaffSendASecretNowhereElse(t *testing.T) {
	inWorlds(t, func(w *world) {
		ctx := context.Background()
		of := func(name, place, secret string, staff bool) Source {
			return Source{Name: name, Kind: KindHTTP, Place: place, Trust: 50, Secret: secret, Why: "a test", ByStaff: staff}
		}
		for _, c := range []struct {
			s    Source
			good bool
		}{
			{of("mine", "https://feed.example/list", "exchange", true), false}, // nobody has put it to use yet
			{of("exchange", "https://feed.example/list", "exchange", false), true},
			{of("mine", "https://evil.example/list", "exchange", true), false},
			{of("exchange", "https://evil.example/list", "exchange", true), false},
			{of("mine", "https://feed.example:8443/list", "exchange", true), false},
			{of("mine", "https://FEED.example/other", "exchange", true), true},
			{of("other", "https://evil.example/list", "", true), true},
			{of("other", "https://evil.example/list", "exchange", true), false},
		} {
			if err := w.n.SetSource(ctx, c.s, nil); (err == nil) != c.good || err != nil && !errors.Is(err, ErrWrong) {
				t.Errorf("%s at %s with %q, by staff %v: %v", c.s.Name, c.s.Place, c.s.Secret, c.s.ByStaff, err)
			}
		}
	})
}

func TestSourcesThatCannotBe(t *testing.T) {
	inWorlds(t, func(w *world) {
		good := Source{Name: "list", Kind: KindHTTP, Place: "https://feeds.example/list", Trust: 80, Why: "a test"}
		for what, change := range map[string]func(*Source){
			"a name with a path": func(s *Source) { s.Name = "../x" }, "no name": func(s *Source) { s.Name = "" }, "trust": func(s *Source) { s.Trust = 101 },
			"http": func(s *Source) { s.Place = "http://feeds.example/" }, "loopback": func(s *Source) { s.Place = "https://127.0.0.1/" },
			"a password in it": func(s *Source) { s.Place = "https://a:b@feeds.example/" }, "kind": func(s *Source) { s.Kind = "ftp" },
			"a path from here": func(s *Source) { s.Kind, s.Place = KindFolder, "lists" }, "too often": func(s *Source) { s.Every = time.Second },
			"class": func(s *Source) { s.Class = "allow" }, "format": func(s *Source) { s.Format = "xml" }, "no reason": func(s *Source) { s.Why = "" },
			"a secret elsewhere": func(s *Source) { s.Secret = "../root.key" }, "two lines": func(s *Source) { s.Family = "a\nb" },
		} {
			s := good
			if change(&s); !errors.Is(w.n.SetSource(context.Background(), s, nil), ErrWrong) {
				t.Errorf("%s was taken", what)
			}
		}
		if err := w.n.SetSource(context.Background(), good, nil); err != nil {
			t.Error(err)
		}
		if err := w.n.RemoveSource(context.Background(), "none", nil); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if err := w.n.FetchNow(context.Background(), "none", nil); !errors.Is(err, ErrUnknown) {
			t.Error(err)
		}
		if err := w.n.FetchNow(context.Background(), "list", nil); err != nil {
			t.Error(err)
		}
	})
}
