package notify

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"cardea/cloud/notify/words"
	"cardea/internal/platform/db"

	"github.com/google/uuid"
)

// Errors about a number for text messages.
var (
	ErrNumber   = errors.New("that is no phone number with its country, as +49 30 123456")
	ErrNoSMS    = errors.New("this provider sends no text messages")
	ErrTooMany  = errors.New("too many codes were asked for")
	ErrCode     = errors.New("that is not the code, or it is too old")
	ErrNotTaken = errors.New("the text message could not be handed in")
)

// What may be asked for: text messages cost money, and a number may be somebody else's.
const (
	codeTime    = 10 * time.Minute
	codeTries   = 5
	codesHour   = 3  // of a person
	codesDay    = 10 // of a person
	codesNumber = 5  // to a number a day, whoever asks
	maxNumber   = 15 // digits, E.164
)

var (
	separators = regexp.MustCompile(`[ ()./-]`)
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// number makes E.164 of what a person typed.
func number(s string) (string, error) {
	if len(s) > 40 {
		return "", ErrNumber
	}
	s = separators.ReplaceAllString(s, "")
	if len(s) > 2 && s[:2] == "00" {
		s = "+" + s[2:]
	}
	if !e164.MatchString(s) || len(s) > maxNumber+1 {
		return "", ErrNumber
	}
	return s, nil
}

// Phone is a person's number; Number is masked.
type Phone struct {
	Number   string
	Verified bool
}

// Phone is the number that text messages go to; "" for none.
func (n *Notify) Phone(ctx context.Context, tenant, person string) (p Phone, err error) {
	err = n.db.View(ctx, func(tx *db.Tx) error {
		var is int64
		err := tx.Row(`SELECT number, verified FROM notify_phone WHERE tenant = ? AND person = ?`, tenant, person).Scan(&p.Number, &is)
		p.Verified = is != 0
		return err
	})
	if db.NoRows(err) {
		return Phone{}, nil
	}
	p.Number = masked(p.Number)
	return p, err
}

func masked(number string) string {
	if len(number) < 6 {
		return number
	}
	return number[:3] + "…" + number[len(number)-3:]
}

func verified(tx *db.Tx, tenant, person string) (string, error) {
	var number string
	err := tx.Row(`SELECT number FROM notify_phone WHERE tenant = ? AND person = ? AND verified > 0`, tenant, person).Scan(&number)
	if db.NoRows(err) {
		return "", nil
	}
	return number, err
}

// SetPhone takes a number and sends a code there. Until the code comes back nothing else goes to it, and a number that was
// verified before holds no more.
func (n *Notify) SetPhone(ctx context.Context, tenant, person, typed string) error {
	to, err := number(typed)
	if err != nil {
		return err
	}
	who, slug, err := n.opts.Provider(ctx, tenant)
	if err != nil {
		return err
	}
	channel := n.opts.Channels.of(tenant, slug)
	if channel.SMS == nil {
		return ErrNoSMS
	}
	digits, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return err
	}
	code := fmt.Sprintf("%06d", digits)
	now := n.opts.Now()
	var language string
	err = n.db.Tx(ctx, func(tx *db.Tx) error {
		s, err := settings(tx, tenant, person)
		if err != nil {
			return err
		}
		language = s.Language
		if err := n.asked(tx, tenant, "person "+person, now, codesHour, codesDay); err != nil {
			return err
		}
		if err := n.asked(tx, tenant, "number "+to, now, codesNumber, codesNumber); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT INTO notify_phone (tenant, person, number, verified, code, expires, tries) VALUES (?, ?, ?, 0, ?, ?, 0)
			ON CONFLICT (tenant, person) DO UPDATE SET number = excluded.number, verified = 0, code = excluded.code, expires = excluded.expires, tries = 0`,
			tenant, person, to, codeHash(tenant, person, code), now.Add(codeTime).UnixMilli())
		return err
	})
	if err != nil {
		return err
	}
	if language == "" {
		language = channel.Language
	}
	text := smsOf(words.Line(who.Name, 40), language, code)
	if err := n.hook.send(ctx, channel.SMS, "code-"+uuid.NewString(), event{Type: "sms.send", Timestamp: now.UTC(), Data: smsData{To: to, Text: text}}); err != nil {
		n.log.Warn("a code for a phone number could not be handed in", "tenant", tenant, "err", err)
		return ErrNotTaken
	}
	return nil
}

func smsOf(provider, language, code string) string {
	if language == "de" {
		return provider + ": " + code + " ist Ihr Code, um Kurznachrichten zu Ihrem Zuhause zu bekommen. Wir fragen Sie nie am Telefon danach."
	}
	return provider + ": " + code + " is your code for text messages about your home. We never ask you for it on the phone."
}

// asked notes that a code was asked for, and refuses too many.
func (n *Notify) asked(tx *db.Tx, tenant, who string, now time.Time, hour, day int) error {
	h := sha256.Sum256([]byte(who))
	key := hex.EncodeToString(h[:16])
	for _, bound := range []struct {
		since time.Duration
		most  int
	}{{time.Hour, hour}, {24 * time.Hour, day}} {
		var had int
		if err := tx.Row(`SELECT COUNT(*) FROM notify_asked WHERE tenant = ? AND who = ? AND at > ?`, tenant, key, now.Add(-bound.since).UnixMilli()).Scan(&had); err != nil {
			return err
		}
		if had >= bound.most {
			return ErrTooMany
		}
	}
	_, err := tx.Exec(`INSERT INTO notify_asked (tenant, who, at, id) VALUES (?, ?, ?, ?)`, tenant, key, now.UnixMilli(), uuid.NewString())
	return err
}

func codeHash(tenant, person, code string) string {
	h := sha256.Sum256([]byte(tenant + "\x00" + person + "\x00" + code))
	return hex.EncodeToString(h[:])
}

// VerifyPhone takes the code that was sent. It works once, for ten minutes, and not after five wrong ones.
func (n *Notify) VerifyPhone(ctx context.Context, tenant, person, code string) error {
	ok := false
	err := n.db.Tx(ctx, func(tx *db.Tx) error {
		ok = false
		var hash string
		var expires, tries int64
		err := tx.Row(`SELECT code, expires, tries FROM notify_phone WHERE tenant = ? AND person = ?`, tenant, person).Scan(&hash, &expires, &tries)
		if db.NoRows(err) {
			return nil
		}
		now := n.opts.Now().UnixMilli()
		if err != nil || hash == "" || now > expires || tries >= codeTries {
			return err
		}
		// The try is counted before it is looked at, so that two at once are two.
		rows, err := tx.Exec(`UPDATE notify_phone SET tries = tries + 1 WHERE tenant = ? AND person = ? AND code = ? AND tries = ?`, tenant, person, hash, tries)
		if err != nil || rows == 0 {
			return err
		}
		if subtle.ConstantTimeCompare([]byte(hash), []byte(codeHash(tenant, person, code))) != 1 {
			return nil
		}
		_, err = tx.Exec(`UPDATE notify_phone SET verified = ?, code = '', expires = 0 WHERE tenant = ? AND person = ?`, now, tenant, person)
		ok = err == nil
		return err
	})
	if err == nil && !ok {
		return ErrCode
	}
	return err
}

// ForgetPhone forgets it; no text message goes there any more.
func (n *Notify) ForgetPhone(ctx context.Context, tenant, person string) error {
	return n.db.Tx(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`DELETE FROM notify_phone WHERE tenant = ? AND person = ?`, tenant, person)
		return err
	})
}
