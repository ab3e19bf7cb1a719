package notify

import (
	"context"
	"crypto/ecdh"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/netip"
	"net/url"
	"strings"

	"cardea/internal/platform/db"
)

// maxSubscriptions is how many browsers of a person are told; the oldest is forgotten for a further one.
const maxSubscriptions = 16

// ErrSubscription says that what a browser sent is no subscription that can be used.
var ErrSubscription = errors.New("that is no push subscription")

// Subscription is where and with which keys a browser is told (RFC 8291), keys base64url.
type Subscription struct{ Endpoint, P256dh, Auth string }

func (s Subscription) id() string {
	h := sha256.Sum256([]byte(s.Endpoint))
	return hex.EncodeToString(h[:16])
}

// Key is what browsers subscribe with.
func (n *Notify) Key() string { return n.opts.Keys.Public }

// Subscribe takes a person's browser in.
func (n *Notify) Subscribe(ctx context.Context, tenant, person string, s Subscription) error {
	if err := s.check(n.opts.Loopback); err != nil {
		return err
	}
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(`INSERT INTO notify_subscriptions (tenant, person, id, endpoint, p256dh, auth, added) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, person, id) DO UPDATE SET p256dh = excluded.p256dh, auth = excluded.auth, added = excluded.added`,
			tenant, person, s.id(), s.Endpoint, s.P256dh, s.Auth, n.opts.Now().UnixMilli()); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM notify_subscriptions WHERE tenant = ? AND person = ? AND id NOT IN
			(SELECT id FROM notify_subscriptions WHERE tenant = ? AND person = ? ORDER BY added DESC, id LIMIT ?)`,
			tenant, person, tenant, person, maxSubscriptions)
		return err
	})
}

// Unsubscribe forgets it; it is no error when it is not there.
func (n *Notify) Unsubscribe(ctx context.Context, tenant, person, endpoint string) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error { return forget(tx, tenant, person, Subscription{Endpoint: endpoint}.id()) })
}

func forget(tx *db.Tx, tenant, person, id string) error {
	_, err := tx.Exec(`DELETE FROM notify_subscriptions WHERE tenant = ? AND person = ? AND id = ?`, tenant, person, id)
	return err
}

// check looks at form only; where the name leads is looked at when it is dialled.
func (s Subscription) check(loopback bool) error {
	u, err := url.Parse(s.Endpoint)
	if err != nil || len(s.Endpoint) > 2048 || u.Host == "" || u.User != nil || u.Fragment != "" {
		return ErrSubscription
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && loopback && isLoopback(u.Hostname())) {
		return ErrSubscription
	}
	key, err := decode(s.P256dh)
	if err != nil {
		return ErrSubscription
	}
	if _, err := ecdh.P256().NewPublicKey(key); err != nil {
		return ErrSubscription
	}
	if auth, err := decode(s.Auth); err != nil || len(auth) != 16 {
		return ErrSubscription
	}
	return nil
}

func decode(s string) ([]byte, error) {
	return base64.RawURLEncoding.DecodeString(strings.TrimRight(s, "="))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.IsLoopback()
}
