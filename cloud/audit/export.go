package audit

import (
	"bufio"
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"cardea/internal/platform/db"
)

// line is one of an export: a head, a checkpoint or an entry, each of which has what the others leave out.
type line struct {
	Format string `json:"format,omitempty"` // of the head
	Tenant string `json:"tenant,omitempty"` // of the head and of checkpoints

	Checkpoint int64  `json:"checkpoint,omitempty"` // its number
	Key        string `json:"key,omitempty"`
	Signature  string `json:"signature,omitempty"`

	Number int64  `json:"number,omitempty"` // of an entry; 0 for one that is in no chain
	Hash   string `json:"hash,omitempty"`   // of entries and checkpoints
	ID     string `json:"id,omitempty"`
	At     int64  `json:"at,omitempty"` // milliseconds since 1970
	Home   string `json:"home,omitempty"`
	Who    string `json:"who,omitempty"`
	Role   string `json:"role,omitempty"`
	Act    string `json:"act,omitempty"`
	What   string `json:"what,omitempty"`
	Reason string `json:"reason,omitempty"`
	Until  int64  `json:"until,omitempty"`
	Gone   bool   `json:"gone,omitempty"` // the link is there, its entry is not
}

func checkpointLine(c Checkpoint) line {
	return line{Tenant: c.Tenant, Checkpoint: c.Number, Key: c.Key, Signature: hex.EncodeToString(c.Signature), Hash: hex.EncodeToString(c.Hash), At: c.At.UnixMilli()}
}

func entryLine(l Link, there bool) line {
	out := line{Number: l.Number, Hash: hex.EncodeToString(l.Hash), ID: l.ID, Home: l.Home, Who: l.Who, Role: l.Role, Act: l.Act, What: l.What, Reason: l.Reason, Gone: !there}
	if there {
		out.At = l.At.UnixMilli()
	}
	if !l.Until.IsZero() {
		out.Until = l.Until.UnixMilli()
	}
	return out
}

// errLetters is returned for hexadecimal digits in capital letters, which an export never has.
var errLetters = errors.New("it is not as an export writes it: hexadecimal digits in capital letters")

func (l line) checkpoint() (Checkpoint, error) {
	hash, err := hex.DecodeString(l.Hash)
	signature, err2 := hex.DecodeString(l.Signature)
	if err == nil && l.Hash != hex.EncodeToString(hash) || err2 == nil && l.Signature != hex.EncodeToString(signature) {
		err = errLetters
	}
	return Checkpoint{Tenant: l.Tenant, Number: l.Checkpoint, At: time.UnixMilli(l.At).UTC(), Hash: hash, Key: l.Key, Signature: signature}, errors.Join(err, err2)
}

func (l line) link(tenant string) (Link, error) {
	hash, err := hex.DecodeString(l.Hash)
	if err == nil && l.Hash != hex.EncodeToString(hash) {
		err = errLetters
	}
	out := Link{Number: l.Number, Hash: hash, Entry: Entry{ID: l.ID, Tenant: tenant, Home: l.Home, Who: l.Who, Role: l.Role, Act: l.Act, What: l.What, Reason: l.Reason}}
	if !l.Gone {
		out.At = time.UnixMilli(l.At).UTC()
	}
	if l.Until != 0 {
		out.Until = time.UnixMilli(l.Until).UTC()
	}
	return out, err
}

// Checkpoints are a tenant's, as the database has them.
func (a *Audit) Checkpoints(ctx context.Context, tenant string) (out []Checkpoint, err error) {
	err = a.db.View(ctx, func(tx *db.Tx) error {
		out, err = checkpoints(tx, tenant)
		return err
	})
	return out, err
}

func checkpoints(tx *db.Tx, tenant string) (out []Checkpoint, err error) {
	rows, err := tx.Query(`SELECT number, at, hash, key, signature FROM audit_checkpoint WHERE tenant = ? ORDER BY number`, tenant)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		c := Checkpoint{Tenant: tenant}
		var at int64
		if err := rows.Scan(&c.Number, &at, &c.Hash, &c.Key, &c.Signature); err != nil {
			return nil, err
		}
		c.At = time.UnixMilli(at).UTC()
		out = append(out, c)
	}
	return out, rows.Err()
}

// walk reads a tenant's audit as of one moment: checkpoints, then the chain, then what is in no chain.
func (a *Audit) walk(ctx context.Context, tenant string, begin func([]Checkpoint) error, link func(Link, bool) error, loose func(Entry) error) error {
	return a.db.View(ctx, func(tx *db.Tx) error {
		points, err := checkpoints(tx, tenant)
		if err == nil {
			err = begin(points)
		}
		for after := int64(0); err == nil; {
			var n int
			if n, after, err = walkSome(tx, tenant, after, link); n == 0 {
				break
			}
		}
		if err != nil {
			return err
		}
		for after := ""; ; {
			list, err := read(tx, `SELECT e.id, e.at, e.tenant, e.home, e.who, e.role, e.act, e.what, e.reason, e.until FROM audit_entry e
				LEFT JOIN audit_chain c ON c.tenant = e.tenant AND c.home = e.home AND c.id = e.id
				WHERE e.tenant = ? AND e.id > ? AND c.number IS NULL ORDER BY e.id LIMIT ?`, tenant, after, page)
			if err != nil || len(list) == 0 {
				return err
			}
			for _, e := range list {
				after = e.ID
				if err := loose(e); err != nil {
					return err
				}
			}
		}
	})
}

func walkSome(tx *db.Tx, tenant string, after int64, link func(Link, bool) error) (n int, last int64, err error) {
	rows, err := tx.Query(`SELECT c.number, c.hash, c.id, c.home, COALESCE(e.at, -1), COALESCE(e.who, ''), COALESCE(e.role, ''), COALESCE(e.act, ''), COALESCE(e.what, ''),
		COALESCE(e.reason, ''), COALESCE(e.until, 0) FROM audit_chain c LEFT JOIN audit_entry e ON e.tenant = c.tenant AND e.home = c.home AND e.id = c.id
		WHERE c.tenant = ? AND c.number > ? ORDER BY c.number LIMIT ?`, tenant, after, page)
	if err != nil {
		return 0, after, err
	}
	defer rows.Close()
	for last = after; rows.Next(); n++ {
		l := Link{Entry: Entry{Tenant: tenant}}
		var at, until int64
		if err := rows.Scan(&l.Number, &l.Hash, &l.ID, &l.Home, &at, &l.Who, &l.Role, &l.Act, &l.What, &l.Reason, &until); err != nil {
			return n, last, err
		}
		if at >= 0 {
			l.At = time.UnixMilli(at).UTC()
		}
		if until != 0 {
			l.Until = time.UnixMilli(until).UTC()
		}
		last = l.Number
		if err := link(l, at >= 0); err != nil {
			return n, last, err
		}
	}
	return n, last, rows.Err()
}

// Verify checks a tenant's audit in the database. copies are checkpoints from outside of it, of this tenant and of others; where
// this audit keeps copies and there is none at all, that is a problem: a chain that was written anew would not be found.
func (a *Audit) Verify(ctx context.Context, tenant string, keys []ed25519.PublicKey, copies []Checkpoint) (Report, error) {
	var c *check
	err := a.walk(ctx, tenant, func(points []Checkpoint) error {
		c = newCheck(tenant, a.now(), keys, append(points, copies...))
		c.report.Copies = copiesOf(tenant, copies)
		if a.copies != "" && len(copies) == 0 && len(points) > 0 {
			c.found(Lost, 0, "", "There are checkpoints in the database and no copy of one outside of it.")
		}
		return nil
	}, func(l Link, there bool) error {
		c.link(l, there)
		return nil
	}, func(e Entry) error {
		c.loose(e)
		return nil
	})
	if err != nil {
		return Report{}, fmt.Errorf("verify the audit: %w", err)
	}
	return c.end(), nil
}

func copiesOf(tenant string, copies []Checkpoint) (n int) {
	for _, c := range copies {
		if c.Tenant == tenant {
			n++
		}
	}
	return n
}

// Tenants are those of whom there is anything in the database's audit, whether there is such a tenant or not.
func (a *Audit) Tenants(ctx context.Context) (out []string, err error) {
	for _, table := range []string{"audit_entry", "audit_chain", "audit_checkpoint"} {
		for tenant := ""; ; {
			if tenant, err = a.next(ctx, table, tenant); err != nil {
				return nil, fmt.Errorf("tenants of the audit: %w", err)
			}
			if tenant == "" {
				break
			}
			out = append(out, tenant)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// Export writes a tenant's audit as JSON lines: a head, the checkpoints, the chain, and what is in no chain.
func (a *Audit) Export(ctx context.Context, tenant string, w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	err := a.walk(ctx, tenant, func(points []Checkpoint) error {
		err := e.Encode(line{Format: format, Tenant: tenant})
		for _, p := range points {
			err = errors.Join(err, e.Encode(checkpointLine(p)))
		}
		return err
	}, func(l Link, there bool) error { return e.Encode(entryLine(l, there)) },
		func(x Entry) error { return e.Encode(entryLine(Link{Entry: x}, true)) })
	if err != nil {
		return fmt.Errorf("export the audit: %w", err)
	}
	return nil
}

// maxLine bounds a line of an export: an entry's fields have bounds of their own.
const maxLine = 128 << 10

// ErrExport is returned for what is no export of an audit.
var ErrExport = errors.New("that is no export of an audit")

// VerifyExport checks an export by itself, and with checkpoints from elsewhere.
func VerifyExport(r io.Reader, now time.Time, keys []ed25519.PublicKey, copies []Checkpoint) (Report, error) {
	var c *check
	var tenant string
	points := copies
	err := lines(r, func(n int, l line) error {
		switch {
		case n == 1:
			if l.Format != format || l.Tenant == "" {
				return fmt.Errorf("%w: its first line is not a head", ErrExport)
			}
			tenant = l.Tenant
			return nil
		case l.Checkpoint != 0:
			if c != nil {
				return fmt.Errorf("%w: line %d: a checkpoint after entries", ErrExport, n)
			}
			p, err := l.checkpoint()
			points = append(points[:len(points):len(points)], p)
			return wrong(n, err)
		}
		if c == nil {
			c = newCheck(tenant, now, keys, points)
		}
		x, err := l.link(tenant)
		if x.Number == 0 {
			c.loose(x.Entry)
		} else {
			c.link(x, !l.Gone)
		}
		return wrong(n, err)
	})
	if err == nil && tenant == "" {
		err = fmt.Errorf("%w: it is empty", ErrExport)
	}
	if err != nil {
		return Report{}, err
	}
	if c == nil {
		c = newCheck(tenant, now, keys, points)
	}
	c.report.Copies = copiesOf(tenant, copies)
	if c.report.Entries > 0 && c.report.Sealed == 0 {
		c.unsealed("No checkpoint vouches for any of it.") // who exports seals first
	}
	return c.end(), nil
}

func wrong(n int, err error) error {
	if err != nil {
		return fmt.Errorf("%w: line %d: %w", ErrExport, n, err)
	}
	return nil
}

// lines reads JSON lines; those that are empty are left out.
func lines(r io.Reader, f func(n int, l line) error) error {
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxLine)
	n := 0
	for s.Scan() {
		n++
		if len(s.Bytes()) == 0 {
			continue
		}
		l, err := parse(s.Bytes())
		if err != nil {
			return wrong(n, err)
		}
		if err := f(n, l); err != nil {
			return err
		}
	}
	return wrong(n+1, s.Err())
}

// parse reads a line, and takes it only as Export writes it: JSON alone would let a key stand twice or in other letters, or more follow, and
// another reader would see something else than what was verified.
func parse(text []byte) (l line, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, err
	}
	var as bytes.Buffer
	e := json.NewEncoder(&as)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		return l, err
	}
	if !bytes.Equal(bytes.TrimSuffix(as.Bytes(), []byte("\n")), text) {
		return l, errors.New("it is not as an export writes it")
	}
	return l, nil
}

// ReadCopies reads checkpoints as they are kept outside of the database.
func ReadCopies(r io.Reader) (out []Checkpoint, err error) {
	err = lines(r, func(n int, l line) error {
		c, err := l.checkpoint()
		if err != nil || l.Checkpoint == 0 {
			return fmt.Errorf("%w: line %d is no checkpoint", ErrExport, n)
		}
		out = append(out, c)
		return nil
	})
	return out, err
}

// Copies are the checkpoints in the file outside of the database; none when there is no file.
func (a *Audit) Copies() ([]Checkpoint, error) {
	f, err := os.Open(a.copies)
	if errors.Is(err, os.ErrNotExist) || a.copies == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadCopies(f)
}
