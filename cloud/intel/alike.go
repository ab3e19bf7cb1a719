package intel

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"time"

	"cardea/home"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Two lists that differ by one name could tell by their numbers whether few homes met that name. So what is told of homes is remembered as
// a sketch of which they were, and of homes that differ by fewer than MinHomes the same is told.

const (
	keepDry    = (DryDays + 1) * day
	maxDryTold = 2000 // sketches that are compared; the latest
)

// sketch is a set of homes: a bit for the hash of each, flipped. Of two sketches as many bits differ as homes are in one of them only, or
// a few less.
type sketch [64]uint64

func (s *sketch) add(p home.Place) {
	at := hashOf(p) % (64 * 64)
	s[at/64] ^= 1 << (at % 64)
}

func hashOf(p home.Place) uint64 {
	sum := sha256.Sum256([]byte("dry\x00" + p.Tenant + "\x00" + p.Home))
	return binary.LittleEndian.Uint64(sum[:])
}

// near says whether fewer than MinHomes homes are in one of two only.
func (s *sketch) near(o *sketch) bool {
	n := 0
	for i := range s {
		n += bits.OnesCount64(s[i] ^ o[i])
	}
	return n < MinHomes
}

func (s *sketch) bytes() []byte {
	out := make([]byte, 0, 512)
	for _, w := range s {
		out = binary.LittleEndian.AppendUint64(out, w)
	}
	return out
}

func (s *sketch) read(b []byte) bool {
	if len(b) != 512 {
		return false
	}
	for i := range s {
		s[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	return true
}

// told is a number of homes and of their devices.
type told struct{ homes, devices int }

// alike gives what was told of nearly the same homes, or remembers what is told now. of is the day; zero is all of the days.
func (n *Intel) alike(ctx context.Context, tenant string, of time.Time, s *sketch, now told) (was told, before bool, err error) {
	if now.homes < MinHomes {
		return now, false, nil
	}
	id, err := uuid.NewRandom()
	if err != nil {
		return now, false, err
	}
	at := n.o.Now()
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		if was, before, err = nearest(tx, tenant, milli(of), at, s); err != nil || before {
			return err
		}
		was = now
		_, err := tx.Exec("INSERT INTO intel_dry (id, tenant, day, at, homes, devices, sketch) VALUES (?,?,?,?,?,?,?)",
			id.String(), tenant, milli(of), at.UnixMilli(), now.homes, now.devices, s.bytes())
		return err
	})
	if err != nil {
		return now, false, fmt.Errorf("what was told of lists: %w", err)
	}
	return was, before, nil
}

func nearest(tx *db.Tx, tenant string, of int64, now time.Time, s *sketch) (was told, ok bool, err error) {
	rows, err := tx.Query("SELECT homes, devices, sketch FROM intel_dry WHERE tenant = ? AND day = ? AND at > ? ORDER BY at DESC LIMIT ?",
		tenant, of, now.Add(-keepDry).UnixMilli(), maxDryTold)
	if err != nil {
		return was, false, err
	}
	defer func() { _ = rows.Close() }() // rows.Err tells
	for rows.Next() {
		var o sketch
		var b []byte
		if err := rows.Scan(&was.homes, &was.devices, &b); err != nil {
			return was, false, err
		}
		if o.read(b) && s.near(&o) {
			return was, true, nil
		}
	}
	return was, false, rows.Err()
}
