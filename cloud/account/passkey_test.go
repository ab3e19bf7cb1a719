package account

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"slices"
	"testing"

	"cardea/cloud/account/passkey"

	"github.com/fxamacker/cbor/v2"
)

// phone is an authenticator in software: P-256, resident keys, attestation "none", as WebAuthn Level 3 describes them.
type phone struct {
	t       testing.TB
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	origin  string
	counter uint32
	flags   byte // of authenticator data: user present, user verified
}

const (
	userPresent  = 1
	userVerified = 4
	hasKey       = 64
)

func newPhone(t testing.TB) *phone {
	p := &phone{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t), id: make([]byte, 32), origin: "https://home.example.net", flags: userPresent | userVerified}
	rand.Read(p.id)
	return p
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

type askedOf struct {
	Challenge string
	RP        struct{ ID string }
	RPID      string `json:"rpId"`
	User      struct{ ID string }
	Selection struct {
		ResidentKey      string
		UserVerification string
	} `json:"authenticatorSelection"`
	UserVerification string
}

func (p *phone) read(q Question) (a askedOf) {
	p.t.Helper()
	if err := json.Unmarshal(q.Options, &a); err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *phone) client(kind, challenge string) []byte {
	return must(json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": p.origin, "crossOrigin": false}))(p.t)
}

func (p *phone) data(rp string, flags byte) []byte {
	h := sha256.Sum256([]byte(rp))
	return binary.BigEndian.AppendUint32(append(h[:], flags), p.counter)
}

// make makes a key.
func (p *phone) make(q Question) []byte {
	p.t.Helper()
	a := p.read(q)
	p.handle = must(base64.RawURLEncoding.DecodeString(a.User.ID))(p.t)
	point := must(p.key.PublicKey.Bytes())(p.t)
	public := must(cbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]}))(p.t)
	auth := append(p.data(a.RP.ID, p.flags|hasKey), make([]byte, 16)...)
	auth = binary.BigEndian.AppendUint16(auth, uint16(len(p.id)))
	auth = append(append(auth, p.id...), public...)
	object := must(cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": auth}))(p.t)
	return p.answer(map[string]any{"clientDataJSON": b64(p.client("webauthn.create", a.Challenge)), "attestationObject": b64(object)})
}

// sign answers with the key.
func (p *phone) sign(q Question) []byte {
	p.t.Helper()
	a := p.read(q)
	p.counter++
	auth, client := p.data(a.RPID, p.flags), p.client("webauthn.get", a.Challenge)
	h := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(auth), h[:]...))
	sig := must(ecdsa.SignASN1(rand.Reader, p.key, digest[:]))(p.t)
	return p.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(auth), "signature": b64(sig), "userHandle": b64(p.handle)})
}

func (p *phone) answer(response map[string]any) []byte {
	return must(json.Marshal(map[string]any{"id": b64(p.id), "rawId": b64(p.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}}))(p.t)
}

func (w *world) withPasskeys() {
	w.t.Helper()
	w.opts.Passkeys = must(passkey.New("https://home.example.net", "Cardea"))(w.t)
}

func (w *world) addPhone(me Me, p *phone) Passkey {
	w.t.Helper()
	q := must(w.BeginPasskey(w.ctx, me.Tenant, me.Person))(w.t)
	a := p.read(q)
	if a.Selection.ResidentKey != "required" || a.Selection.UserVerification != "required" || a.RP.ID != "home.example.net" {
		w.t.Errorf("asked for %+v", a)
	}
	return must(w.AddPasskey(w.ctx, me.Tenant, me.Person, Registration{Challenge: q.Challenge, Name: "My phone", Credential: p.make(q)}))(w.t)
}

func (w *world) byPasskey(p *phone) (Session, error) {
	w.t.Helper()
	q := must(w.BeginPasskeySignIn(w.ctx))(w.t)
	s, token, err := w.SignInByPasskey(w.ctx, q.Challenge, p.sign(q))
	if err == nil {
		must(w.Authenticate(w.ctx, Resident, token))(w.t)
	}
	return s, err
}

func TestPasskey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withPasskeys()
		me, _ := w.in(w.resident, password)
		p := newPhone(t)
		k := w.addPhone(me, p)
		for range 2 {
			s, err := w.byPasskey(p)
			w.ok(err)
			if s.Person != w.resident || s.Roles[w.home.ID] != RoleOwner {
				t.Errorf("%+v", s)
			}
		}
		if list := must(w.Passkeys(w.ctx, me.Tenant, me.Person))(t); len(list) != 1 || list[0].Name != "My phone" || list[0].Used.IsZero() {
			t.Errorf("%+v", list)
		}
		stranger := w.lives("member@example.org", RoleMember)
		w.is(w.RemovePasskey(w.ctx, stranger.Tenant, stranger.ID, k.ID), ErrNotFound)
		w.ok(w.RemovePasskey(w.ctx, me.Tenant, me.Person, k.ID))
		_, err := w.byPasskey(p)
		w.is(err, passkey.ErrRefused)
	})
}

func TestPasskeysThatAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withPasskeys()
		me, _ := w.in(w.resident, password)
		p := newPhone(t)
		w.addPhone(me, p)
		for name, change := range map[string]func(*phone){
			"another site's":          func(p *phone) { p.origin = "https://home.example.net.evil.example" },
			"nobody was verified":     func(p *phone) { p.flags = userPresent },
			"another key":             func(p *phone) { p.key = newPhone(t).key },
			"a credential of nobody":  func(p *phone) { p.id = newPhone(t).id },
			"somebody else's name":    func(p *phone) { p.handle = make([]byte, 32) },
			"no name":                 func(p *phone) { p.handle = nil },
			"a copy, which is behind": func(p *phone) { p.counter = 0 },
		} {
			t.Run(name, func(t *testing.T) {
				p.counter = max(p.counter, 5)
				if _, err := w.byPasskey(p); err != nil {
					t.Fatal(err)
				}
				bad := *p
				change(&bad)
				_, err := w.byPasskey(&bad)
				w.is(err, passkey.ErrRefused)
			})
		}
		q := must(w.BeginPasskeySignIn(w.ctx))(t)
		answer := p.sign(q)
		_, _, err := w.SignInByPasskey(w.ctx, q.Challenge, answer)
		w.ok(err)
		_, _, err = w.SignInByPasskey(w.ctx, q.Challenge, answer)
		w.is(err, ErrChallenge) // once
		q = must(w.BeginPasskeySignIn(w.ctx))(t)
		_, _, err = w.SignInByPasskey(w.ctx, q.Challenge, answer) // an older answer
		w.is(err, passkey.ErrRefused)
		q = must(w.BeginPasskeySignIn(w.ctx))(t)
		w.clock.forward(challengeLife)
		_, _, err = w.SignInByPasskey(w.ctx, q.Challenge, p.sign(q))
		w.is(err, ErrChallenge)
		for _, bad := range []string{"", "{}", "[", `{"id":"x"}`, string(make([]byte, passkey.MaxAnswer+1))} {
			q = must(w.BeginPasskeySignIn(w.ctx))(t)
			_, _, err = w.SignInByPasskey(w.ctx, q.Challenge, []byte(bad))
			w.is(err, passkey.ErrRefused)
		}
	})
}

func TestRegisteringIsForWhoWasAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withPasskeys()
		me, _ := w.in(w.resident, password)
		other, _ := w.in(w.lives("member@example.org", RoleMember), password)
		p := newPhone(t)
		q := must(w.BeginPasskey(w.ctx, me.Tenant, me.Person))(t)
		_, err := w.AddPasskey(w.ctx, other.Tenant, other.Person, Registration{q.Challenge, "Mine now", p.make(q)})
		w.is(err, ErrChallenge)
		q = must(w.BeginPasskey(w.ctx, me.Tenant, me.Person))(t)
		p.flags = userPresent
		_, err = w.AddPasskey(w.ctx, me.Tenant, me.Person, Registration{q.Challenge, "Not verified", p.make(q)})
		w.is(err, passkey.ErrRefused)
		p.flags |= userVerified
		w.addPhone(me, p)
		q = must(w.BeginPasskey(w.ctx, other.Tenant, other.Person))(t)
		_, err = w.AddPasskey(w.ctx, other.Tenant, other.Person, Registration{q.Challenge, "The same key", p.make(q)})
		w.is(err, ErrExists)
		w.opts.Passkeys = nil
		_, err = w.BeginPasskeySignIn(w.ctx)
		w.is(err, ErrNoPasskeys)
	})
}

// TestFirstSignInByLabelAndPasskey: whoever has the label needs no password at all.
func TestFirstSignInByLabelAndPasskey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.withPasskeys()
		h, _, code := w.fresh("Hill Road 2")
		p := newPhone(t)
		q := must(w.BeginNewcomer(w.ctx, code, "first@example.org", "First"))(t)
		s, _, err := w.ClaimHome(w.ctx, code, Newcomer{Email: "first@example.org", Name: "First", Passkey: &Registration{q.Challenge, "Phone", p.make(q)}})
		w.ok(err)
		if s.Roles[h.ID] != RoleOwner {
			t.Errorf("%+v", s)
		}
		again, err := w.byPasskey(p)
		w.ok(err)
		if again.Person != s.Person {
			t.Errorf("%+v", again)
		}
		_, _, err = w.SignIn(w.ctx, Resident, "north", "first@example.org", "")
		w.is(err, ErrCredentials)

		_, token, _, err := w.Invite(w.ctx, h.Place(), s.Person.ID, RoleMember, "")
		w.ok(err)
		second := newPhone(t)
		q = must(w.BeginInvited(w.ctx, token, "second@example.org", "Second"))(t)
		_, _, err = w.Accept(w.ctx, token, Newcomer{Email: "second@example.org", Name: "Second", Passkey: &Registration{q.Challenge, "Phone", second.make(q)}})
		w.ok(err)
		if s, err := w.byPasskey(second); err != nil || s.Roles[h.ID] != RoleMember {
			t.Errorf("%v %+v", err, s)
		}
	})
}
