package gateway

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"slices"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"
)

const (
	maxKeys    = 64 // more than the cloud takes of a home: each of its keys has to be known here
	maxRevoked = 1024
)

// residentKey is a key with which a resident signs consents.
type residentKey struct {
	ID       string `json:"id"`
	Key      []byte `json:"key"`
	Resident string `json:"resident"`
}

// takeKeys adds what the cloud tells of residents' keys: the first one as it is, further ones only with the signature of one
// that is known. A cloud that wants to look into the home cannot bring a key of its own.
func takeKeys(have []residentKey, place home.Place, offered []*pb.ResidentKey) (keys []residentKey, refused int) {
	keys = slices.Clone(have)
	known := func(id string) int { return slices.IndexFunc(keys, func(k residentKey) bool { return k.ID == id }) }
	for more := true; more; { // a key may come before the one that signed it
		more, refused = false, 0
		for _, k := range offered {
			switch {
			case known(k.GetId()) >= 0:
			case !mayTake(keys, place, k):
				refused++
			default:
				keys = append(keys, residentKey{ID: k.GetId(), Key: slices.Clone(k.GetKey()), Resident: cut(k.GetResident(), 64)})
				more = true
			}
		}
	}
	return keys, refused
}

func mayTake(keys []residentKey, place home.Place, k *pb.ResidentKey) bool {
	if len(keys) >= maxKeys || k.GetId() != wire.KeyID(k.GetKey()) || !isKey(k.GetKey()) {
		return false
	}
	if len(keys) == 0 {
		return k.GetSigner() == ""
	}
	i := slices.IndexFunc(keys, func(o residentKey) bool { return o.ID == k.GetSigner() })
	return i >= 0 && wire.Verify(keys[i].Key, wire.KeyText(place, k.GetKey()), k.GetSignature()) == nil
}

func isKey(key []byte) bool {
	_, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), key)
	return err == nil
}

func cut(s string, n int) string { return s[:min(len(s), n)] }

var (
	errRevoked = errors.New("the consent was taken back")
	errScope   = errors.New("the consent is for something else")
)

// consented says why support may not look now; nil when somebody at home agreed.
func (c *cloud) consented(k *pb.Consent, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := map[string][]byte{}
	for _, r := range c.mem.Keys {
		keys[r.ID] = r.Key
	}
	if err := wire.CheckConsent(k, c.mem.Place, keys, now); err != nil {
		return err
	}
	if k.GetScope() != "contacts" {
		return errScope
	}
	if slices.Contains(c.mem.Revoked, k.GetId()) {
		return errRevoked
	}
	return nil
}

// revoke remembers consents that were taken back. One that was stays so, whatever the cloud says later.
func revoke(have []string, more []string) []string {
	out := slices.Clone(have)
	for _, id := range more {
		if id != "" && len(id) <= maxID && !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out[max(0, len(out)-maxRevoked):]
}
