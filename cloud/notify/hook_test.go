package notify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// gateway is a provider's webhook. It verifies with the library that Standard Webhooks give receivers.
type gateway struct {
	*httptest.Server
	secret string
	mu     sync.Mutex
	status int
	after  string // Retry-After
	ids    []string
	events []string
	bad    []error
}

func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of thirty-two bytes ...")), status: http.StatusNoContent}
	verify, err := standardwebhooks.NewWebhook(g.secret)
	if err != nil {
		t.Fatal(err)
	}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		if err == nil {
			err = verify.VerifyIgnoringTimestamp(b, r.Header) // the test's clock is not the library's
		}
		if err != nil {
			g.bad = append(g.bad, err)
		}
		g.ids, g.events = append(g.ids, r.Header.Get("Webhook-Id")), append(g.events, string(b))
		if g.after != "" {
			w.Header().Set("Retry-After", g.after)
		}
		w.WriteHeader(g.status)
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) set(status int, after string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status, g.after = status, after
}

func (g *gateway) got() (events, ids []string, bad []error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]string(nil), g.events...), append([]string(nil), g.ids...), append([]error(nil), g.bad...)
}

// hook is the gateway as the file of a provider has it. A new secret stands before the old one, that the gateway still has.
func (g *gateway) hook(t *testing.T) *Hook {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	fresh := "whsec_" + base64.StdEncoding.EncodeToString([]byte("another secret of thirty-two b.."))
	if err := os.WriteFile(path, []byte("# changed in November\n"+fresh+"\n"+g.secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &Hook{URL: g.URL, SecretFile: path}
}

// phoned gives the person a number that is verified, and tells what went there.
func (w *world) phoned(g *gateway) {
	w.t.Helper()
	if err := w.SetPhone(w.t.Context(), w.place.Tenant, resident, "+49 (30) 123-456"); err != nil {
		w.t.Fatal(err)
	}
	events, _, _ := g.got()
	code := regexp.MustCompile(`[0-9]{6} is your code`).FindString(events[len(events)-1])
	if err := w.VerifyPhone(w.t.Context(), w.place.Tenant, resident, strings.TrimSuffix(code, " is your code")); err != nil {
		w.t.Fatal(err)
	}
}

func TestTextMessagesGoToAVerifiedNumber(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		g := newGateway(t)
		w.channels["example"] = Channel{Provider: "example", SMS: g.hook(t)}
		w.phoned(g)
		if p, err := w.Phone(t.Context(), w.place.Tenant, resident); err != nil || p != (Phone{"+49…456", true}) {
			t.Errorf("%+v, %v", p, err)
		}
		c := camera("i1", home.StateContained)
		w.tell(c)
		w.pass(gather)
		w.send()
		c.State = home.StateCleaning // no further text message of it
		w.tell(c)
		w.pass(time.Minute)
		w.send()
		events, ids, bad := g.got()
		if len(events) != 2 || len(bad) > 0 || ids[0] == ids[1] || ids[1] == "" {
			t.Fatalf("%q, ids %q, %v", events, ids, bad)
		}
		var e struct {
			Type string
			Data smsData
		}
		if err := json.Unmarshal([]byte(events[1]), &e); err != nil || e.Type != "sms.send" || e.Data.To != "+4930123456" {
			t.Errorf("%s: %v", events[1], err)
		}
		if !regexp.MustCompile(`^Example Net: one device at home needs attention\. Open the Example Net app or call the number on your bill\. Check code [0-9A-Z]{5}-[0-9A-Z]{5}\.$`).MatchString(e.Data.Text) {
			t.Errorf("text message %q", e.Data.Text)
		}
		if err := w.ForgetPhone(t.Context(), w.place.Tenant, resident); err != nil {
			t.Fatal(err)
		}
		other := camera("i2", home.StateContained)
		other.Kind = home.InfectionLogin
		w.tell(other)
		w.pass(gather)
		w.send()
		if events, _, _ := g.got(); len(events) != 2 {
			t.Errorf("%q went to a number that was taken back", events[2:])
		}
	})
}

func TestAHookIsTriedAgainWithTheSameID(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	g := newGateway(t)
	w.channels["example"] = Channel{Provider: "example", Webhook: g.hook(t)}
	if _, err := w.Change(t.Context(), w.place.Tenant, w.people[0], -1, func(s *Settings) {
		s.Channels[Webhook] = Choice{Critical: true}
	}); err != nil {
		t.Fatal(err)
	}
	g.set(http.StatusServiceUnavailable, "120")
	w.tell(camera("i1", home.StateContained))
	w.pass(gather)
	w.send()
	w.pass(119 * time.Second)
	w.send()
	g.set(http.StatusOK, "")
	w.pass(2 * time.Second)
	w.send()
	events, ids, bad := g.got()
	if len(ids) != 2 || ids[0] != ids[1] || len(bad) > 0 {
		t.Fatalf("ids %q, %v", ids, bad)
	}
	var e struct {
		Type string
		Data noteData
	}
	if err := json.Unmarshal([]byte(events[1]), &e); err != nil || e.Type != "notification.send" || e.Data.Level != "critical" || e.Data.Kind != "infected" ||
		strings.Contains(events[1], "Kitchen") || !strings.HasPrefix(e.Data.Text, "Your camera by Acme is sending") {
		t.Errorf("%s: %v", events[1], err)
	}
	if got := w.statuses(); got != "infected email sent 1; infected webhook sent 2" {
		t.Error(got)
	}
}

func TestANumberIsVerifiedOnce(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	g := newGateway(t)
	ctx, tenant := t.Context(), w.place.Tenant
	if err := w.SetPhone(ctx, tenant, resident, "+4930123456"); !errors.Is(err, ErrNoSMS) {
		t.Errorf("without a gateway: %v", err)
	}
	w.channels["example"] = Channel{Provider: "example", SMS: g.hook(t)}
	code := func() string {
		events, _, _ := g.got()
		return regexp.MustCompile(`[0-9]{6}`).FindString(strings.Split(events[len(events)-1], `"text":`)[1])
	}
	if err := w.SetPhone(ctx, tenant, resident, "0049 30 123456"); err != nil {
		t.Fatal(err)
	}
	right := code()
	wrong := "000000"
	if right == wrong {
		wrong = "000001"
	}
	for range codeTries {
		if err := w.VerifyPhone(ctx, tenant, resident, wrong); !errors.Is(err, ErrCode) {
			t.Error(err)
		}
	}
	if err := w.VerifyPhone(ctx, tenant, resident, right); !errors.Is(err, ErrCode) {
		t.Errorf("the right code after %d wrong ones: %v", codeTries, err)
	}
	if err := w.SetPhone(ctx, tenant, resident, "+4930123456"); err != nil {
		t.Fatal(err)
	}
	w.pass(codeTime + time.Second)
	if err := w.VerifyPhone(ctx, tenant, resident, code()); !errors.Is(err, ErrCode) {
		t.Errorf("too late: %v", err)
	}
	if err := w.SetPhone(ctx, tenant, resident, "+4930123456"); err != nil {
		t.Fatal(err)
	}
	if err := w.VerifyPhone(ctx, tenant, "somebody else", code()); !errors.Is(err, ErrCode) {
		t.Errorf("somebody else's: %v", err)
	}
	if err := w.VerifyPhone(ctx, tenant, resident, code()); err != nil {
		t.Error(err)
	}
	if err := w.VerifyPhone(ctx, tenant, resident, code()); !errors.Is(err, ErrCode) {
		t.Errorf("a second time: %v", err)
	}
	if err := w.SetPhone(ctx, tenant, resident, "+4930123456"); !errors.Is(err, ErrTooMany) {
		t.Errorf("the fourth within an hour: %v", err)
	}
}

func TestManyPeopleDoNotSendCodesToOneNumber(t *testing.T) {
	w := newWorld(t, dbtest.SQLite(t))
	g := newGateway(t)
	w.channels["example"] = Channel{Provider: "example", SMS: g.hook(t)}
	var refused int
	for _, who := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		if err := w.SetPhone(t.Context(), w.place.Tenant, who, "+4930123456"); errors.Is(err, ErrTooMany) {
			refused++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if events, _, _ := g.got(); len(events) != codesNumber || refused != 2 {
		t.Errorf("%d codes, %d refused", len(events), refused)
	}
}

func TestNumbers(t *testing.T) {
	for in, want := range map[string]string{"+49 30 123456": "+4930123456", "0049-30-123456": "+4930123456", "+1 (555) 010.9999": "+15550109999", "030 123456": "", "+0123456789": "",
		"+49": "", "+49301234567890123": "", "+4930123456;wait": "", "": "", "+49\u00a030123456": ""} {
		if got, err := number(in); got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
}

func TestChannelsAreReadStrictly(t *testing.T) {
	good := `{"providers": [{"provider": "example", "language": "de", "phone": "+49 30 123456", "sms": {"url": "https://sms.example.net/x", "secret_file": "/run/secret"}, "survey": "https://example.net/s"}]}`
	c, err := ParseChannels([]byte(good))
	if err != nil || c.Of("id", "example").Phone != "+49 30 123456" || c.Of("id", "other").SMS != nil {
		t.Errorf("%+v, %v", c, err)
	}
	for _, bad := range []string{``, `{`, `{"providers": [{}]}`, good + good, strings.Replace(good, "https://sms", "http://sms", 1), strings.Replace(good, "https://sms", "https://u:p@sms", 1),
		strings.Replace(good, `"de"`, `"xx"`, 1), strings.Replace(good, "/run/secret", "", 1), strings.Replace(good, "phone", "fone", 1), strings.Replace(good, "https://example.net/s", "javascript:1", 1)} {
		if _, err := ParseChannels([]byte(bad)); err == nil {
			t.Errorf("taken: %s", bad)
		}
	}
	if _, err := LoadChannels(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
	path := filepath.Join(t.TempDir(), "channels.json")
	if err := os.WriteFile(path, []byte(good), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadChannels(path); err == nil || !strings.Contains(err.Error(), "example") {
		t.Errorf("a secret that is not there: %v", err)
	}
}

func FuzzParseChannels(f *testing.F) {
	f.Add([]byte(`{"providers": [{"provider": "example", "sms": {"url": "https://sms.example.net/x", "secret_file": "/run/secret"}}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseChannels(b)
		if err != nil {
			return
		}
		for name, one := range c {
			if name != one.Provider || one.check() != nil {
				t.Fatalf("%q: %+v", name, one)
			}
		}
	})
}

func FuzzParseSecrets(f *testing.F) {
	f.Add([]byte("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, err := parseSecrets(b)
		if (err == nil) != (len(keys) > 0) || len(keys) > maxSecrets {
			t.Fatalf("%d, %v", len(keys), err)
		}
		if err != nil && len(b) > 40 && strings.Contains(err.Error(), string(b[:40])) {
			t.Fatalf("the error tells what is in the file: %v", err)
		}
	})
}

func FuzzReadCode(f *testing.F) {
	f.Add("abcde-01234")
	f.Add("OIL")
	f.Fuzz(func(t *testing.T, s string) {
		code, ok := readCode(s)
		if !ok {
			return
		}
		if again, ok := readCode(grouped(code)); !ok || again != code || words.Line(code, 20) != code {
			t.Fatalf("%q gives %q, %q", s, code, again)
		}
	})
}
