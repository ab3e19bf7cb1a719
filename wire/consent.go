package wire

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"time"

	"cardea/home"
	"cardea/wire/pb"
)

// ConsentText is what a resident's app signs, exactly: lines of UTF-8 ending in a newline, times as decimal milliseconds.
func ConsentText(c *pb.Consent) string {
	return fmt.Sprintf("Cardea consent 1\nid %s\ntenant %s\nhome %s\ngateway %s\nscope %s\nfrom %d\nuntil %d\n",
		c.GetId(), c.GetTenant(), c.GetHome(), c.GetGateway(), c.GetScope(), c.GetFrom(), c.GetUntil())
}

// KeyText is what an older key signs to introduce a new one.
func KeyText(p home.Place, key []byte) string {
	return fmt.Sprintf("Cardea resident key 1\ntenant %s\nhome %s\nkey %s\n", p.Tenant, p.Home, hex.EncodeToString(key))
}

// KeyID names a resident's key.
func KeyID(key []byte) string {
	h := sha256.Sum256(key)
	return hex.EncodeToString(h[:16])
}

// Verify checks an ECDSA signature over P-256 and SHA-256 as WebCrypto makes it: r and s, 32 bytes each. key is the
// uncompressed point (SEC 1 section 2.3.3).
func Verify(key []byte, text string, signature []byte) error {
	pub, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key)
	if err != nil {
		return fmt.Errorf("resident's key: %w", err)
	}
	if len(signature) != 64 {
		return errors.New("signature: want 64 bytes")
	}
	h := sha256.Sum256([]byte(text))
	if !ecdsa.Verify(pub, h[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
		return errors.New("the signature does not fit")
	}
	return nil
}

// CheckConsent says why a consent does not allow anything at a place now; nil when it does. keys are the resident's keys that
// the gateway has taken, by id.
func CheckConsent(c *pb.Consent, p home.Place, keys map[string][]byte, now time.Time) error {
	ms := now.UnixMilli()
	switch {
	case c == nil:
		return errors.New("nobody at home has agreed to this")
	case c.GetTenant() != p.Tenant || c.GetHome() != p.Home || c.GetGateway() != p.Gateway:
		return errors.New("the consent is for another home")
	case c.GetFrom() <= 0 || c.GetUntil()-c.GetFrom() > MaxConsent.Milliseconds(): // a from far below zero would overflow
		return errors.New("the consent is for too long")
	case ms < c.GetFrom() || ms >= c.GetUntil():
		return errors.New("the consent does not hold now")
	}
	key, ok := keys[c.GetKey()]
	if !ok {
		return errors.New("the consent is signed with a key that this gateway does not know")
	}
	return Verify(key, ConsentText(c), c.GetSignature())
}
