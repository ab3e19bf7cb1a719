package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id: OWASP's password storage cheat sheet, second choice: 19 MiB, 2 passes, 1 lane. About 30 ms.
var owasp = cost{memory: 19 * 1024, time: 2}

// cost is what one hash costs.
type cost struct {
	memory uint32 // KiB
	time   uint32 // passes
}

const (
	argonLanes = 1
	argonKey   = 32
	argonSalt  = 16

	// maxArgonMemory bounds what a stored hash may ask of us.
	maxArgonMemory = 256 * 1024
	maxArgonTime   = 16
)

// hasher hashes a few passwords at once, so that a flood of sign-ins takes neither all memory nor all processors.
type hasher struct {
	cost    cost
	slots   chan struct{} // as many tokens as hashes may run at once; whoever hashes holds one
	waiting atomic.Int64
	nobody  string // a hash that no password has, for unknown accounts
}

// maxWaiting bounds who waits for a slot; the next are told to come again.
const maxWaiting = 64

func newHasher(c cost) *hasher {
	h := &hasher{cost: c, slots: make(chan struct{}, max(2, runtime.NumCPU()))}
	var key [argonKey]byte
	var salt [argonSalt]byte
	rand.Read(key[:])
	rand.Read(salt[:])
	h.nobody = phc(c, salt[:], key[:])
	return h
}

func (h *hasher) slot(ctx context.Context) (func(), error) {
	if h.waiting.Add(1) > maxWaiting {
		h.waiting.Add(-1)
		return nil, ErrBusy
	}
	defer h.waiting.Add(-1)
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// hash makes the text that is stored.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.slot(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	var salt [argonSalt]byte
	rand.Read(salt[:])
	return phc(h.cost, salt[:], argon2.IDKey([]byte(password), salt[:], h.cost.time, h.cost.memory, argonLanes, argonKey)), nil
}

// check says whether the password has that hash. For an unknown account stored is "": that costs the same and is false.
func (h *hasher) check(ctx context.Context, stored, password string) (bool, error) {
	if len(password) > maxPassword {
		password = password[:maxPassword] // longer ones cannot be right; the work is the same
	}
	if stored == "" {
		stored = h.nobody
	}
	p, err := parsePHC(stored)
	if err != nil {
		return false, err
	}
	done, err := h.slot(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	got := argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.lanes, uint32(len(p.key)))
	return subtle.ConstantTimeCompare(got, p.key) == 1, nil
}

func phc(c cost, salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.memory, c.time, argonLanes, b.EncodeToString(salt), b.EncodeToString(key))
}

type params struct {
	memory, time uint32
	lanes        uint8
	salt, key    []byte
}

func parsePHC(s string) (p params, err error) {
	bad := errors.New("stored password: not a hash of ours") // never quote it
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return p, bad
	}
	var version int
	if _, err := fmt.Sscanf(parts[2]+" ", "v=%d ", &version); err != nil || version != argon2.Version {
		return p, bad
	}
	if _, err := fmt.Sscanf(parts[3]+" ", "m=%d,t=%d,p=%d ", &p.memory, &p.time, &p.lanes); err != nil {
		return p, bad
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return p, bad
	}
	if p.key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return p, bad
	}
	if p.memory == 0 || p.memory > maxArgonMemory || p.time == 0 || p.time > maxArgonTime || p.lanes == 0 || len(p.salt) < 8 || len(p.key) < 16 || len(p.key) > 64 {
		return p, bad
	}
	return p, nil
}
