package notify

import (
	"bufio"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/notify/words"
	"cardea/home"
	"cardea/internal/platform/db"
)

// mailbox is a small SMTP server that can refuse: smtp_test.go has a real one. refuse, when set, is what it says to RCPT.
type mailbox struct {
	addr   string
	mu     sync.Mutex
	mails  []string
	refuse string
	seen   []string // commands
}

func newMailbox(t *testing.T) *mailbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	m := &mailbox{addr: l.Addr().String()}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { m.talk(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() })
	return m
}

func (m *mailbox) talk(c net.Conn) {
	defer c.Close()
	r := textproto.NewReader(bufio.NewReader(c))
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	say("220 test")
	for {
		line, err := r.ReadLine()
		if err != nil {
			return
		}
		m.mu.Lock()
		m.seen = append(m.seen, line)
		refuse := m.refuse
		m.mu.Unlock()
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); {
		case verb == "RCPT" && refuse != "":
			say(refuse)
		case verb == "DATA":
			say("354 go on")
			b, err := r.ReadDotBytes()
			if err != nil {
				return
			}
			m.mu.Lock()
			m.mails = append(m.mails, string(b))
			m.mu.Unlock()
			say("250 taken")
		case verb == "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (m *mailbox) set(refuse string) { m.mu.Lock(); defer m.mu.Unlock(); m.refuse = refuse }

func (m *mailbox) got() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.mails...)
}

// browser is a push service and the browser behind it: it decrypts as RFC 8291 and RFC 8188 say.
type browser struct {
	*httptest.Server
	key    *ecdh.PrivateKey
	auth   []byte
	mu     sync.Mutex
	status int
	header []http.Header
	texts  []string
	errs   []error
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	b := &browser{key: key, auth: make([]byte, 16), status: http.StatusCreated}
	rand.Read(b.auth)
	b.Server = httptest.NewServer(b)
	t.Cleanup(b.Close)
	return b
}

func (b *browser) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.header = append(b.header, r.Header)
	if err == nil && b.status == http.StatusCreated {
		var text string
		if text, err = b.open(body); err == nil {
			b.texts = append(b.texts, text)
		}
	}
	if err != nil {
		b.errs = append(b.errs, err)
	}
	w.WriteHeader(b.status)
}

func (b *browser) open(body []byte) (string, error) {
	if len(body) < 21+65+16 {
		return "", fmt.Errorf("%d bytes", len(body))
	}
	salt, idLen := body[:16], int(body[20])
	sender, err := ecdh.P256().NewPublicKey(body[21 : 21+idLen])
	if err != nil {
		return "", err
	}
	shared, err := b.key.ECDH(sender)
	if err != nil {
		return "", err
	}
	info := "WebPush: info\x00" + string(b.key.PublicKey().Bytes()) + string(sender.Bytes())
	ikm, err := hkdf.Key(sha256.New, shared, b.auth, info, 32)
	if err != nil {
		return "", err
	}
	cek, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return "", err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return "", err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return "", err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return "", err
	}
	plain, err := gcm.Open(nil, nonce, body[21+idLen:], nil)
	if err != nil {
		return "", err
	}
	plain = []byte(strings.TrimRight(string(plain), "\x00"))
	if len(plain) == 0 || plain[len(plain)-1] != 2 { // the last record
		return "", fmt.Errorf("no delimiter")
	}
	return string(plain[:len(plain)-1]), nil
}

func (b *browser) subscription() Subscription {
	e := base64.RawURLEncoding.EncodeToString
	return Subscription{Endpoint: b.URL + "/push/1", P256dh: e(b.key.PublicKey().Bytes()), Auth: e(b.auth)}
}

func (b *browser) set(status int) { b.mu.Lock(); defer b.mu.Unlock(); b.status = status }

func (b *browser) got() ([]string, []http.Header, []error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.texts...), append([]http.Header(nil), b.header...), append([]error(nil), b.errs...)
}

// world is a Notify whose clock the test moves.
type world struct {
	*Notify
	t     *testing.T
	db    *db.DB
	mail  *mailbox
	web   *browser
	mu    sync.Mutex
	now   time.Time
	place home.Place

	household home.Household
	hidden    map[home.DeviceID]bool
	people    []Person
	channels  Channels
}

const resident = "resident-1"

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	if err := d.Migrate(t.Context(), "notify", Migrations); err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, db: d, mail: newMailbox(t), web: newBrowser(t), now: time.Unix(1_800_000_000, 0).UTC(), // a Friday, 08:00 UTC
		place: home.Place{Tenant: "t1", Home: "h1", Gateway: "g1"}, people: []Person{{ID: resident, Email: "anna@example.org"}}, channels: Channels{}}
	w.Notify = w.process(LoadKeysFor(t))
	return w
}

// process is another process on the same database.
func (w *world) process(keys Keys) *Notify {
	w.t.Helper()
	n, err := New(w.db, Options{
		People: func(_ context.Context, p home.Place) ([]Person, error) {
			if p.OfHome() != w.place.OfHome() {
				return nil, nil
			}
			return w.people, nil
		},
		Provider: func(context.Context, string) (words.Provider, string, error) {
			return words.Provider{Name: "Example Net"}, "example", nil
		},
		Household: func(context.Context, home.Place) (home.Household, error) { return w.household, nil },
		Hidden:    func(context.Context, home.Place, string) (map[home.DeviceID]bool, error) { return w.hidden, nil },
		Channels:  w.channels,
		Public:    "https://cardea.example", Keys: keys, Loopback: true, SMTP: SMTP{Server: w.mail.addr, From: "Cardea <cardea@example.net>"},
		Now: func() time.Time { w.mu.Lock(); defer w.mu.Unlock(); return w.now },
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// LoadKeysFor makes keys of push.
func LoadKeysFor(t *testing.T) Keys {
	t.Helper()
	keys, err := LoadKeys(filepath.Join(t.TempDir(), "push.json"))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func (w *world) pass(d time.Duration) { w.mu.Lock(); defer w.mu.Unlock(); w.now = w.now.Add(d) }

// camera is a case of a camera that scans the internet.
func camera(id string, state home.State) Case {
	c := Case{ID: id, Code: "K7QM", Device: words.Device{Name: "Kitchen", Class: "camera", Vendor: "Acme"}, State: state, Mode: home.ModeOff, Detector: home.DetectScanWAN,
		Time: time.Unix(1_800_000_000, 0)}
	if state == home.StateContained {
		c.Mode, c.Grade, c.Kind = home.ModeQuarantine, home.GradePort, home.InfectionTelnet
	}
	return c
}

func (w *world) tell(c Case) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error { return w.Case(tx, w.place, c) })
}

// subscribe has the person's browser told.
func (w *world) subscribe() {
	w.t.Helper()
	if err := w.Subscribe(w.t.Context(), w.place.Tenant, resident, w.web.subscription()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) tx(f func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), f); err != nil {
		w.t.Fatal(err)
	}
}

// send sends all that is due now.
func (w *world) send() {
	w.t.Helper()
	for range 2 {
		if _, err := w.queue.Round(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) statuses() string {
	w.t.Helper()
	var out []string
	err := w.db.View(w.t.Context(), func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(`SELECT kind, way, status, tries, silent FROM notify_delivery ORDER BY made, rev, kind, way`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var state, way, status string
			var tries, silent int
			if err := rows.Scan(&state, &way, &status, &tries, &silent); err != nil {
				return err
			}
			out = append(out, fmt.Sprintf("%s %s %s %d%s", state, way, status, tries, strings.Repeat(" silent", silent)))
		}
		return rows.Err()
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return strings.Join(out, "; ")
}
