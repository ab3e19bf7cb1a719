package webhook

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// sealed stands before a secret that only this installation's key opens: a copy of the database alone signs nothing.
const sealed = "sealed1:"

// errSealed has nothing of the secret.
var errSealed = errors.New("the webhook's secret cannot be opened with this installation's key: make a new one")

// sealer is made of a key of the data folder; nil of none.
func sealer(key []byte) cipher.AEAD {
	if len(key) == 0 {
		return nil
	}
	k, err := hkdf.Key(sha256.New, key, nil, "cardea webhook secrets", 32)
	if err != nil {
		return nil // only for a length that HKDF cannot give
	}
	block, err := aes.NewCipher(k)
	if err != nil {
		return nil // only for a key that has not 32 bytes
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		return nil // only for another cipher
	}
	return a
}

// seal makes of a secret what stands in the database. It is good for its webhook only.
func (w *Webhooks) seal(tenant, webhook, secret string) string {
	if w.sealer == nil {
		return secret
	}
	nonce := make([]byte, w.sealer.NonceSize())
	rand.Read(nonce) // never fails
	return sealed + base64.StdEncoding.EncodeToString(w.sealer.Seal(nonce, nonce, []byte(secret), []byte(tenant+"/"+webhook)))
}

// open is the other way. Secrets from before there was sealing stand as they are.
func (w *Webhooks) open(tenant, webhook, text string) (string, error) {
	packed, ok := strings.CutPrefix(text, sealed)
	if !ok {
		return text, nil
	}
	b, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || w.sealer == nil || len(b) < w.sealer.NonceSize() {
		return "", errSealed
	}
	n := w.sealer.NonceSize()
	secret, err := w.sealer.Open(nil, b[:n], b[n:], []byte(tenant+"/"+webhook))
	if err != nil {
		return "", errSealed
	}
	return string(secret), nil
}
