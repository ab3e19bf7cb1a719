package respond

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"cardea/home"
	"cardea/say"
)

const (
	codeTries = 5 // wrong codes an hour; and for one code from a phone
	codeHolds = 10 * time.Minute
	codeLen   = 8
)

// phoneCode is what a signed-in phone shows, to be typed at the gateway's page. It is not in a snapshot: after a restart a
// person asks for another one, and none counts twice.
type phoneCode struct {
	sum   [sha256.Size]byte
	made  time.Time
	wrong int
}

// Code makes a code for the phone of somebody who is signed in: eight digits that count once, for ten minutes. It replaces the
// one before.
func (r *Responder) Code(incident, by string, now time.Time) (code string, until time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c, err := r.find(incident)
	switch {
	case err != nil:
		return "", time.Time{}, err
	case !trusted(by):
		return "", time.Time{}, ErrWho
	}
	code = r.digits()
	r.codes[c.Incident.ID] = phoneCode{sum: sha256.Sum256([]byte(code)), made: now}
	return code, now.Add(codeHolds), nil
}

func randomDigits() string {
	n, err := rand.Int(rand.Reader, big.NewInt(100_000_000))
	if err != nil {
		panic(err) // crypto/rand.Reader never fails (Go 1.24)
	}
	return fmt.Sprintf("%0*d", codeLen, n)
}

// codeOK says whether a code counts for a case, and which one it was. A phone's is used up by it. The lock is held.
func (r *Responder) codeOK(incident, code string, self bool, now time.Time) (how home.Words, err error) {
	tries := &r.tries
	if self {
		tries = &r.selfs
	}
	*tries = slices.DeleteFunc(*tries, func(t time.Time) bool { return past(t, now, time.Hour) })
	if len(*tries) >= codeTries {
		return how, ErrTries
	}
	sum := sha256.Sum256([]byte(typed(code))) // of one length, so that comparing takes as long for each
	label := sha256.Sum256([]byte(typed(r.policy.LabelCode)))
	if subtle.ConstantTimeCompare(sum[:], label[:]) == 1 && r.policy.LabelCode != "" {
		return say.New("With the code on the gateway's label."), nil
	}
	if p, ok := r.codes[incident]; ok {
		good := subtle.ConstantTimeCompare(sum[:], p.sum[:]) == 1
		p.wrong++
		if good || p.wrong >= codeTries || past(p.made, now, codeHolds) {
			delete(r.codes, incident)
		} else {
			r.codes[incident] = p
		}
		if good && !past(p.made, now, codeHolds) {
			return say.New("With a code from a signed-in phone."), nil
		}
	}
	*tries = append(*tries, now)
	return how, ErrCode
}

// typed is a code without what people put between its digits.
func typed(code string) string {
	return strings.NewReplacer(" ", "", "-", "").Replace(clip(code))
}
