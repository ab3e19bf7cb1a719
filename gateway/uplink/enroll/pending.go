package enroll

import (
	"bytes"
	"encoding/hex"
	"encoding/pem"
)

const (
	blockKey   = "PRIVATE KEY"
	blockCSR   = "CERTIFICATE REQUEST"
	blockClaim = "CARDEA CLAIM" // its id, which tells nothing about the code
)

func writePending(key, csr, claim []byte) []byte {
	out := bytes.Clone(key)
	out = append(out, pem.EncodeToMemory(&pem.Block{Type: blockCSR, Bytes: csr})...)
	return append(out, pem.EncodeToMemory(&pem.Block{Type: blockClaim, Headers: map[string]string{"Id": hex.EncodeToString(claim)}})...)
}

// readPending reads it back if it is of this claim.
func readPending(b, claim []byte) (key, csr []byte, ok bool) {
	for block, rest := pem.Decode(b); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case blockKey:
			key = pem.EncodeToMemory(block)
		case blockCSR:
			csr = block.Bytes
		case blockClaim:
			ok = block.Headers["Id"] == hex.EncodeToString(claim)
		}
	}
	return key, csr, ok && key != nil && csr != nil
}
