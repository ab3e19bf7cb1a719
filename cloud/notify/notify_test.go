package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/internal/platform/hook"
	"cardea/internal/platform/queue"
)

const hostile = "Cam\r\nBcc: all@example.com\r\n\r\n<b>\u202eera"

func TestACaseIsToldByPushAndEmailOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		c := camera("0190-aa", home.StateContained)
		c.Device.Name = hostile
		w.tell(c)
		w.tell(c)
		w.pass(gather)
		w.send()
		w.send()
		texts, headers, errs := w.web.got()
		if len(texts) != 1 || len(errs) != 0 {
			t.Fatalf("browser was told %q, errors %v; %s", texts, errs, w.statuses())
		}
		var p pushMessage
		if err := json.Unmarshal([]byte(texts[0]), &p); err != nil || p.Code != "K7QM" || p.URL != "https://cardea.example/incidents/0190-aa" || p.Silent || p.Level != "critical" ||
			!strings.HasPrefix(p.Body, "Your Cam Bcc: all@example.com <b>era is sending traffic that looks like malware (it called many computers") {
			t.Errorf("payload %q: %v", texts[0], err)
		}
		if h := headers[0]; h.Get("Urgency") != "high" || h.Get("Ttl") != "86400" || len(h.Get("Topic")) != 32 || !strings.HasPrefix(h.Get("Authorization"), "vapid t=") {
			t.Errorf("headers %v", h)
		}
		mails := w.mail.got()
		if len(mails) != 1 {
			t.Fatalf("%d mails; %s", len(mails), w.statuses())
		}
		checkMail(t, mails[0])
	})
}

// checkMail: nothing of the device's name or the home is in an e-mail, and it says how to know that it is genuine.
func checkMail(t *testing.T, raw string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" || len(m.Header) != 10 {
		t.Errorf("headers %v", m.Header)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Example Net: one device at home needs attention" {
		t.Errorf("subject %q: %v", subject, err)
	}
	b, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	body := string(b)
	for _, want := range []string{"Your camera by Acme is sending traffic that looks like malware", "https://cardea.example/incidents/0190-aa\n", "K7QM", "https://cardea.example/genuine", "open the app yourself"} {
		if err != nil || !strings.Contains(body, want) {
			t.Errorf("nothing of %q in %q: %v", want, body, err)
		}
	}
	if strings.Contains(body, "Cam Bcc") || strings.Contains(body, "anna") {
		t.Errorf("something personal in %q", body)
	}
}

func TestACaseThatIsOnlyOpenWaitsForWhatIsDone(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.tell(camera("i1", home.StateOpen))
	w.pass(gather)
	w.send()
	if n := len(w.mail.got()); n != 0 {
		t.Fatalf("%d mails at once", n)
	}
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	w.send()
	w.pass(2 * calm)
	w.send()
	if got := w.statuses(); got != "infected email sent 1" {
		t.Error(got)
	}
	odd := camera("i2", home.StateOpen)
	odd.Contact = "Example Cloud"
	w.tell(odd)
	w.pass(2 * calm)
	w.send()
	if got := w.statuses(); got != "infected email sent 1; odd email sent 1" {
		t.Error(got)
	}
}

func TestWhatWasOverBeforeAnybodyHeardOfItIsNotTold(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.tell(camera("i1", home.StateOpen))
	over := camera("i1", home.StateClosed)
	over.Outcome = home.OutcomeExpired
	w.tell(over)
	w.tell(camera("i2", home.StateClosed)) // nobody ever heard of it
	w.tell(camera("i3", home.StateProbation))
	w.pass(time.Hour)
	w.send()
	if got := w.statuses(); got != "" {
		t.Error(got)
	}
}

// TestLaterStatesUpdate: one alarm, then what is shown is replaced without a sound, and the end is told.
func TestLaterStatesUpdate(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		cleaning := camera("i1", home.StateContained)
		cleaning.State = home.StateCleaning
		held := cleaning
		held.State, held.Mode = home.StateProbation, home.ModeVendorOnly
		for _, c := range []Case{camera("i1", home.StateContained), cleaning, held, returned("i1", 60*time.Hour), returned("i1", 61*time.Hour), closedClean("i1")} {
			w.tell(c)
			w.tell(c)
			w.pass(time.Minute)
			w.send()
		}
		want := "infected email sent 1; infected push sent 1; handled push sent 1 silent; handled push sent 1 silent; clean email sent 1; clean push sent 1"
		if got := w.statuses(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		texts, headers, _ := w.web.got()
		tags := map[string]bool{}
		for i, text := range texts {
			var p pushMessage
			if err := json.Unmarshal([]byte(text), &p); err != nil {
				t.Fatal(err)
			}
			tags[p.Tag] = true
			if high := headers[i].Get("Urgency") == "high"; high != (i == 0) {
				t.Errorf("push %d is urgent: %v", i, high)
			}
		}
		if len(tags) != 1 {
			t.Errorf("tags %v", tags)
		}
		if got := texts[len(texts)-1]; !strings.Contains(got, "Your Kitchen has behaved normally for 24 hours. It is back on your network.") {
			t.Error(got)
		}
	})
}

func TestARelapseIsToldAndIsNoSecondAlarm(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	again := camera("i1", home.StateContained)
	again.Relapses = 1
	for _, c := range []Case{camera("i1", home.StateContained), camera("i1", home.StateProbation), again} {
		w.tell(c)
		w.pass(time.Hour)
		w.send()
	}
	want := "infected email sent 1; infected push sent 1; handled push sent 1 silent; again email sent 1; again push sent 1"
	if got := w.statuses(); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if _, headers, _ := w.web.got(); headers[2].Get("Urgency") == "high" {
		t.Error("the relapse is urgent")
	}
}

func TestSeveralDevicesAreOneMessage(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		for i := range 7 {
			c := camera(fmt.Sprint("i", i), home.StateContained)
			c.Device.Name = fmt.Sprint("Camera ", i)
			w.tell(c)
		}
		w.pass(gather)
		w.send()
		late := camera("late", home.StateContained)
		late.Device.Name = "Camera late"
		w.tell(late)
		w.pass(time.Minute)
		w.send()
		if got := w.statuses(); got != "infected email sent 1; infected push sent 1; infected push sent 1 silent" {
			t.Fatal(got)
		}
		texts, _, _ := w.web.got()
		if !strings.Contains(texts[0], "Your Camera 0 and 6 other devices are sending") || !strings.Contains(texts[1], "Your Camera 0 and 7 other devices") {
			t.Errorf("%q", texts)
		}
		w.pass(2 * time.Hour) // the cause is being handled: no second alarm
		w.tell(camera("later", home.StateContained))
		w.pass(gather)
		w.send()
		if n := len(w.mail.got()); n != 1 {
			t.Errorf("%d mails while the first case is open", n)
		}
		if texts, _, _ := w.web.got(); !strings.Contains(texts[len(texts)-1], "Your Camera 0 and 8 other devices") {
			t.Errorf("%q", texts)
		}
		w.pass(joinTime) // the day after, another one is news
		w.tell(camera("much later", home.StateContained))
		w.pass(gather)
		w.send()
		if n := len(w.mail.got()); n != 2 {
			t.Errorf("%d mails", n)
		}
	})
}

// TestWhatIsOverIsNotJoined: once the device is back, the same trouble of another one is an alarm of its own.
func TestWhatIsOverIsNotJoined(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	for _, c := range []Case{camera("i1", home.StateContained), returned("i1", 30*time.Hour), camera("i2", home.StateContained)} {
		w.tell(c)
		w.pass(2 * time.Hour)
		w.send()
	}
	if got := w.statuses(); got != "infected email sent 1; clean email sent 1; infected email sent 1" {
		t.Error(got)
	}
}

// TestOddThingsAreNotOneCause: what one device did that it never did before says nothing of another's hours later.
func TestOddThingsAreNotOneCause(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		for _, id := range []string{"i1", "i2"} {
			w.tell(camera(id, home.StateOpen))
			w.pass(2 * oddTime)
			w.send()
		}
		if got := w.statuses(); got != "odd email sent 1; odd email sent 1" {
			t.Error(got)
		}
	})
}

func TestWhatIsNotUrgentComesSeldomByEmail(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	for i := range 4 {
		c := camera(fmt.Sprint("i", i), home.StateContained)
		c.Kind = home.Infection(fmt.Sprint("kind ", i))
		w.tell(c)
		w.pass(gather)
		w.send()
		c.State, c.Mode, c.Outcome = home.StateClosed, home.ModeOff, home.OutcomeClean
		w.tell(c)
		w.pass(gather)
		w.send()
	}
	if n := len(w.mail.got()); n != 5 {
		t.Errorf("%d mails of four alarms and four ends: %s", n, w.statuses())
	}
}

func TestAHomeThatInventsCasesIsToldSoMuchADay(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	count := func() (n int) {
		t.Helper()
		w.tx(func(tx *db.Tx) error { return tx.Row(`SELECT COUNT(*) FROM notify_message`).Scan(&n) })
		return n
	}
	invent := func(i int) {
		c := camera(fmt.Sprint("i", i), home.StateContained)
		c.Kind = home.Infection(fmt.Sprint("kind ", i))
		w.tell(c)
	}
	for i := range maxDay + 10 {
		invent(i)
	}
	if n := count(); n != maxDay {
		t.Errorf("%d in a day, want %d", n, maxDay)
	}
	w.pass(25 * time.Hour)
	invent(1000)
	if n := count(); n != maxDay+1 {
		t.Errorf("%d after a day, want %d", n, maxDay+1)
	}
	for i := range 10 * maxRevs { // a case that flaps
		state := home.StateContained
		if i%2 == 0 {
			state = home.StateCleaning
		}
		c := camera("i1000", state)
		c.Kind = "kind 1000"
		w.tell(c)
		w.pass(time.Minute)
		w.send()
	}
	var revs int
	w.tx(func(tx *db.Tx) error { return tx.Row(`SELECT MAX(rev) FROM notify_message`).Scan(&revs) })
	if revs > maxRevs {
		t.Errorf("%d revisions", revs)
	}
}

func TestAnotherHomeIsNotTold(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		other := w.place
		other.Home = "h2"
		w.tx(func(tx *db.Tx) error { return w.Case(tx, other, camera("i2", home.StateContained)) })
		w.tell(camera("i1", home.StateContained))
		w.pass(gather)
		w.send()
		if texts, _, _ := w.web.got(); len(texts) != 1 {
			t.Errorf("another home's case was told: %q", texts)
		}
		w.tx(func(tx *db.Tx) error { _, err := w.Erase(tx, w.place); return err })
		if got := w.statuses(); got != "" {
			t.Errorf("after erasing: %s", got)
		}
	})
}

func TestWhoHasLeftHearsNothingMore(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	w.mail.set("451 not now")
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	w.send()
	w.mail.set("")
	w.people = nil
	w.pass(time.Minute)
	w.send()
	if got := w.statuses(); got != "infected email dropped 2; infected push sent 1" {
		t.Error(got)
	}
}

func TestRetriesThenGivesUp(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.mail.set("451 not now")
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	w.send()
	if got := w.statuses(); got != "infected email waiting 1" {
		t.Fatal(got)
	}
	for _, wait := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute} {
		w.pass(wait - 2*time.Second)
		w.send()
		before := w.statuses()
		w.pass(3 * time.Second)
		w.send()
		if w.statuses() == before {
			t.Errorf("not tried again after %v: %s", wait, before)
		}
	}
	w.pass(giveUp + time.Hour)
	w.send()
	if got := w.statuses(); got != "infected email failed 5" {
		t.Fatal(got)
	}
	w.mail.set("550 nobody of that name")
	c := camera("i2", home.StateContained)
	w.tell(c)
	w.pass(gather)
	w.send()
	if got := w.statuses(); got != "infected email failed 5; infected email failed 1" {
		t.Error(got)
	}
	if n := len(w.mail.got()); n != 0 {
		t.Errorf("%d mails were taken", n)
	}
	list, _, err := w.Deliveries(t.Context(), w.place.Tenant, resident, "", 10)
	if err != nil || len(list) != 2 || list[0].Why != "refused" || list[1].Why != "given-up" {
		t.Errorf("%+v: %v", list, err)
	}
}

// TestWhatWaitedSaysWhatIsTrueNow: an alarm that could not be delivered while the case went on is not told as it was.
func TestWhatWaitedSaysWhatIsTrueNow(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.mail.set("451 not now")
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	w.send()
	clean := camera("i1", home.StateClosed)
	clean.Kind, clean.Outcome = home.InfectionTelnet, home.OutcomeClean
	w.tell(clean)
	w.mail.set("")
	w.pass(gather)
	w.send()
	w.pass(time.Hour)
	w.send()
	if got := w.statuses(); got != "infected email replaced 1; clean email sent 1" {
		t.Error(got)
	}
	if mails := w.mail.got(); len(mails) != 1 || !strings.Contains(mails[0], "a device at home is fine again") {
		t.Errorf("%q", mails)
	}
}

func TestABrowserThatIsGoneIsForgotten(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.subscribe()
	w.web.set(410)
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	w.send()
	w.web.set(201)
	w.pass(2 * joinTime)
	w.tell(camera("i2", home.StateContained))
	w.pass(gather)
	w.send()
	if got := w.statuses(); strings.Contains(got, "push sent") || !strings.Contains(got, "push dropped 1") {
		t.Error(got)
	}
}

func TestACrashWhileSendingSendsAgainWithTheSameID(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	if _, err := w.expand(t.Context()); err != nil {
		t.Fatal(err)
	}
	took, err := w.take(t.Context())
	if err != nil || len(took) != 1 {
		t.Fatal(took, err)
	}
	w.send() // somebody else has it
	if n := len(w.mail.got()); n != 0 {
		t.Fatalf("%d mails while another process has it", n)
	}
	if err := w.Notify.send(t.Context(), took[0]); err != nil { // it is sent, and the process dies before it notes that
		t.Fatal(err)
	}
	w.pass(queue.Lease + time.Second)
	w.send()
	if got := w.statuses(); got != "infected email sent 2" {
		t.Error(got)
	}
	mails := w.mail.got()
	if len(mails) != 2 || header(t, mails[0], "Message-ID") != header(t, mails[1], "Message-ID") || header(t, mails[0], "Message-ID") == "" {
		t.Errorf("%q", mails)
	}
}

func header(t *testing.T, raw, name string) string {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m.Header.Get(name)
}

func TestTwoProcessesTellOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		w.subscribe()
		other := w.process(w.opts.Keys)
		for i := range 10 {
			c := camera(fmt.Sprint("i", i), home.StateContained)
			c.Kind = home.Infection(fmt.Sprint("kind ", i))
			w.tell(c)
		}
		w.pass(gather)
		done := make(chan error, 2)
		for _, n := range []*Notify{w.Notify, other} {
			go func() {
				for range 3 {
					if _, err := n.queue.Round(t.Context()); err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		for range 2 {
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		}
		texts, _, _ := w.web.got()
		if mails := w.mail.got(); len(mails) != 10 || len(texts) != 10 {
			t.Errorf("%d mails, %d pushes; want 10 of each", len(mails), len(texts))
		}
	})
}

func TestErasedWhileItWaits(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	if _, err := w.expand(t.Context()); err != nil {
		t.Fatal(err)
	}
	took, err := w.take(t.Context())
	if err != nil || len(took) != 1 {
		t.Fatal(took, err)
	}
	w.tx(func(tx *db.Tx) error { _, err := w.Erase(tx, w.place); return err })
	if err := w.deliver(t.Context(), took[0]); err != nil {
		t.Fatal(err)
	}
	if n := len(w.mail.got()); n != 0 {
		t.Errorf("%d mails of a home that is erased", n)
	}
}

func TestLinksAreWhereItIs(t *testing.T) {
	if got := (body{Cases: []told{{Case: Case{ID: "a"}}, {Case: Case{ID: "b"}}}}).path(); got != "/" {
		t.Error(got)
	}
	if got := (body{Path: "/devices", Facts: words.Facts{Kind: words.New}}).path(); got != "/devices" {
		t.Error(got)
	}
}

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.opts.Loopback = false
	err := newPusher(w.opts).send(t.Context(), w.web.subscription(), "i", []byte("{}"), true)
	if !errors.Is(err, hook.ErrPrivate) {
		t.Errorf("sent to a push service in the own network: %v", err)
	}
	if err := w.web.subscription().check(false); !errors.Is(err, ErrSubscription) {
		t.Errorf("a subscription without TLS: %v", err)
	}
}

func TestKeysAreKeptToTheirOwner(t *testing.T) {
	path := filepath.Join(t.TempDir(), "push.json")
	a, err := LoadKeys(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := LoadKeys(path)
	if err != nil || a != b {
		t.Errorf("two pairs: %v", err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v: %v", info.Mode(), err)
	}
	if err := os.WriteFile(path, []byte(`{"public":"x"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKeys(path); err == nil {
		t.Error("keys that are no pair were taken")
	}
}

func FuzzCompose(f *testing.F) {
	f.Add("a@example.org", hostile, "text\n.\nmore")
	f.Add("a@example.org\r\nRCPT TO:<b@c>", "=?utf-8?q?x?=", "")
	f.Fuzz(func(t *testing.T, to, subject, body string) {
		_, receiver, data, err := compose("Cardea <c@example.net>", "North\r\nBcc: x@example.org", to, subject, "id@x", "thread@x", body, time.Unix(0, 0))
		if err != nil {
			return
		}
		if strings.ContainsAny(receiver, "\r\n") {
			t.Fatalf("receiver %q", receiver)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(data)))
		if err != nil || len(m.Header) != 10 {
			t.Fatalf("headers %v: %v", m, err)
		}
	})
}

func FuzzSubscription(f *testing.F) {
	f.Add("https://push.example/x", "", "")
	f.Add("http://127.0.0.1/x", "AA", "AA")
	f.Fuzz(func(t *testing.T, endpoint, key, auth string) {
		s := Subscription{endpoint, key, auth}
		if s.check(false) == nil && !strings.HasPrefix(strings.ToLower(endpoint), "https://") {
			t.Fatalf("%q was taken", endpoint)
		}
	})
}
