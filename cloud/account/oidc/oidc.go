// Package oidc has residents sign in at their CSP's own OpenID Connect provider: authorization code with PKCE, state, nonce and
// one exact redirect. It keeps nothing but what the provider published of itself; what has to be kept while a browser is away it
// hands out as bytes. It imports none of our rooms.
package oidc

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// ErrRefused is returned for an answer that is not good; ErrAway when the provider does not answer.
var (
	ErrRefused = errors.New("the provider's answer was refused")
	ErrAway    = errors.New("the provider of sign-ins does not answer")
)

const (
	answerTime = 10 * time.Second
	maxBody    = 1 << 20
	maxText    = 300 // bytes of a claim
)

// Config is one provider, as a CSP has set it up.
type Config struct {
	Issuer, ClientID, Secret string // Secret is "" for a public client
	Redirect                 string // where browsers come back to; the provider knows it exactly so
	AccountClaim             string // the claim that has the customer's account number
	RoleClaim                string // where the groups of staff are: claims with dots between, as realm_access.roles; "" for none
	Scopes                   []string
	Client                   *http.Client // nil: one with bounds
}

// Who is somebody as their provider knows them.
type Who struct {
	Issuer, Subject string
	Email, Name     string
	Verified        bool   // the e-mail address
	Account         string // the CSP's number of them, "" for none
	Groups          []string
}

// Door is the way to one provider. It asks for what the provider publishes when it is needed first.
type Door struct {
	config   Config
	mu       sync.Mutex     // guards provider
	provider *oidc.Provider // nil until it answered
}

// New makes a door; it asks nobody yet.
func New(c Config) (*Door, error) {
	u, err := url.Parse(c.Issuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && !loopback(u.Hostname()) || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("issuer %q: want https://name", c.Issuer)
	}
	if c.ClientID == "" || c.Redirect == "" {
		return nil, errors.New("want a client id and where browsers come back to")
	}
	if c.Client == nil {
		c.Client = &http.Client{Timeout: answerTime, Transport: bounded{http.DefaultTransport}}
	}
	return &Door{config: c}, nil
}

func loopback(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

// bounded cuts answers that are too long.
type bounded struct{ http.RoundTripper }

func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(r)
	if err == nil {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, maxBody), resp.Body}
	}
	return resp, err
}

// Issuer says whose door it is.
func (d *Door) Issuer() string { return d.config.Issuer }

func (d *Door) known() (*oidc.Provider, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.provider != nil {
		return d.provider, nil
	}
	// The provider keeps this context to ask for keys later: it must not end with a request. The client has a time limit.
	p, err := oidc.NewProvider(oidc.ClientContext(context.Background(), d.config.Client), d.config.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAway, err)
	}
	d.provider = p
	return p, nil
}

func (d *Door) oauth(p *oidc.Provider) *oauth2.Config {
	scopes := append([]string{oidc.ScopeOpenID, "email", "profile"}, d.config.Scopes...)
	return &oauth2.Config{ClientID: d.config.ClientID, ClientSecret: d.config.Secret, Endpoint: p.Endpoint(), RedirectURL: d.config.Redirect, Scopes: scopes}
}

// kept is what has to be remembered of a browser that went to the provider.
type kept struct{ Nonce, Verifier string }

// Begin says where a browser has to go. keep is for Finish, and for nobody else.
func (d *Door) Begin(state string) (where string, keep []byte, err error) {
	p, err := d.known()
	if err != nil {
		return "", nil, err
	}
	var nonce [24]byte
	rand.Read(nonce[:]) // never fails
	k := kept{base64.RawURLEncoding.EncodeToString(nonce[:]), oauth2.GenerateVerifier()}
	keep, err = json.Marshal(k)
	if err != nil {
		return "", nil, fmt.Errorf("sign in at the provider: %w", err)
	}
	return d.oauth(p).AuthCodeURL(state, oidc.Nonce(k.Nonce), oauth2.S256ChallengeOption(k.Verifier)), keep, nil
}

// claims are those that we read, as providers write them.
type claims struct {
	Email    string `json:"email"`
	Verified any    `json:"email_verified"` // some write it as text
	Name     string `json:"name"`
	All      map[string]any
}

// Finish takes the code that a browser came back with.
func (d *Door) Finish(ctx context.Context, code string, keep []byte) (Who, error) {
	p, err := d.known()
	if err != nil {
		return Who{}, err
	}
	var k kept
	if err := json.Unmarshal(keep, &k); err != nil {
		return Who{}, fmt.Errorf("sign in at the provider: %w", err)
	}
	ctx = oidc.ClientContext(ctx, d.config.Client)
	token, err := d.oauth(p).Exchange(ctx, code, oauth2.VerifierOption(k.Verifier))
	if err != nil {
		var said *oauth2.RetrieveError
		if errors.As(err, &said) {
			return Who{}, fmt.Errorf("%w: it said %q", ErrRefused, cut(said.ErrorCode)) // not its body, which may have a secret
		}
		return Who{}, fmt.Errorf("%w: %w", ErrAway, err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.Verifier(&oidc.Config{ClientID: d.config.ClientID}).Verify(ctx, raw)
	if err != nil {
		return Who{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(k.Nonce)) != 1 || id.Subject == "" || len(id.Subject) > maxText {
		return Who{}, fmt.Errorf("%w: it is not about what was asked", ErrRefused)
	}
	c, err := read(id.Claims)
	if err != nil {
		return Who{}, err
	}
	if err := d.complete(ctx, p, token, id.Subject, c); err != nil {
		return Who{}, err
	}
	return Who{Issuer: id.Issuer, Subject: id.Subject, Email: cut(c.Email), Name: cut(c.Name), Verified: c.Verified == true || c.Verified == "true",
		Account: account(c.All[d.config.AccountClaim]), Groups: groups(c.All, d.config.RoleClaim)}, nil
}

// complete asks for what the token does not have.
func (d *Door) complete(ctx context.Context, p *oidc.Provider, token *oauth2.Token, subject string, c *claims) error {
	root, _, _ := strings.Cut(d.config.RoleClaim, ".")
	if c.Email != "" && (d.config.AccountClaim == "" || c.All[d.config.AccountClaim] != nil) && (root == "" || c.All[root] != nil) || p.UserInfoEndpoint() == "" {
		return nil
	}
	info, err := p.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrAway, err)
	}
	if info.Subject != subject {
		return fmt.Errorf("%w: it tells of somebody else", ErrRefused)
	}
	more, err := read(info.Claims)
	if err != nil {
		return err
	}
	if c.Email == "" {
		c.Email, c.Verified = more.Email, more.Verified
	}
	if c.Name == "" {
		c.Name = more.Name
	}
	if c.All[d.config.AccountClaim] == nil {
		c.All[d.config.AccountClaim] = more.All[d.config.AccountClaim]
	}
	if c.All[root] == nil && root != "" {
		c.All[root] = more.All[root]
	}
	return nil
}

// maxGroups bounds how many groups of somebody are read.
const maxGroups = 500

// groups finds those at a path of claims: a list of texts, or one text.
func groups(all map[string]any, path string) (out []string) {
	if path == "" {
		return nil
	}
	var at any = all
	for name := range strings.SplitSeq(path, ".") {
		m, _ := at.(map[string]any)
		at = m[name] // of nil too
	}
	list, ok := at.([]any)
	if !ok {
		list = []any{at}
	}
	for _, v := range list[:min(len(list), maxGroups)] {
		if s, ok := v.(string); ok && cut(s) != "" {
			out = append(out, cut(s))
		}
	}
	return out
}

func read(from func(any) error) (*claims, error) {
	c := &claims{All: map[string]any{}}
	if err := errors.Join(from(c), from(&c.All)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if c.All == nil { // it said null
		c.All = map[string]any{}
	}
	return c, nil
}

// account is an account number, which some write as a number.
func account(v any) string {
	switch v := v.(type) {
	case string:
		return cut(v)
	case float64:
		if v == float64(int64(v)) && v >= 0 && v < 1<<53 {
			return strconv.FormatInt(int64(v), 10)
		}
	}
	return ""
}

// cut refuses a text that is too long to be what it says to be.
func cut(s string) string {
	if len(s) > maxText {
		return ""
	}
	return strings.TrimSpace(s)
}
