package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"cardea/internal/platform/db"

	"github.com/google/renameio/v2"
)

// Checkpoint says, signed, which hash a tenant's chain has at a number.
type Checkpoint struct {
	Tenant    string
	Number    int64
	At        time.Time
	Hash      []byte
	Key       string // the first 16 hexadecimal digits of SHA-256 of the public key
	Signature []byte // Ed25519, over text
}

func (c Checkpoint) text() []byte {
	return []byte(fields("cardea-audit-checkpoint-1", c.Tenant, strconv.FormatInt(c.Number, 10), hex.EncodeToString(c.Hash), millis(c.At), c.Key))
}

// good says whether one of the keys has signed it.
func (c Checkpoint) good(keys []ed25519.PublicKey) bool {
	for _, k := range keys {
		if KeyID(k) == c.Key && ed25519.Verify(k, c.text(), c.Signature) {
			return true
		}
	}
	return false
}

// KeyID names a public key.
func KeyID(k ed25519.PublicKey) string {
	h := sha256.Sum256(k)
	return hex.EncodeToString(h[:8])
}

// LoadKey reads the key that signs checkpoints, and makes it where there is none. The public one is written beside it.
func LoadKey(file string) (ed25519.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		seed := make([]byte, ed25519.SeedSize)
		rand.Read(seed) // never fails
		if err := renameio.WriteFile(file, []byte(hex.EncodeToString(seed)+"\n"), 0o600); err != nil {
			return nil, fmt.Errorf("key of the audit: %w", err)
		}
		text, err = os.ReadFile(file) // whatever another process beside us has written last
	}
	if err != nil {
		return nil, fmt.Errorf("key of the audit: %w", err)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("key of the audit: %s does not have %d hexadecimal digits", file, 2*ed25519.SeedSize)
	}
	key := ed25519.NewKeyFromSeed(seed)
	public := hex.EncodeToString(key.Public().(ed25519.PublicKey)) + "\n"
	if old, err := os.ReadFile(file + ".pub"); err != nil || string(old) != public {
		if err := renameio.WriteFile(file+".pub", []byte(public), 0o600); err != nil {
			return nil, fmt.Errorf("key of the audit: %w", err)
		}
	}
	return key, nil
}

// ReadKeys reads public keys in hexadecimal digits, one a line.
func ReadKeys(text []byte) (out []ed25519.PublicKey, err error) {
	for i, line := range strings.Fields(string(text)) {
		k, err := hex.DecodeString(line)
		if err != nil || len(k) != ed25519.PublicKeySize {
			return nil, fmt.Errorf("key %d does not have %d hexadecimal digits", i+1, 2*ed25519.PublicKeySize)
		}
		out = append(out, k)
	}
	return out, nil
}

const (
	sealEach  = 64          // links after which a checkpoint is made
	sealAfter = time.Minute // or when the last one is as old, and there are new links
	sealLook  = 10 * time.Second
	sealLast  = 5 * time.Second // for the last ones, when the program ends
)

// Run makes checkpoints until ctx ends, and then the last ones. told hears of errors.
func (a *Audit) Run(ctx context.Context, told func(error)) error {
	t := time.NewTicker(sealLook)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), sealLast)
			defer cancel()
			if _, err := a.Seal(last); err != nil {
				told(err)
			}
			return nil
		case <-t.C:
		}
		if _, err := a.seal(ctx, false); err != nil && ctx.Err() == nil {
			told(err)
		}
	}
}

// Seal makes a checkpoint of each chain that has a link without one.
func (a *Audit) Seal(ctx context.Context) (int, error) { return a.seal(ctx, true) }

func (a *Audit) seal(ctx context.Context, now bool) (made int, err error) {
	if a.key == nil {
		return 0, nil
	}
	var failed []error // of each tenant: what is wrong with one keeps no other from being signed
	for tenant := ""; ; {
		if tenant, err = a.next(ctx, "audit_chain", tenant); err != nil || tenant == "" {
			return made, errors.Join(append(failed, err)...)
		}
		c, err := a.sealOne(ctx, tenant, now)
		if err == nil && c != nil {
			made++
			err = a.copy(*c)
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("audit: checkpoint of tenant %s: %w", tenant, err))
		}
	}
}

// ErrChanged says that a chain is no longer the one that was signed last: it is not signed until somebody has looked (cardea admin audit verify).
var ErrChanged = errors.New("the chain is not the one that was signed last; look at it with cardea admin audit verify")

// sealOne makes a tenant's checkpoint if it is time; nil when it is not, or another process was first.
func (a *Audit) sealOne(ctx context.Context, tenant string, now bool) (made *Checkpoint, err error) {
	at := a.now().UTC().Truncate(time.Millisecond)
	err = a.db.View(ctx, func(tx *db.Tx) error {
		var last, when int64
		if err := tx.Row(`SELECT number, at FROM audit_checkpoint WHERE tenant = ? ORDER BY number DESC LIMIT 1`, tenant).Scan(&last, &when); err != nil && !db.NoRows(err) {
			return err
		}
		number, hash, err := head(tx, tenant)
		if err == nil && number < last {
			err = ErrChanged
		}
		if err != nil || number == last || !now && number-last < sealEach && at.Sub(time.UnixMilli(when)) < sealAfter {
			return err
		}
		if err := unchanged(tx, tenant, last); err != nil {
			return err
		}
		made = &Checkpoint{Tenant: tenant, Number: number, At: at, Hash: hash, Key: KeyID(a.key.Public().(ed25519.PublicKey))}
		made.Signature = ed25519.Sign(a.key, made.text())
		return nil
	})
	if err != nil || made == nil {
		return nil, err
	}
	err = a.db.Tx(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(`INSERT INTO audit_checkpoint (tenant, number, at, hash, key, signature) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, number) DO NOTHING`,
			made.Tenant, made.Number, made.At.UnixMilli(), made.Hash, made.Key, made.Signature)
		if err == nil && n == 0 {
			made = nil
		}
		if err == nil && made != nil && a.Sealed != nil {
			err = a.Sealed(tx, *made)
		}
		return err
	})
	return made, err
}

// unchanged fails when the chain has another hash at the number of its last checkpoint than that checkpoint.
func unchanged(tx *db.Tx, tenant string, last int64) error {
	if last == 0 {
		return nil
	}
	var signed, is []byte
	if err := tx.Row(`SELECT hash FROM audit_checkpoint WHERE tenant = ? AND number = ?`, tenant, last).Scan(&signed); err != nil {
		return err
	}
	err := tx.Row(`SELECT hash FROM audit_chain WHERE tenant = ? AND number = ?`, tenant, last).Scan(&is)
	if db.NoRows(err) || err == nil && !bytes.Equal(signed, is) {
		return ErrChanged
	}
	return err
}

// copy keeps a checkpoint where who owns the database cannot change it.
func (a *Audit) copy(c Checkpoint) (err error) {
	if a.copies == "" {
		return nil
	}
	line, err := json.Marshal(checkpointLine(c))
	if err != nil {
		return err
	}
	f, err := os.OpenFile(a.copies, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	line = append(line, '\n')
	if torn, err := tornEnd(f); err != nil {
		return err
	} else if torn {
		line = append([]byte{'\n'}, line...)
	}
	if _, err := f.Write(line); err != nil {
		return err
	}
	return f.Sync()
}

// tornEnd says whether the last line was not written to its end, as when the power went: the next one must not go on in it.
func tornEnd(f *os.File) (bool, error) {
	info, err := f.Stat()
	if err != nil || info.Size() == 0 {
		return false, err
	}
	last := make([]byte, 1)
	_, err = f.ReadAt(last, info.Size()-1)
	return last[0] != '\n', err
}
