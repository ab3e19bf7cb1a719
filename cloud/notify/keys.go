package notify

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/SherClockHolmes/webpush-go"
)

// Keys identify us to push services (VAPID, RFC 8292), base64url. Browsers subscribe with Public: a new pair loses all
// subscriptions.
type Keys struct {
	Public  string `json:"public"`
	Private string `json:"private"`
}

// LoadKeys reads the pair from a file and makes both when the file is not there. Several processes may do it at once.
func LoadKeys(path string) (Keys, error) {
	k, err := readKeys(path)
	if !errors.Is(err, os.ErrNotExist) {
		return k, err
	}
	if k.Private, k.Public, err = webpush.GenerateVAPIDKeys(); err != nil {
		return k, fmt.Errorf("push keys: %w", err)
	}
	b, err := json.Marshal(k)
	if err != nil {
		return k, fmt.Errorf("push keys: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".push-*") // 0600
	if err != nil {
		return k, fmt.Errorf("push keys: %w", err)
	}
	defer func() { _ = os.Remove(f.Name()) }()
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return k, fmt.Errorf("push keys: %w", err)
	}
	if err := os.Link(f.Name(), path); err != nil && !errors.Is(err, os.ErrExist) {
		return k, fmt.Errorf("push keys: %w", err)
	}
	return readKeys(path) // ours, or those of whoever was first
}

func readKeys(path string) (k Keys, err error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return k, fmt.Errorf("push keys: %w", err)
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return k, fmt.Errorf("push keys: %s cannot be read", path) // not what is in it
	}
	private, err1 := base64.RawURLEncoding.DecodeString(k.Private)
	public, err2 := base64.RawURLEncoding.DecodeString(k.Public)
	if err1 != nil || err2 != nil {
		return k, fmt.Errorf("push keys: %s cannot be read", path)
	}
	key, err := ecdh.P256().NewPrivateKey(private)
	if err != nil || string(key.PublicKey().Bytes()) != string(public) {
		return k, fmt.Errorf("push keys: the two in %s are no pair", path)
	}
	return k, nil
}
