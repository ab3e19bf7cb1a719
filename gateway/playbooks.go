package gateway

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"cardea/home"
	"cardea/playbook"

	"github.com/google/renameio/v2"
)

// Playbooks come with the program, and newer ones as a bundle. New cases begin with what is in force. A case that is open keeps the steps
// it began with (respond.Plan), and its rate too: the test for being clean is a sequential one, and is only right when what it rests on
// stays while it runs. So its playbook's texts are kept as well, also when the bundle has them no more. A relapse begins anew, with what
// is in force then.
const (
	playbooksBundle = "playbooks"
	begunFile       = "playbooks.json" // playbooks of open cases that no shelf has any more
	maxBegun        = 64               // of them; cases are fewer
	maxBegunBytes   = 4 << 20
)

// library is all playbooks that this gateway has.
type library struct {
	force atomic.Pointer[playbook.Shelf] // of the bundle; nil: those of the program
	begun atomic.Pointer[playbook.Shelf] // that open cases began with; nil: none

	mu   sync.Mutex // of what was read last: reading takes time, so it is done once
	of   [sha256.Size]byte
	last *playbook.Shelf
}

// playbooks is the shelf that new cases begin with.
func (g *Gateway) playbooks() *playbook.Shelf {
	if s := g.library.force.Load(); s != nil {
		return s
	}
	return playbook.Default()
}

// bookOf is the playbook that a case began with, as near as there is one; nil: none.
func (g *Gateway) bookOf(ref string) *playbook.Playbook {
	shelves := []*playbook.Shelf{g.playbooks()}
	if s := g.library.begun.Load(); s != nil {
		shelves = append(shelves, s)
	}
	return playbook.Find(ref, append(shelves, playbook.Default())...)
}

func (l *library) parse(b []byte) (*playbook.Shelf, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := sha256.Sum256(b)
	if l.last != nil && l.of == sum {
		return l.last, nil
	}
	s, err := playbook.ParseBundle(b)
	if err == nil {
		l.of, l.last = sum, s
	}
	return s, err
}

// checkPlaybooks reads playbooks before they become what is kept, and keeps what open cases began with while it is still here.
func (g *Gateway) checkPlaybooks(b []byte) error {
	s, err := g.library.parse(b)
	if err != nil {
		return err
	}
	return g.keepBegun(s)
}

// setPlaybooks puts playbooks in force. Cases that begin meanwhile have theirs kept afterwards.
func (g *Gateway) setPlaybooks(b []byte) error {
	s, err := g.library.parse(b)
	if err != nil {
		return err
	}
	if err := g.keepBegun(s); err != nil {
		return err
	}
	g.library.force.Store(s)
	return nil
}

// keepBegun writes down the playbooks of open cases that next has not, before next takes the place of those in force.
func (g *Gateway) keepBegun(next *playbook.Shelf) error {
	var books []*playbook.Playbook
	for _, i := range g.responder.Incidents() {
		if i.State == home.StateClosed || i.Playbook == "" || next.Exact(i.Playbook) != nil || playbook.Default().Exact(i.Playbook) != nil {
			continue
		}
		p := g.bookOf(i.Playbook)
		if p != nil && p.Ref() == i.Playbook && !slices.Contains(books, p) && len(books) < maxBegun {
			books = append(books, p)
		}
	}
	path := filepath.Join(g.cfg.State, begunFile)
	if len(books) == 0 {
		g.library.begun.Store(nil)
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("playbooks of open cases: %w", err)
		}
		return nil
	}
	b, err := json.Marshal(books)
	if err == nil {
		err = renameio.WriteFile(path, b, 0o600, renameio.IgnoreUmask())
	}
	if err != nil {
		return fmt.Errorf("playbooks of open cases: %w", err)
	}
	g.library.begun.Store(playbook.Old(books))
	return nil
}

// recallPlaybooks gives open cases the texts back that they began with. Without them they go on with those of the newest version.
func (g *Gateway) recallPlaybooks() error {
	path := filepath.Join(g.cfg.State, begunFile)
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var books []*playbook.Playbook
	if err == nil && info.Size() > maxBegunBytes {
		err = fmt.Errorf("%d bytes", info.Size())
	}
	if err == nil {
		var b []byte
		if b, err = os.ReadFile(path); err == nil {
			err = json.Unmarshal(b, &books)
		}
	}
	if err != nil {
		return fmt.Errorf("playbooks of open cases: %w", err)
	}
	books = slices.DeleteFunc(books, func(p *playbook.Playbook) bool { return p == nil || p.ID == "" })
	g.library.begun.Store(playbook.Old(books[:min(len(books), maxBegun)]))
	return nil
}
