package staff

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cardea/cloud/staff/rights"
	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"

	"github.com/google/uuid"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type world struct {
	*Staff
	d     *db.DB
	now   time.Time
	done  atomic.Int64
	fail  error
	notes []string
	mu    sync.Mutex
}

func each(t *testing.T, f func(t *testing.T, w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		if err := d.Migrate(t.Context(), "staff", Migrations); err != nil {
			t.Fatal(err)
		}
		w := &world{d: d, now: time.UnixMilli(1_790_000_000_000)}
		w.Staff = New(d, Options{Now: func() time.Time { return w.now }, Note: func(_ *db.Tx, n Note) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.notes = append(w.notes, n.Act)
			return nil
		}, Actions: map[string]Action{"test": {
			Preview: func(_ context.Context, _ string, what []byte) (string, error) {
				if string(what) == `"bad"` {
					return "", ErrInput
				}
				return "would do " + string(what), nil
			},
			Do: func(_ context.Context, a Approval) (string, error) {
				w.done.Add(1)
				if a.By != "ann" || !strings.HasPrefix(a.Decider, "bob") {
					t.Errorf("done for %q and %q", a.By, a.Decider)
				}
				return "did " + string(a.What), w.fail
			}}}})
		f(t, w)
	})
}

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tenant, other := uuid.NewString(), uuid.NewString()
		for _, bad := range []struct {
			name   string
			scopes []rights.Right
			life   time.Duration
		}{{"", []rights.Right{rights.FleetView}, time.Hour}, {"x", nil, time.Hour}, {"x", []rights.Right{rights.StaffManage}, time.Hour}, {"x", []rights.Right{"all"}, time.Hour},
			{"x", []rights.Right{rights.FleetView}, 0}, {"x", []rights.Right{rights.FleetView}, maxLife + 1}} {
			if _, _, err := w.MakeToken(t.Context(), tenant, bad.name, bad.scopes, bad.life, "a"); !errors.Is(err, ErrInput) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		made, secret, err := w.MakeToken(t.Context(), tenant, "deploy", []rights.Right{rights.RolloutPropose}, time.Hour, "a")
		if err != nil || !strings.HasPrefix(secret, tokenMark) {
			t.Fatal(err)
		}
		got, err := w.Bearer(t.Context(), secret)
		if err != nil || got.ID != made.ID || got.Tenant != tenant || !slices.Equal(got.Scopes, made.Scopes) {
			t.Fatalf("%+v, %v", got, err)
		}
		list, err := w.Tokens(t.Context(), tenant)
		if err != nil || len(list) != 1 || !list[0].Used.Equal(when(w.now.UnixMilli())) {
			t.Errorf("%+v, %v", list, err)
		}
		for _, wrong := range []string{"", "x", tokenMark, secret[:len(secret)-1], secret + "A", strings.TrimPrefix(secret, tokenMark), tokenMark + strings.Repeat("A", 64)} {
			if _, err := w.Bearer(t.Context(), wrong); !errors.Is(err, ErrToken) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		notThere(t, w, secret)
		if err := w.RevokeToken(t.Context(), other, made.ID, "a"); !errors.Is(err, ErrUnknown) {
			t.Errorf("another tenant's: %v", err)
		}
		w.now = w.now.Add(time.Hour)
		if _, err := w.Bearer(t.Context(), secret); !errors.Is(err, ErrToken) {
			t.Errorf("expired: %v", err)
		}
		w.now = w.now.Add(-time.Minute)
		if err := w.RevokeToken(t.Context(), tenant, made.ID, "a"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Bearer(t.Context(), secret); !errors.Is(err, ErrToken) {
			t.Errorf("revoked: %v", err)
		}
		if want := []string{"token-make", "token-revoke"}; !slices.Equal(w.notes, want) {
			t.Error(w.notes)
		}
	})
}

// notThere looks for a secret in what is stored.
func notThere(t *testing.T, w *world, secret string) {
	t.Helper()
	err := w.d.View(t.Context(), func(tx *db.Tx) error {
		var hash []byte
		var name string
		if err := tx.Row(`SELECT hash, name FROM staff_token`).Scan(&hash, &name); err != nil {
			return err
		}
		if strings.Contains(string(hash)+name, secret[len(tokenMark):]) || len(hash) != 32 {
			t.Errorf("the secret is stored")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestTwoPersons(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tenant := uuid.NewString()
		propose := func() string {
			id, err := w.Propose(t.Context(), tenant, "test", []byte(`{"n":1}`), "ann", "because of 4711")
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		for _, bad := range [][3]string{{"unknown", `{}`, "a good reason"}, {"test", `{`, "a good reason"}, {"test", `{}`, "no"}, {"test", `"bad"`, "a good reason"}} {
			if _, err := w.Propose(t.Context(), tenant, bad[0], []byte(bad[1]), "ann", bad[2]); !errors.Is(err, ErrInput) {
				t.Errorf("%v: %v", bad, err)
			}
		}
		id := propose()
		if err := w.Decide(t.Context(), tenant, id, "ann", true, "I want it"); !errors.Is(err, ErrSame) || w.done.Load() != 0 {
			t.Errorf("alone: %v", err)
		}
		token, _, err := w.MakeToken(t.Context(), tenant, "pipeline", []rights.Right{rights.RolloutPropose}, time.Hour, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Decide(t.Context(), tenant, id, token.ID, true, "I want it"); !errors.Is(err, ErrSame) {
			t.Errorf("by one's own token: %v", err)
		}
		ours, err := w.Propose(t.Context(), tenant, "test", []byte(`{}`), token.ID, "because of 4711")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Decide(t.Context(), tenant, ours, "ann", true, "I want it"); !errors.Is(err, ErrSame) || w.done.Load() != 0 {
			t.Errorf("of one's own token: %v", err)
		}
		if err := w.Decide(t.Context(), tenant, ours, "bob", false, "not like this"); err != nil {
			t.Errorf("of another's token: %v", err)
		}
		if err := w.Decide(t.Context(), uuid.NewString(), id, "bob", true, "I want it"); !errors.Is(err, ErrUnknown) {
			t.Errorf("another tenant's: %v", err)
		}
		var good atomic.Int64
		var wait sync.WaitGroup
		for i := range 8 {
			wait.Go(func() {
				err := w.Decide(context.Background(), tenant, id, fmt.Sprint("bob", i), true, "it is right")
				if err == nil {
					good.Add(1)
				} else if !errors.Is(err, ErrDecided) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if good.Load() != 1 || w.done.Load() != 1 {
			t.Errorf("%d agreed, done %d times", good.Load(), w.done.Load())
		}
		a, err := w.Approval(t.Context(), tenant, id)
		if err != nil || a.State != StateDone || a.Result != `did {"n":1}` || a.Preview != `would do {"n":1}` || !strings.HasPrefix(a.Decider, "bob") {
			t.Errorf("%+v, %v", a, err)
		}
		if err := w.Decide(t.Context(), tenant, propose(), "bob", false, "not today"); err != nil || w.done.Load() != 1 {
			t.Errorf("refused: %v", err)
		}
		w.fail = errors.New("no database")
		failed := propose()
		if err := w.Decide(t.Context(), tenant, failed, "bob", true, "it is right"); err == nil {
			t.Error("a failure is told")
		}
		late := propose()
		w.now = w.now.Add(proposalLife)
		if err := w.Decide(t.Context(), tenant, late, "bob", true, "it is right"); !errors.Is(err, ErrDecided) {
			t.Errorf("too late: %v", err)
		}
		list, err := w.Approvals(t.Context(), tenant, "", 100)
		var states []string
		for _, a := range list {
			states = append(states, a.State)
		}
		if want := []string{StateExpired, StateFailed, StateRefused, StateRefused, StateDone}; err != nil || !slices.Equal(states, want) {
			t.Errorf("%v, %v", states, err)
		}
	})
}

// What was agreed to is handed out once, to one asker, within a day, and to no other tenant.
func TestTaken(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tenant, other := uuid.NewString(), uuid.NewString()
		propose := func() string {
			id, err := w.Propose(t.Context(), tenant, "test", []byte(`{}`), "ann", "they called twice")
			if err != nil {
				t.Fatal(err)
			}
			return id
		}
		id := propose()
		if _, err := w.Take(t.Context(), tenant, id, "test", "bob"); !errors.Is(err, ErrTaken) {
			t.Errorf("open: %v", err)
		}
		if err := w.Decide(t.Context(), tenant, id, "bob", true, "it is right"); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ tenant, id, kind string }{{other, id, "test"}, {tenant, id, "another"}, {tenant, uuid.NewString(), "test"}} {
			if _, err := w.Take(t.Context(), c.tenant, c.id, c.kind, "bob"); !errors.Is(err, ErrUnknown) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		var good atomic.Int64
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := w.Take(t.Context(), tenant, id, "test", "bob"); err == nil {
					good.Add(1)
				} else if !errors.Is(err, ErrTaken) {
					t.Error(err)
				}
			})
		}
		if all.Wait(); good.Load() != 1 {
			t.Errorf("taken %d times", good.Load())
		}
		late := propose()
		if err := w.Decide(t.Context(), tenant, late, "bob", true, "it is right"); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(takeFor + time.Minute)
		if _, err := w.Take(t.Context(), tenant, late, "test", "bob"); !errors.Is(err, ErrTaken) {
			t.Errorf("late: %v", err)
		}
	})
}

// Why something failed is told in words, and no secret of the server's stands in them.
func TestFailuresInWords(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		tenant := uuid.NewString()
		for _, c := range []struct {
			words func(error) string
			want  string
		}{{nil, failed}, {func(err error) string { return "It is busy." }, "It is busy."}} {
			if c.words != nil {
				w.o.Words = c.words
			}
			w.fail = errors.New("dial tcp 10.0.0.1: secret")
			id, err := w.Propose(t.Context(), tenant, "test", []byte(`{}`), "ann", "they called twice")
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Decide(t.Context(), tenant, id, "bob", true, "it is right"); err == nil {
				t.Fatal("no error")
			}
			a, err := w.Approval(t.Context(), tenant, id)
			if err != nil || a.State != StateFailed || !strings.HasSuffix(a.Result, c.want) || strings.Contains(a.Result, "secret") {
				t.Errorf("%+v, %v", a, err)
			}
		}
	})
}

func TestWhatIsKeptOfAResultIsWholeCharacters(t *testing.T) {
	if got := cut(strings.Repeat("x", maxResult-1) + "é"); got != strings.Repeat("x", maxResult-1) {
		t.Errorf("%d bytes, ends in %q", len(got), got[len(got)-2:])
	}
}
