package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/internal/platform/db"

	"github.com/google/uuid"
	"pgregory.net/rapid"
)

// TestSumIsWhatIsDocumented: the vector of docs/audit.md. Whoever changes the encoding breaks each chain that there is.
func TestSumIsWhatIsDocumented(t *testing.T) {
	e := Entry{ID: "01990000-0000-7000-8000-000000000001", At: time.UnixMilli(1790000000000), Tenant: "01990000-0000-7000-8000-00000000000a",
		Who: "admin", Role: "admin", Act: "staff-roles", What: "x soc", Reason: "größer"}
	if got := hex.EncodeToString(Sum(1, nil, e)); got != "59ceb238a2a0a5cc5fc76b35d1e7d39ce25ba2fa4c0b9fc384ed7c8cab10463c" {
		t.Error(got)
	}
}

// written is a chain in memory, with a checkpoint at some numbers.
type written struct {
	links  []Link
	loose  []Entry
	points []Checkpoint
	key    ed25519.PrivateKey
}

const someone = "01990000-0000-7000-8000-00000000000a"

func write(n int, seals ...int) *written {
	w := &written{key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, 32))}
	for i := range n {
		w.add(Entry{Who: "w", Act: "look", What: fmt.Sprint(i)})
	}
	for _, at := range seals {
		w.seal(at)
	}
	return w
}

func (w *written) add(e Entry) {
	e.ID, e.Tenant, e.At = uuid.Must(uuid.NewV7()).String(), someone, time.UnixMilli(1_790_000_000_000)
	var previous []byte
	if n := len(w.links); n > 0 {
		previous = w.links[n-1].Hash
	}
	number := int64(len(w.links) + 1)
	w.links = append(w.links, Link{Entry: e, Number: number, Hash: Sum(number, previous, e)})
}

func (w *written) seal(number int) {
	c := Checkpoint{Tenant: someone, Number: int64(number), At: time.UnixMilli(1_790_000_000_000), Hash: w.links[number-1].Hash, Key: KeyID(w.public()[0])}
	c.Signature = ed25519.Sign(w.key, c.text())
	w.points = append(w.points, c)
}

func (w *written) public() []ed25519.PublicKey {
	return []ed25519.PublicKey{w.key.Public().(ed25519.PublicKey)}
}

func (w *written) verify() Report {
	c := newCheck(someone, time.UnixMilli(1_790_000_001_000), w.public(), w.points)
	for _, l := range w.links {
		c.link(l, true)
	}
	for _, e := range w.loose {
		c.loose(e)
	}
	return c.end()
}

// rewrite computes all hashes anew, as somebody does who has the database but not the key.
func (w *written) rewrite() {
	var previous []byte
	for i := range w.links {
		w.links[i].Number = int64(i + 1)
		w.links[i].Hash = Sum(int64(i+1), previous, w.links[i].Entry)
		previous = w.links[i].Hash
	}
}

func kinds(r Report) (out []string) {
	for _, p := range r.Problems {
		out = append(out, p.Kind)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestEachKindOfTamperingHasItsName(t *testing.T) {
	for _, one := range []struct {
		name string
		do   func(*written)
		want string
	}{
		{"nothing", func(*written) {}, ""},
		{"changed", func(w *written) { w.links[3].Reason = "another" }, Changed},
		{"a field moved into the next one", func(w *written) { w.links[3].Who, w.links[3].Role = "", "w" }, Changed},
		{"removed", func(w *written) { w.links = slices.Delete(w.links, 3, 4) }, Removed},
		{"inserted without a link", func(w *written) { w.loose = append(w.loose, w.links[3].Entry) }, Inserted},
		{"reordered", func(w *written) { w.links[3].Entry, w.links[5].Entry = w.links[5].Entry, w.links[3].Entry }, Reordered},
		{"cut", func(w *written) { w.links = w.links[:7] }, Cut},
		{"all gone", func(w *written) { w.links = nil }, Cut},
		{"rewritten", func(w *written) { w.links[3].Reason = "another"; w.rewrite() }, Rewritten},
		{"removed and rewritten", func(w *written) { w.links = slices.Delete(w.links, 3, 4); w.rewrite() }, Cut + " " + Rewritten},
		{"inserted and rewritten", func(w *written) {
			w.links = slices.Insert(w.links, 3, Link{Entry: Entry{Tenant: someone, Act: "x", At: time.UnixMilli(1)}})
			w.rewrite()
		}, Rewritten},
		{"a checkpoint signed by another", func(w *written) {
			c := w.points[1]
			c.Signature = ed25519.Sign(ed25519.NewKeyFromSeed(make([]byte, 32)), c.text())
			w.points = append(w.points, c)
		}, Forged},
		{"a checkpoint with another hash", func(w *written) { w.points[1].Hash = w.links[0].Hash }, Forged},
		{"a checkpoint of another tenant's", func(w *written) {
			w.points[1].Tenant = "01990000-0000-7000-8000-00000000000b"
			w.points[1].Tenant = someone
			w.points[1].Number++
		}, Forged},
	} {
		w := write(10, 4, 10)
		one.do(w)
		r := w.verify()
		if got := strings.Join(kinds(r), " "); got != one.want || r.Good != (one.want == "") || r.Found != len(r.Problems) {
			t.Errorf("%s: %q, want %q: %+v", one.name, got, one.want, r)
		}
	}
}

// TestNothingGoesUnnoticed: whatever is done to what a checkpoint vouches for, with all hashes computed anew or not, is found.
func TestNothingGoesUnnoticed(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 20).Draw(rt, "entries")
		w := write(n, rapid.IntRange(1, n).Draw(rt, "early"), n)
		if r := w.verify(); !r.Good {
			rt.Fatalf("untouched: %+v", r)
		}
		i, k := rapid.IntRange(0, n-1).Draw(rt, "i"), rapid.IntRange(0, n-1).Draw(rt, "k")
		what := rapid.SampledFrom([]string{"act", "reason", "time", "who", "home", "until", "remove", "insert", "swap", "cut"}).Draw(rt, "what")
		e := &w.links[i].Entry
		switch what {
		case "act":
			e.Act += "x"
		case "reason":
			e.Reason += "x"
		case "time":
			e.At = e.At.Add(time.Millisecond)
		case "who":
			e.Who += "x"
		case "home":
			e.Home = uuid.NewString()
		case "until":
			e.Until = e.At
		case "remove":
			w.links = slices.Delete(w.links, i, i+1)
		case "insert":
			w.links = slices.Insert(w.links, i, Link{Entry: Entry{ID: uuid.NewString(), Tenant: someone, Act: "x", At: time.UnixMilli(1_790_000_000_000)}, Number: int64(i + 1)})
		case "swap":
			if i == k {
				rt.Skip("the same")
			}
			w.links[i].Entry, w.links[k].Entry = w.links[k].Entry, w.links[i].Entry
		case "cut":
			w.links = w.links[:i]
		}
		if rapid.Bool().Draw(rt, "rewritten") {
			w.rewrite()
		}
		if r := w.verify(); r.Good {
			rt.Fatalf("%s of %d went unnoticed: %+v", what, i, r)
		}
	})
}

func TestOldEntriesWantACheckpoint(t *testing.T) {
	w := write(3)
	c := newCheck(someone, time.UnixMilli(1_790_000_000_000).Add(25*time.Hour), w.public(), nil)
	for _, l := range w.links {
		c.link(l, true)
	}
	if r := c.end(); strings.Join(kinds(r), " ") != Unsealed {
		t.Errorf("%+v", r)
	}
}

// signing is an audit that signs, with its file of copies.
func signing(t *testing.T, d *db.DB, now *time.Time) *Audit {
	t.Helper()
	dir := t.TempDir()
	key, err := LoadKey(filepath.Join(dir, "audit-key"))
	if err != nil {
		t.Fatal(err)
	}
	a := New(d, func() time.Time { return *now })
	a.Sign(key, filepath.Join(dir, "copies"))
	return a
}

func (a *Audit) mustVerify(t *testing.T, tenant string) Report {
	t.Helper()
	copies, err := a.Copies()
	if err != nil {
		t.Fatal(err)
	}
	r, err := a.Verify(t.Context(), tenant, a.Keys(), copies)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := a.Export(t.Context(), tenant, &b); err != nil {
		t.Fatal(err)
	}
	x, err := VerifyExport(&b, a.now(), a.Keys(), copies)
	want := kinds(r)
	if r.Sealed == 0 && r.Entries > 0 && !slices.Contains(want, Unsealed) { // in a file there is nothing else that vouches
		want = append(want, Unsealed)
	}
	if err != nil || x.Good != (len(want) == 0) || !slices.Equal(kinds(x), want) || x.Entries != r.Entries {
		t.Errorf("the export says %+v, %v; the database %+v", x, err, r)
	}
	return r
}

// TestTamperingInTheDatabase has somebody with all rights on the database change it.
func TestTamperingInTheDatabase(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		a := signing(t, d, now)
		for name, q := range map[string][]string{
			Changed:   {`UPDATE audit_entry SET reason = 'another' WHERE tenant = ? AND what = 'x3'`},
			Removed:   {`DELETE FROM audit_entry WHERE tenant = ? AND what = 'x3'`},
			Cut:       {`DELETE FROM audit_entry WHERE tenant = ? AND what >= 'x5'`, `DELETE FROM audit_chain WHERE tenant = ? AND number > 5`},
			Inserted:  {`INSERT INTO audit_entry (tenant, home, id, at, who, role, act, what, reason, until) SELECT tenant, home, '` + uuid.NewString() + `', at, who, role, act, 'y', reason, until FROM audit_entry WHERE tenant = ? AND what = 'x3'`},
			Reordered: {`UPDATE audit_entry SET what = CASE what WHEN 'x2' THEN 'x3' ELSE 'x2' END WHERE tenant = ? AND what IN ('x2', 'x3')`},
			Forged:    {`UPDATE audit_checkpoint SET at = at + 1 WHERE tenant = ?`},
			"":        {`SELECT 1 WHERE ? <> ''`},
		} {
			p := place()
			for i := range 8 {
				if err := a.AddNow(t.Context(), Entry{Tenant: p.Tenant, Who: "w", Act: "a", What: fmt.Sprint("x", i)}); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := a.Seal(t.Context()); n != 1 || err != nil && !errors.Is(err, ErrChanged) { // of the case before
				t.Fatal(n, err)
			}
			if name == Reordered { // ids stay where they are: contents are hashed with them
				name = Changed
			}
			unguard(t, d, func(tx *db.Tx) error {
				for _, one := range q {
					if strings.HasPrefix(one, "SELECT") {
						continue
					}
					if _, err := tx.Exec(one, p.Tenant); err != nil {
						return err
					}
				}
				return nil
			})
			if r := a.mustVerify(t, p.Tenant); strings.Join(kinds(r), " ") != name {
				t.Errorf("%q: %+v", name, r)
			}
		}
	})
}

// A chain that was written anew or cut is not signed again, and keeps no other tenant's from being.
func TestWhatWasChangedIsNotSigned(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		a := signing(t, d, now)
		anew, cut, fine := place().Tenant, place().Tenant, place().Tenant
		add := func() {
			for _, tenant := range []string{anew, cut, fine} {
				if err := a.AddNow(t.Context(), Entry{Tenant: tenant, Who: "w", Act: "a"}); err != nil {
					t.Fatal(err)
				}
			}
		}
		add()
		add()
		if n, err := a.Seal(t.Context()); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		unguard(t, d, func(tx *db.Tx) error {
			_, err := tx.Exec(`DELETE FROM audit_chain WHERE tenant = ? AND number > 1`, cut)
			if err == nil {
				_, err = tx.Exec(`UPDATE audit_chain SET hash = (SELECT hash FROM audit_chain WHERE tenant = ? AND number = 1) WHERE tenant = ? AND number = 2`, fine, anew)
			}
			return err
		})
		if n, err := a.Seal(t.Context()); n != 0 || !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), cut) {
			t.Errorf("cut: %d, %v", n, err)
		}
		add()
		n, err := a.Seal(t.Context())
		if n != 1 || !errors.Is(err, ErrChanged) || !strings.Contains(err.Error(), anew) {
			t.Errorf("%d, %v", n, err)
		}
		if r := a.mustVerify(t, fine); !r.Good || r.Sealed != 3 {
			t.Errorf("%+v", r)
		}
	})
}

// unguard takes the triggers away for a moment, as an owner of the database can.
func unguard(t *testing.T, d *db.DB, f func(*db.Tx) error) {
	t.Helper()
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		if d.Postgres() {
			for _, table := range []string{"entry", "chain", "checkpoint"} {
				if _, err := tx.Exec(`ALTER TABLE audit_` + table + ` DISABLE TRIGGER USER`); err != nil {
					return err
				}
			}
			if err := f(tx); err != nil {
				return err
			}
			for _, table := range []string{"entry", "chain", "checkpoint"} {
				if _, err := tx.Exec(`ALTER TABLE audit_` + table + ` ENABLE TRIGGER USER`); err != nil {
					return err
				}
			}
			return nil
		}
		var names, texts []string
		rows, err := tx.Query(`SELECT name, sql FROM sqlite_master WHERE type = 'trigger'`)
		if err != nil {
			return err
		}
		for rows.Next() {
			var name, text string
			if err := rows.Scan(&name, &text); err != nil {
				return err
			}
			names, texts = append(names, name), append(texts, text)
		}
		rows.Close()
		for _, name := range names {
			if _, err := tx.Exec(`DROP TRIGGER ` + name); err != nil {
				return err
			}
		}
		if err := f(tx); err != nil {
			return err
		}
		for _, text := range texts {
			if _, err := tx.Exec(text); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestCopiesKnowWhatTheDatabaseForgot: somebody writes the whole chain anew and takes all checkpoints away.
func TestCopiesKnowWhatTheDatabaseForgot(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		a, p := signing(t, d, now), place()
		for i := range 3 {
			if err := a.AddNow(t.Context(), Entry{Tenant: p.Tenant, Who: "w", Act: "a", What: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := a.Seal(t.Context()); err != nil {
			t.Fatal(err)
		}
		unguard(t, d, func(tx *db.Tx) error {
			for _, q := range []string{`DELETE FROM audit_checkpoint WHERE tenant = ?`, `DELETE FROM audit_chain WHERE tenant = ?`, `UPDATE audit_entry SET what = 'z' WHERE tenant = ? AND what = '1'`} {
				if _, err := tx.Exec(q, p.Tenant); err != nil {
					return err
				}
			}
			return nil
		})
		if n, err := a.Adopt(t.Context()); n != 3 || err != nil {
			t.Fatal(n, err)
		}
		if r := a.mustVerify(t, p.Tenant); strings.Join(kinds(r), " ") != Rewritten {
			t.Errorf("%+v", r)
		}
	})
}

// TestOldEntriesAreChained: those from before there were chains, once; what is put beside a chain later is not.
func TestOldEntriesAreChained(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, a *Audit, _ *time.Time) {
		tenants := []string{place().Tenant, place().Tenant}
		old := func(tenant string, n int) {
			err := d.Tx(t.Context(), func(tx *db.Tx) error {
				for range n {
					if _, err := tx.Exec(`INSERT INTO audit_entry (tenant, home, id, at, who, role, act, what, reason, until) VALUES (?, '', ?, 1, 'w', '', 'a', '', '', 0)`,
						tenant, uuid.Must(uuid.NewV7()).String()); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		old(tenants[0], page+10)
		old(tenants[1], 3)
		var wait sync.WaitGroup
		for range 2 {
			wait.Go(func() {
				if _, err := a.Adopt(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		old(tenants[1], 1)
		if n, err := a.Adopt(t.Context()); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if err := a.AddNow(t.Context(), Entry{Tenant: tenants[0], Who: "w", Act: "a"}); err != nil {
			t.Fatal(err)
		}
		a.now = func() time.Time { return time.UnixMilli(2) }
		for i, want := range []string{"", Inserted} {
			if r := a.mustVerify(t, tenants[i]); strings.Join(kinds(r), " ") != want {
				t.Errorf("%d: %+v", i, r)
			}
		}
	})
}

// TestManyProcessesWriteOneChain: several audits with connections of their own, as several processes have.
func TestManyProcessesWriteOneChain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		p := place()
		var wait sync.WaitGroup
		const processes, acts = 4, 25
		for range processes {
			a := signing(t, d, now)
			wait.Go(func() {
				for i := range acts {
					if err := a.AddNow(context.Background(), Entry{Tenant: p.Tenant, Who: "w", Act: "a", What: fmt.Sprint(i)}); err != nil {
						t.Error(err)
					}
					if i%10 == 0 {
						if _, err := a.Seal(context.Background()); err != nil {
							t.Error(err)
						}
					}
				}
			})
		}
		wait.Wait()
		r, err := New(d, a0(now)).Verify(t.Context(), p.Tenant, nil, nil)
		if err != nil || r.Entries != processes*acts || slices.Contains(kinds(r), Changed) || slices.Contains(kinds(r), Removed) {
			t.Errorf("%+v, %v", r, err)
		}
	})
}

func a0(now *time.Time) func() time.Time { return func() time.Time { return *now } }

func TestCheckpointsAreMadeInTime(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB, _ *Audit, now *time.Time) {
		a, p := signing(t, d, now), place()
		add := func() {
			if err := a.AddNow(t.Context(), Entry{Tenant: p.Tenant, Who: "w", Act: "a"}); err != nil {
				t.Fatal(err)
			}
		}
		made := func(want int, why string) {
			t.Helper()
			if n, err := a.seal(t.Context(), false); n != want || err != nil {
				t.Errorf("%s: %d, %v", why, n, err)
			}
		}
		add()
		made(1, "the first entry")
		made(0, "nothing new")
		add()
		made(0, "one more at once")
		*now = now.Add(sealAfter)
		made(1, "one more, a minute later")
		for range sealEach {
			add()
		}
		made(1, "many at once")
		if r := a.mustVerify(t, p.Tenant); !r.Good || r.Checkpoints != 3 || r.Sealed != sealEach+2 {
			t.Errorf("%+v", r)
		}
		copies, err := a.Copies()
		if err != nil || len(copies) != 3 {
			t.Errorf("%d copies, %v", len(copies), err)
		}
		info, err := os.Stat(a.copies)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
	})
}

func TestKeysStay(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	one, err := LoadKey(file)
	two, err2 := LoadKey(file)
	if err != nil || err2 != nil || !one.Equal(two) {
		t.Fatal(err, err2)
	}
	text, err := os.ReadFile(file + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := ReadKeys(text)
	if err != nil || len(keys) != 1 || !keys[0].Equal(one.Public()) {
		t.Error(keys, err)
	}
	if _, err := ReadKeys([]byte("xyz")); err == nil {
		t.Error("no key")
	}
	if err := os.WriteFile(file, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadKey(file); err == nil {
		t.Error("a bad key is taken")
	}
}

// One bit that is another anywhere in an export is found, also where JSON means the same: a key in capitals, a digit of a hash.
func TestExportOfWhichABitIsAnother(t *testing.T) {
	w := write(3, 3)
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	if err := e.Encode(line{Format: format, Tenant: someone}); err != nil {
		t.Fatal(err)
	}
	for _, p := range w.points {
		if err := e.Encode(checkpointLine(p)); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range w.links {
		if err := e.Encode(entryLine(l, true)); err != nil {
			t.Fatal(err)
		}
	}
	verify := func(text []byte) (Report, error) {
		return VerifyExport(bytes.NewReader(text), time.UnixMilli(1_790_000_000_000), w.public(), nil)
	}
	text := b.Bytes()
	if r, err := verify(text); err != nil || !r.Good || r.Entries != 3 {
		t.Fatal(r, err)
	}
	for i := range text {
		for bit := range 8 {
			other := bytes.Clone(text)
			other[i] ^= 1 << bit
			if r, err := verify(other); err == nil && r.Good {
				t.Errorf("bit %d of byte %d: %q is good", bit, i, other[max(0, i-20):min(len(other), i+20)])
			}
		}
	}
	first, rest, _ := bytes.Cut(text, []byte("\n"))
	if r, err := verify(slices.Concat(first, []byte("\n"), rest[bytes.Index(rest, []byte(`{"number"`)):])); err != nil || !slices.Equal(kinds(r), []string{Unsealed}) {
		t.Error("entries for which nothing vouches:", r, err)
	}
	for name, bad := range map[string]string{"twice": `{"number":1,"number":1}`, "more": `{"number":1}{"number":2}`, "order": `{"id":"x","number":1}`, "long": strings.Repeat("x", maxLine+1)} {
		if _, err := verify(slices.Concat(first, []byte("\n"+bad+"\n"))); !errors.Is(err, ErrExport) || !strings.Contains(err.Error(), "line 2") {
			t.Error(name, err)
		}
	}
}

// FuzzExport: whatever is handed in as an export is read or refused, and what is good has a good signature.
func FuzzExport(f *testing.F) {
	w := write(3, 3)
	var b bytes.Buffer
	b.WriteString(`{"format":"cardea-audit-1","tenant":"` + someone + `"}` + "\n" + `{"number":1,"hash":"00","id":"x","at":1}` + "\n")
	f.Add(b.Bytes())
	f.Add([]byte(`{"checkpoint":1}`))
	f.Add([]byte("{}\n{}"))
	f.Add([]byte(`{"format":"cardea-audit-1","tenant":"t"}` + "\n" + `{"checkpoint":9,"tenant":"t","hash":"zz"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := VerifyExport(bytes.NewReader(text), time.UnixMilli(1_790_000_000_000), w.public(), nil)
		if err == nil && r.Good && r.Sealed > 0 {
			t.Fatalf("%q is good: %+v", text, r)
		}
		_, _ = ReadCopies(bytes.NewReader(text))
	})
}
