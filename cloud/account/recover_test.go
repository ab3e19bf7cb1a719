package account

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/internal/platform/db"
)

func TestRecoveryCodes(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me, token := w.in(w.resident, password)
		codes := must(w.NewRecoveryCodes(w.ctx, me))(t)
		if len(codes) != recoveryCodes || must(w.Standing(w.ctx, me))(t).Codes != recoveryCodes {
			t.Fatalf("%d codes", len(codes))
		}
		w.notStored("account_recovery", "hash", func(hash string) bool {
			for _, c := range codes {
				if strings.Contains(hash, plain(c)[1:]) {
					return false
				}
			}
			return strings.HasPrefix(hash, "$argon2id$")
		})
		recover := func(email, code, password string) error {
			_, _, err := w.RecoverByCode(w.ctx, "north", email, code, password)
			return err
		}
		w.is(recover(w.resident.Email, codes[3][:len(codes[3])-1]+"?", "a new password"), ErrRecovery)
		w.is(recover(w.resident.Email, "9"+codes[3][1:], "a new password"), ErrRecovery)
		w.is(recover("nobody@example.org", codes[3], "a new password"), ErrRecovery)
		w.is(recover("no address", "", "a new password"), ErrRecovery)
		var bad *InputError
		if err := recover(w.resident.Email, codes[3], "short"); !errors.As(err, &bad) {
			t.Errorf("%v", err)
		}
		w.ok(recover(w.resident.Email, strings.ToLower(strings.ReplaceAll(codes[3], "-", " ")), "a new password")) // the code was not used up
		_, err := w.Authenticate(w.ctx, Resident, token)
		w.is(err, ErrSession)
		w.is(recover(w.resident.Email, codes[3], "another password"), ErrRecovery)
		me, _ = w.in(w.resident, "a new password")
		if n := must(w.Standing(w.ctx, me))(t).Codes; n != recoveryCodes-1 {
			t.Errorf("%d are left", n)
		}
		more := must(w.NewRecoveryCodes(w.ctx, me))(t)
		w.is(recover(w.resident.Email, codes[4], "another password"), ErrRecovery)
		w.ok(recover(w.resident.Email, more[4], "another password"))
	})
}

func TestACodeLetsOneIn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me, _ := w.in(w.resident, password)
		code := must(w.NewRecoveryCodes(w.ctx, me))(t)[0]
		var errs [4]error
		var group sync.WaitGroup
		for i := range errs {
			group.Go(func() {
				_, _, errs[i] = w.RecoverByCode(w.ctx, "north", w.resident.Email, code, "a new password")
			})
		}
		group.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d came in: %v", in, errs)
		}
	})
}

func TestCodesAreNotForGuessing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		me, _ := w.in(w.resident, password)
		codes := must(w.NewRecoveryCodes(w.ctx, me))(t)
		for range maxAttempts {
			_, _, err := w.RecoverByCode(w.ctx, "north", w.resident.Email, "0-AAAA-AAAA-AAAA-AAAA", "a new password")
			w.is(err, ErrRecovery)
		}
		_, _, err := w.RecoverByCode(w.ctx, "north", w.resident.Email, codes[0], "a new password")
		w.is(err, ErrThrottled)
		w.clock.forward(attemptWindow)
		_, _, err = w.RecoverByCode(w.ctx, "north", w.resident.Email, codes[0], "a new password")
		w.ok(err)
	})
}

func TestRecoveryByLetter(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mail := &letters{}
		w.opts.Mail = mail
		_, session := w.in(w.resident, password)
		w.ok(w.Forgot(w.ctx, "north", " RESIDENT@example.org"))
		w.ok(w.Forgot(w.ctx, "north", w.resident.Email)) // twice is one letter
		w.ok(w.SendRecoveries(w.ctx))
		w.ok(w.SendRecoveries(w.ctx))
		if len(mail.all) != 1 {
			t.Fatalf("%d letters", len(mail.all))
		}
		l := mail.last(t)
		token := secretOf(t, l.Link)
		if l.To != w.resident.Email || l.Kind != "recovery" {
			t.Errorf("%+v", l)
		}
		_, _, err := w.SignInBy(w.ctx, Resident, token)
		w.is(err, ErrSession) // it recovers, and nothing else
		s, _, err := w.Recover(w.ctx, token, "a new password")
		w.ok(err)
		if s.Person != w.resident {
			t.Errorf("%+v", s)
		}
		_, err = w.Authenticate(w.ctx, Resident, session)
		w.is(err, ErrSession)
		_, _, err = w.Recover(w.ctx, token, "another password")
		w.is(err, ErrRecovery)
		w.in(w.resident, "a new password")

		w.ok(w.Forgot(w.ctx, "", w.resident.Email))
		w.ok(w.SendRecoveries(w.ctx))
		w.clock.forward(recoveryLife)
		_, _, err = w.Recover(w.ctx, secretOf(t, mail.last(t).Link), "another password")
		w.is(err, ErrRecovery)
	})
}

// TestForgottenTellsNothing: whoever asks for a letter is answered the same, whether there is such an account.
func TestForgottenTellsNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		mail := &letters{}
		w.opts.Mail = mail
		must(w.AddStaff(w.ctx, w.tenant.ID, "staff@example.org", "Staff", password, rights.Tier2))(t)
		for _, who := range []struct{ slug, email string }{{"north", "nobody@example.org"}, {"nowhere", w.resident.Email}, {"north", "no address"}, {"north", "staff@example.org"}} {
			w.ok(w.Forgot(w.ctx, who.slug, who.email))
		}
		w.ok(w.SendRecoveries(w.ctx))
		if len(mail.all) != 0 {
			t.Errorf("%+v", mail.all)
		}
		for range maxForgot + 5 {
			w.ok(w.Forgot(w.ctx, "north", w.resident.Email))
			w.ok(w.SendRecoveries(w.ctx))
		}
		if len(mail.all) != maxForgot {
			t.Errorf("%d letters in an hour", len(mail.all))
		}
		w.clock.forward(forgotWindow + time.Minute)
		w.ok(w.Forgot(w.ctx, "north", w.resident.Email))
		w.ok(w.SendRecoveries(w.ctx))
		if len(mail.all) != maxForgot+1 {
			t.Errorf("%d letters", len(mail.all))
		}
	})
}

// notStored looks at each value of a column.
func (w *world) notStored(table, column string, fine func(string) bool) {
	w.t.Helper()
	n := 0
	w.ok(w.db.View(w.ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`SELECT ` + column + ` FROM ` + table)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var v string
			if err := rows.Scan(&v); err != nil {
				return err
			}
			n++
			if !fine(v) {
				w.t.Errorf("%s.%s: %q", table, column, v)
			}
		}
		return rows.Err()
	}))
	if n == 0 {
		w.t.Errorf("%s is empty", table)
	}
}
