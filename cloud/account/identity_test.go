package account

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cardea/cloud/account/oidc"

	standard "github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/zitadel/oidc/v3/example/server/storage"
)

const (
	back         = "https://home.example.net/v1/sign-in/provider/back"
	accountClaim = "customer_number"
)

// customers are a CSP's own accounts, and their numbers by user id.
type customers struct {
	users   map[string]*storage.User
	numbers map[string]any
	groups  map[string][]string // of staff
}

func (c *customers) GetUserByID(id string) *storage.User { return c.users[id] }
func (c *customers) GetUserByUsername(name string) *storage.User {
	return c.users[name]
}
func (c *customers) ExampleClientID() string { return "service" }

// store adds the customer's number to what a real provider tells of a user.
type store struct {
	*storage.Storage
	of *customers
}

func (s store) SetUserinfoFromToken(ctx context.Context, u *standard.UserInfo, token, subject, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, u, token, subject, origin); err != nil {
		return err
	}
	if n, ok := s.of.numbers[subject]; ok {
		u.AppendClaims(accountClaim, n)
	}
	if g, ok := s.of.groups[subject]; ok {
		u.AppendClaims("realm_access", map[string]any{"roles": g})
	}
	return nil
}

// csp is an OpenID provider: zitadel's, with its accounts in memory.
type csp struct {
	t        testing.TB
	provider *op.Provider
	store    store
	web      *httptest.Server
	client   *http.Client
	back     string // where browsers come back to
}

func newCSP(t testing.TB, of *customers) *csp {
	t.Helper()
	c := &csp{t: t, web: httptest.NewUnstartedServer(nil), back: back}
	issuer := "http://" + c.web.Listener.Addr().String()
	client := storage.WebClient("cardea", "a secret of the client", back, staffBack)
	c.store = store{storage.NewStorageWithClients(of, map[string]*storage.Client{"cardea": client}), of}
	conf := &op.Config{CodeMethodS256: true, AuthMethodPost: true}
	rand.Read(conf.CryptoKey[:])
	c.provider = must(op.NewProvider(conf, c.store, op.StaticIssuer(issuer), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler))))(t)
	c.web.Config.Handler = c.provider
	c.web.Start()
	c.client = &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() { c.client.CloseIdleConnections(); c.web.Close() })
	return c
}

func (c *csp) door(secret string) *oidc.Door {
	return must(oidc.New(oidc.Config{Issuer: c.web.URL, ClientID: "cardea", Secret: secret, Redirect: back, AccountClaim: accountClaim,
		Client: &http.Client{Transport: c.client.Transport}}))(c.t)
}

func (c *csp) get(where string) *url.URL {
	c.t.Helper()
	r := must(http.NewRequestWithContext(c.t.Context(), http.MethodGet, where, nil))(c.t)
	resp := must(c.client.Do(r))(c.t)
	resp.Body.Close()
	if resp.StatusCode != http.StatusFound {
		c.t.Fatalf("%s: %d", where, resp.StatusCode)
	}
	return must(url.Parse(resp.Header.Get("Location")))(c.t)
}

// signIn is a browser that goes to the provider as it was told, signs in and comes back with what it was given.
func (c *csp) signIn(where, user string) url.Values {
	c.t.Helper()
	q := must(url.Parse(where))(c.t).Query()
	for k, want := range map[string]string{"code_challenge_method": "S256", "response_type": "code", "redirect_uri": c.back, "client_id": "cardea"} {
		if q.Get(k) != want {
			c.t.Errorf("%s is %q", k, q.Get(k))
		}
	}
	if q.Get("state") == "" || q.Get("nonce") == "" || q.Get("code_challenge") == "" || !strings.Contains(q.Get("scope"), "openid") {
		c.t.Errorf("asked for %v", q)
	}
	id := c.get(where).Query().Get("authRequestID")
	if err := c.store.CheckUsernamePassword(user, "their password there", id); err != nil {
		c.t.Fatal(err)
	}
	at := op.AuthCallbackURL(c.provider)(op.ContextWithIssuer(c.t.Context(), c.web.URL), id)
	if strings.HasPrefix(at, "/") {
		at = c.web.URL + at
	}
	home := c.get(at)
	if home.Scheme+"://"+home.Host+home.Path != c.back {
		c.t.Fatalf("sent back to %s", home)
	}
	return home.Query()
}

func (w *world) through(c *csp, user string) (Session, error) {
	w.t.Helper()
	where, browser, err := w.BeginProvider(w.ctx, "north")
	w.ok(err)
	q := c.signIn(where, user)
	s, token, err := w.FinishProvider(w.ctx, q.Get("state"), browser, q.Get("code"), q.Get("iss"))
	if err == nil {
		must(w.Authenticate(w.ctx, Resident, token))(w.t)
	}
	return s, err
}

func (w *world) withCSP() *csp {
	w.t.Helper()
	of := &customers{users: map[string]*storage.User{}, numbers: map[string]any{"first": "B-2", "number": 4711.0, "taken": "A-17", "resident": "A-17", "unverified": "C-3", "elsewhere": "Z-9"}}
	for _, name := range []string{"first", "number", "taken", "resident", "unverified", "elsewhere", "none"} {
		of.users[name] = &storage.User{ID: name, Username: name, Password: "their password there", FirstName: "Customer", LastName: name,
			Email: name + "@example.org", EmailVerified: name != "unverified"}
	}
	c := newCSP(w.t, of)
	w.opts.Providers = map[string]*oidc.Door{"north": c.door("a secret of the client")}
	return c
}

// TestSignInAtTheProvider goes through a real provider: the customer's number opens a home that nobody lives in.
func TestSignInAtTheProvider(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.withCSP()
		for user, number := range map[string]string{"first": "B-2", "number": "4711"} {
			h := must(w.CreateHome(w.ctx, w.tenant.ID, "Hill Road", number))(t)
			s, err := w.through(c, user)
			w.ok(err)
			if s.Roles[h.ID] != RoleOwner || s.Person.Email != user+"@example.org" || s.Person.Name != "Customer "+user {
				t.Errorf("%+v", s)
			}
			again, err := w.through(c, user)
			w.ok(err)
			if again.Person != s.Person || !must(w.Ways(w.ctx, "north"))(t).Provider {
				t.Errorf("%+v", again)
			}
		}
		s, err := w.through(c, "resident") // who lives there with a password of their own
		w.ok(err)
		if s.Person != w.resident || must(w.Standing(w.ctx, Me{w.tenant.ID, s.Person.ID, s.ID}))(t).Providers != 1 {
			t.Errorf("%+v", s)
		}
	})
}

func TestWhomTheProviderDoesNotLetIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.withCSP()
		must(w.CreateHome(w.ctx, w.tenant.ID, "Unverified", "C-3"))(t)
		for user, want := range map[string]error{"taken": ErrOwned, "unverified": ErrUnverified, "elsewhere": ErrUnlinked, "none": ErrUnlinked} {
			_, err := w.through(c, user)
			w.is(err, want)
		}
		if m := must(w.Members(w.ctx, w.home.Place()))(t); len(m) != 1 {
			t.Errorf("%+v", m)
		}
		south := must(w.CreateTenant(w.ctx, "south", "South Net"))(t)
		_, _, err := w.BeginProvider(w.ctx, south.Slug)
		w.is(err, ErrNoProvider)
	})
}

func TestAnswersOfTheProviderThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.withCSP()
		begin := func() (url.Values, string) {
			where, browser, err := w.BeginProvider(w.ctx, "")
			w.ok(err)
			return c.signIn(where, "resident"), browser
		}
		finish := func(state, browser, code, issuer string) error {
			_, _, err := w.FinishProvider(w.ctx, state, browser, code, issuer)
			return err
		}
		q, browser := begin()
		w.is(finish(q.Get("state"), "another browser", q.Get("code"), ""), ErrChallenge)
		w.is(finish(q.Get("state"), browser, q.Get("code"), ""), ErrChallenge) // the state is used up
		q, browser = begin()
		w.is(finish(q.Get("state"), browser, q.Get("code"), "https://another.example"), ErrChallenge)
		q, browser = begin()
		w.is(finish(q.Get("state"), browser, "no code", ""), oidc.ErrRefused)
		q, browser = begin()
		w.clock.forward(challengeLife)
		w.is(finish(q.Get("state"), browser, q.Get("code"), ""), ErrChallenge)
		// A code that was meant for another browser: neither its PKCE verifier nor its nonce is this one's.
		first, _ := begin()
		second, browser := begin()
		w.is(finish(second.Get("state"), browser, first.Get("code"), ""), oidc.ErrRefused)
		// A client that does not know its secret.
		w.opts.Providers["north"] = c.door("not the secret")
		q, browser = begin()
		w.is(finish(q.Get("state"), browser, q.Get("code"), ""), oidc.ErrRefused)
		// A provider that is gone.
		c.web.Close()
		w.opts.Providers["north"] = c.door("a secret of the client")
		_, _, err := w.BeginProvider(w.ctx, "north")
		w.is(err, oidc.ErrAway)
	})
}
