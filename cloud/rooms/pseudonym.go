package rooms

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"cardea/home"
)

// Pseudonym is the same for a home each time, and of another key each other.
func (r *Rooms) Pseudonym(p home.Place) string {
	m := hmac.New(sha256.New, r.pseudonyms)
	m.Write([]byte("pseudonym\n" + p.Tenant + "\n" + p.Home)) // never fails
	s := strings.ToLower(base32.StdEncoding.EncodeToString(m.Sum(nil)))
	return "home " + s[:4] + "-" + s[4:8] + "-" + s[8:12]
}
