// Package passkey speaks WebAuthn with browsers: what to ask of an authenticator, and whether its answer is good. Keys are
// resident on the authenticator and it has to verify its user, so that a passkey alone signs in. It keeps nothing; what has to
// be kept between a question and its answer, and of a key, it hands out as bytes. It imports none of our rooms.
package passkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
)

// ErrRefused is returned for an answer that is not good. Why is not told to who sent it.
var ErrRefused = errors.New("the passkey's answer was refused")

// MaxAnswer bounds an authenticator's answer in bytes.
const MaxAnswer = 32 << 10

// Owner is whose keys they are.
type Owner struct {
	Handle        []byte // at most 64 bytes; tells nothing about the person
	Name, Display string
	Keys          [][]byte // records
}

// Key is a passkey: the authenticator's name for it, and the record that has to be kept.
type Key struct{ Credential, Record []byte }

// Door asks and checks. It is safe for use by several goroutines.
type Door struct{ w *webauthn.WebAuthn }

// New makes a door at the URL by which people come. Browsers know passkeys of names only, not of addresses.
func New(public, name string) (*Door, error) {
	u, err := url.Parse(public)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("passkeys: %q is no URL", public)
	}
	host := u.Hostname()
	if net.ParseIP(host) != nil || u.Scheme != "https" && host != "localhost" {
		return nil, fmt.Errorf("passkeys: want https and a name, or localhost, not %s", public)
	}
	yes := true
	w, err := webauthn.New(&webauthn.Config{
		RPID: host, RPDisplayName: name, RPOrigins: []string{u.Scheme + "://" + u.Host}, AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{RequireResidentKey: &yes, ResidentKey: protocol.ResidentKeyRequirementRequired,
			UserVerification: protocol.VerificationRequired},
	})
	if err != nil {
		return nil, fmt.Errorf("passkeys: %w", err)
	}
	return &Door{w}, nil
}

type user struct {
	Owner
	keys []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.Handle }
func (u *user) WebAuthnName() string                       { return u.Name }
func (u *user) WebAuthnDisplayName() string                { return u.Display }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.keys }

func userOf(o Owner) (*user, error) {
	u := &user{Owner: o}
	for _, b := range o.Keys {
		var c webauthn.Credential
		if err := json.Unmarshal(b, &c); err != nil {
			return nil, fmt.Errorf("stored passkey: %w", err)
		}
		u.keys = append(u.keys, c)
	}
	return u, nil
}

// BeginNew asks for a new key. options are for navigator.credentials.create, session is for FinishNew.
func (d *Door) BeginNew(o Owner) (options, session []byte, err error) {
	u, err := userOf(o)
	if err != nil {
		return nil, nil, err
	}
	var have []protocol.CredentialDescriptor
	for _, c := range u.keys {
		have = append(have, c.Descriptor())
	}
	creation, s, err := d.w.BeginRegistration(u, webauthn.WithExclusions(have))
	if err != nil {
		return nil, nil, fmt.Errorf("new passkey: %w", err)
	}
	return both(creation.Response, s)
}

// FinishNew checks the answer.
func (d *Door) FinishNew(o Owner, session, answer []byte) (Key, error) {
	u, s, err := read(o, session, answer)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Key{}, refused(err)
	}
	c, err := d.w.CreateCredential(u, s, parsed)
	if err != nil {
		return Key{}, refused(err)
	}
	return keyOf(c)
}

// BeginSignIn asks for any key of this place. options are for navigator.credentials.get.
func (d *Door) BeginSignIn() (options, session []byte, err error) {
	assertion, s, err := d.w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, fmt.Errorf("sign in by passkey: %w", err)
	}
	return both(assertion.Response, s)
}

// FinishSignIn checks the answer. owner finds whose key it says to be; the record of the key has changed then, and is to be kept.
func (d *Door) FinishSignIn(session, answer []byte, owner func(credential, handle []byte) (Owner, error)) (Key, error) {
	_, s, err := read(Owner{}, session, answer)
	if err != nil {
		return Key{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Key{}, refused(err)
	}
	var inside error // not the sender's fault
	c, err := d.w.ValidateDiscoverableLogin(func(credential, handle []byte) (webauthn.User, error) {
		o, err := owner(credential, handle)
		if err != nil {
			inside = err
			return nil, err
		}
		if !bytes.Equal(o.Handle, handle) {
			return nil, ErrRefused
		}
		return userOf(o)
	}, s, parsed)
	switch {
	case inside != nil:
		return Key{}, inside
	case err != nil:
		return Key{}, refused(err)
	case c.Authenticator.CloneWarning:
		return Key{}, fmt.Errorf("%w: its counter went back, as a copy's does", ErrRefused)
	}
	return keyOf(c)
}

func read(o Owner, session, answer []byte) (*user, webauthn.SessionData, error) {
	var s webauthn.SessionData
	if len(answer) > MaxAnswer {
		return nil, s, ErrRefused
	}
	if err := json.Unmarshal(session, &s); err != nil {
		return nil, s, fmt.Errorf("passkey: what was asked: %w", err)
	}
	u, err := userOf(o)
	return u, s, err
}

func both(options, session any) ([]byte, []byte, error) {
	o, err := json.Marshal(options)
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: %w", err)
	}
	s, err := json.Marshal(session)
	if err != nil {
		return nil, nil, fmt.Errorf("passkey: %w", err)
	}
	return o, s, nil
}

func keyOf(c *webauthn.Credential) (Key, error) {
	c.Attestation = webauthn.CredentialAttestation{} // nobody looks at it again
	b, err := json.Marshal(c)
	if err != nil {
		return Key{}, fmt.Errorf("passkey: %w", err)
	}
	return Key{Credential: c.ID, Record: b}, nil
}

func refused(err error) error {
	var e *protocol.Error
	if errors.As(err, &e) {
		return fmt.Errorf("%w: %s: %s", ErrRefused, e.Details, e.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}
