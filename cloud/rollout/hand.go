package rollout

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"cardea/home"
	"cardea/intel"
	"cardea/intel/pack"
	"cardea/internal/platform/db"
)

// ErrHeld is the answer to lists that are so unlike the newest that somebody has to say that they are meant.
var ErrHeld = errors.New("so unlike the newest lists that it may be a mistake")

// errNothing is the error of lists of which nothing is left that blocks.
var errNothing = fmt.Errorf("%w", ErrNoLists)

// maxLeft is how many entries are named that were left out.
const maxLeft = 50

// Guard judges lists that come by hand, as those of sources are judged.
type Guard interface {
	Refuse(e intel.Entry, class home.Class) intel.Reason
	Exceptions() []intel.Entry
	Doubtful(was, is int) bool
}

// Hand is how somebody publishes something themselves.
type Hand struct {
	Guard  Guard                              // of lists; nil: they are as they should be
	Agreed bool                               // lists may be unlike the newest
	Note   func(tx *db.Tx, what string) error // writes the act down in the transaction that makes a version; nil: nothing is written
}

// PublishLists is Publish of a folder that somebody publishes by hand.
func (r *Rollout) PublishLists(ctx context.Context, content fs.FS, by Hand) (Report, error) {
	rep := Report{Name: "lists", Refused: map[intel.Reason]int{}}
	text, err := readLists(content, &rep)
	if err != nil {
		return rep, fmt.Errorf("publish lists: %w", err)
	}
	return rep, r.publishSifted(ctx, text, by, &rep)
}

// PublishFileBy is PublishFile by somebody's hand.
func (r *Rollout) PublishFileBy(ctx context.Context, f File, by Hand) (rep Report, err error) {
	rep = Report{Name: f.Name, Refused: map[intel.Reason]int{}}
	if f.Name != "lists" {
		rep.Version, rep.Changed, err = r.By(by).PublishFile(ctx, f)
		return rep, err
	}
	if err := f.Usable(); err != nil {
		return rep, fmt.Errorf("publish %w", err)
	}
	return rep, r.publishSifted(ctx, f.data[f.Name], by, &rep)
}

func (r *Rollout) publishSifted(ctx context.Context, text []byte, by Hand, rep *Report) error {
	text, err := sift(text, by.Guard, rep)
	if err == nil && by.Guard != nil && !by.Agreed {
		err = r.alike(ctx, by.Guard, text)
	}
	if err != nil {
		return fmt.Errorf("publish lists: %w", err)
	}
	return r.By(by).publishText(ctx, text, rep)
}

// By is the same repository, in which what is published is written down as somebody's act.
func (r *Rollout) By(by Hand) *Rollout {
	next := *r
	next.by = by.Note
	return &next
}

// noted writes a new version down.
func (r *Rollout) noted(tx *db.Tx, name string, version uint64) error {
	if r.by == nil {
		return nil
	}
	return r.by(tx, fmt.Sprintf("%s version %d", name, version))
}

// Amend publishes the newest lists again, without what the guard refuses now and with the exceptions that there are now: as when an exception
// is made of what somebody published by hand. Where nothing changes, or there are no lists, no version is made.
func (r *Rollout) Amend(ctx context.Context, g Guard) (Report, error) {
	rep := Report{Name: "lists", Refused: map[intel.Reason]int{}}
	last, text, err := r.newest(ctx, rep.Name)
	if err != nil || last == nil || text == nil {
		return rep, err
	}
	text, err = sift(text, g, &rep)
	if errors.Is(err, errNothing) && rep.Exceptions > 0 {
		err = nil // all that was listed is excepted: that is what is meant
	}
	if err != nil {
		return rep, fmt.Errorf("amend lists: %w", err)
	}
	return rep, r.publishText(ctx, text, &rep)
}

// sift leaves out what the guard refuses, and adds exceptions.
func sift(text []byte, g Guard, rep *Report) ([]byte, error) {
	if g == nil {
		return text, nil
	}
	var w bytes.Buffer
	var err error
	var blocking int
	left := len(rep.Left)
	rep.Entries, blocking, err = pack.Sift(bytes.NewReader(text), &w, func(h *pack.Header, e intel.Entry) bool {
		why := g.Refuse(e, h.Class)
		if why != "" {
			rep.refuse(e, why)
		}
		return why != ""
	}, g.Exceptions())
	if err != nil {
		return nil, err
	}
	rep.Exceptions = len(g.Exceptions())
	if blocking == 0 && len(rep.Left) > left {
		return w.Bytes(), fmt.Errorf("%w that blocks anything: all of it was left out (%s)", errNothing, strings.Join(rep.Left[:min(3, len(rep.Left))], "; "))
	}
	return w.Bytes(), nil
}

// refuse counts an entry that is left out, and names it.
func (rep *Report) refuse(e intel.Entry, why intel.Reason) {
	rep.Refused[why]++
	rep.left(e, why)
}

// left names an entry that is left out.
func (rep *Report) left(e intel.Entry, why intel.Reason) {
	if len(rep.Left) < maxLeft {
		rep.Left = append(rep.Left, pack.Line(e)+": "+string(why))
	}
}

// alike fails where the newest lists had so many entries more, or less, that it is more often a mistake.
func (r *Rollout) alike(ctx context.Context, g Guard, text []byte) error {
	last, before, err := r.newest(ctx, "lists")
	if err != nil || last == nil || before == nil {
		return err
	}
	was, err1 := pack.Blocking(bytes.NewReader(before))
	is, err2 := pack.Blocking(bytes.NewReader(text))
	if err := errors.Join(err1, err2); err != nil {
		return fmt.Errorf("version %d: %w", last.version, err)
	}
	if g.Doubtful(was, is) {
		return fmt.Errorf("%w: version %d has %d entries that block something, these have %d; where that is meant, say --agree", ErrHeld, last.version, was, is)
	}
	return nil
}
