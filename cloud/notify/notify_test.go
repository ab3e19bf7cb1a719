package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
)

const hostile = "Cam\r\nBcc: all@example.com\r\n\r\n<b>\u202eera"

func TestAnIncidentIsToldByPushAndEmailOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if err := w.Subscribe(t.Context(), w.place.Tenant, resident, w.web.subscription()); err != nil {
			t.Fatal(err)
		}
		w.tell("0190-aa", "contained", hostile)
		w.tell("0190-aa", "contained", hostile)
		w.tell("0190-aa", "cleaning", hostile) // nobody is told of that
		w.send()
		w.send()
		texts, headers, errs := w.web.got()
		if len(texts) != 1 || len(errs) != 0 {
			t.Fatalf("browser was told %q, errors %v; %s", texts, errs, w.statuses())
		}
		var p map[string]string
		if err := json.Unmarshal([]byte(texts[0]), &p); err != nil || p["code"] != "K7QM" || p["url"] != "https://cardea.example/incidents/0190-aa" {
			t.Errorf("payload %q: %v", texts[0], err)
		}
		if h := headers[0]; h.Get("Urgency") != "high" || h.Get("Ttl") != "86400" || h.Get("Topic") != "0190aa" || !strings.HasPrefix(h.Get("Authorization"), "vapid t=") {
			t.Errorf("headers %v", h)
		}
		mails := w.mail.got()
		if len(mails) != 1 {
			t.Fatalf("%d mails; %s", len(mails), w.statuses())
		}
		checkMail(t, mails[0])
	})
}

func checkMail(t *testing.T, raw string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("Bcc") != "" || len(m.Header) != 9 {
		t.Errorf("headers %v", m.Header)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != "Cam Bcc: all@example.com <b>era was shut in" {
		t.Errorf("subject %q: %v", subject, err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || !strings.Contains(string(body), "https://cardea.example/incidents/0190-aa\n") || !strings.Contains(string(body), "K7QM") {
		t.Errorf("body %q: %v", body, err)
	}
}

func TestAnOpenIncidentWaitsForWhatIsDone(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.tell("i1", "open", "Camera")
	w.send()
	if n := len(w.mail.got()); n != 0 {
		t.Fatalf("%d mails at once", n)
	}
	w.tell("i1", "contained", "Camera")
	w.send()
	w.pass(2 * calm)
	w.send()
	if got := w.statuses(); got != "contained email sent 1" {
		t.Error(got)
	}
	w.tell("i2", "open", "Plug")
	w.pass(2 * calm)
	w.send()
	if n := len(w.mail.got()); n != 2 {
		t.Errorf("%d mails", n)
	}
}

func TestWhatIsNotUrgentComesOnceADay(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	for _, i := range []string{"i1", "i2", "i3"} {
		w.tell(i, "closed", "Camera")
	}
	w.send()
	if n := len(w.mail.got()); n != 1 {
		t.Fatalf("%d mails on the first day", n)
	}
	w.tell("i4", "contained", "Camera") // urgent
	w.pass(25 * time.Hour)
	w.tell("i5", "closed", "Camera")
	w.send()
	if n := len(w.mail.got()); n != 3 {
		t.Errorf("%d mails after two days", n)
	}
}

func TestAHomeThatInventsIncidentsIsToldSoMuchADay(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	rows := func() (n int) {
		t.Helper()
		if err := w.db.View(t.Context(), func(tx *db.Tx) error { return tx.Row(`SELECT COUNT(*) FROM notify_outbox`).Scan(&n) }); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i := range maxDay + 10 {
		w.tell(fmt.Sprint("i", i), "contained", "Camera")
	}
	if n := rows(); n != maxDay {
		t.Errorf("%d in a day, want %d", n, maxDay)
	}
	w.pass(25 * time.Hour)
	w.tell("the next day", "contained", "Camera")
	if n := rows(); n != maxDay+1 {
		t.Errorf("%d after a day, want %d", n, maxDay+1)
	}
}

func TestSettingsAreKeptTo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		if err := w.Subscribe(t.Context(), w.place.Tenant, resident, w.web.subscription()); err != nil {
			t.Fatal(err)
		}
		if err := w.Change(t.Context(), w.place.Tenant, resident, Settings{true, true}, Settings{false, true}); err != nil {
			t.Fatal(err)
		}
		if err := w.Change(t.Context(), w.place.Tenant, resident, Settings{true, true}, Settings{true, false}); !errors.Is(err, ErrChanged) {
			t.Errorf("a change of what is no more: %v", err)
		}
		w.tell("i1", "contained", "Camera")
		w.send()
		if got := w.statuses(); got != "contained push sent 1" {
			t.Error(got)
		}
		other := w.place
		other.Home = "h2"
		if err := d.Tx(t.Context(), func(tx *db.Tx) error {
			return w.Incident(tx, other, "i2", "AAAA", "x", "contained", "y")
		}); err != nil {
			t.Fatal(err)
		}
		w.send()
		if texts, _, _ := w.web.got(); len(texts) != 1 {
			t.Errorf("another home's incident was told: %q", texts)
		}
		if err := d.Tx(t.Context(), func(tx *db.Tx) error { _, err := w.Erase(tx, w.place); return err }); err != nil {
			t.Fatal(err)
		}
		if got := w.statuses(); got != "" {
			t.Errorf("after erasing: %s", got)
		}
	})
}

func TestRetriesThenGivesUp(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.mail.set("451 not now")
	w.tell("i1", "contained", "Camera")
	w.send()
	if got := w.statuses(); got != "contained email waiting 1" {
		t.Fatal(got)
	}
	w.pass(31 * time.Second)
	w.send()
	if got := w.statuses(); got != "contained email waiting 2" {
		t.Fatal(got)
	}
	w.pass(giveUp + time.Hour)
	w.send()
	if got := w.statuses(); got != "contained email failed 3" {
		t.Fatal(got)
	}
	w.mail.set("550 nobody of that name")
	w.tell("i2", "contained", "Camera")
	w.send()
	if got := w.statuses(); got != "contained email failed 3; contained email failed 1" && got != "contained email failed 1; contained email failed 3" {
		t.Error(got)
	}
	if n := len(w.mail.got()); n != 0 {
		t.Errorf("%d mails were taken", n)
	}
}

func TestABrowserThatIsGoneIsForgotten(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	if err := w.Subscribe(t.Context(), w.place.Tenant, resident, w.web.subscription()); err != nil {
		t.Fatal(err)
	}
	w.web.set(410)
	w.tell("i1", "contained", "Camera")
	w.send()
	w.web.set(201)
	w.tell("i2", "contained", "Camera")
	w.send()
	if got := w.statuses(); strings.Contains(got, "push sent") || !strings.Contains(got, "push dropped 1") {
		t.Error(got)
	}
}

func TestACrashWhileSendingSendsAgain(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	w.tell("i1", "contained", "Camera")
	if _, err := w.expand(t.Context()); err != nil {
		t.Fatal(err)
	}
	if took, err := w.take(t.Context()); err != nil || len(took) != 1 {
		t.Fatal(took, err)
	}
	w.send() // somebody else has it
	if n := len(w.mail.got()); n != 0 {
		t.Fatalf("%d mails while another process has it", n)
	}
	w.pass(lease + time.Second)
	w.send()
	if got := w.statuses(); got != "contained email sent 2" {
		t.Error(got)
	}
}

func TestOnlyPublicAddressesAreDialled(t *testing.T) {
	for _, a := range []string{"127.0.0.1", "::1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "100.64.0.1", "fd00::1", "fe80::1", "0.0.0.0",
		"::", "224.0.0.1", "255.255.255.255", "64:ff9b::a00:1", "2002:a00:1::", "192.0.2.1", "198.18.0.1", "ff02::1"} {
		if public(netip.MustParseAddr(a).Unmap()) {
			t.Errorf("%s counts as public", a)
		}
	}
	for _, a := range []string{"9.9.9.9", "2620:fe::fe", "142.250.1.1"} {
		if !public(netip.MustParseAddr(a)) {
			t.Errorf("%s does not count as public", a)
		}
	}
	w := newWorld(t, dbtest.SQLite(t))
	w.opts.Loopback = false
	err := newPusher(w.opts).send(t.Context(), w.web.subscription(), message{Incident: "i", State: "contained"})
	if !errors.Is(err, errPrivate.error) {
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
		_, receiver, data, err := compose("Cardea <c@example.net>", to, subject, "id@x", body, time.Unix(0, 0))
		if err != nil {
			return
		}
		if strings.ContainsAny(receiver, "\r\n") {
			t.Fatalf("receiver %q", receiver)
		}
		m, err := mail.ReadMessage(strings.NewReader(string(data)))
		if err != nil || len(m.Header) != 9 {
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
