package gateway

import (
	"context"
	"sync"

	"cardea/home"
)

// maxShelf bounds the contacts that wait for the disk: the window of a home of 32 devices that each have as many contacts
// as are told apart. What does not fit is dropped and counted.
const maxShelf = 32768

// shelf holds contacts whose window closed until they are written: the pipeline does not wait for a disk.
type shelf struct {
	mu   sync.Mutex
	list []home.Contact
	full chan struct{} // owner: Gateway; capacity 1; full means that writing is already asked for
}

// put takes a copy; it never blocks. False: there was no room.
func (s *shelf) put(c *home.Contact) bool {
	s.mu.Lock()
	ok := len(s.list) < maxShelf
	if ok {
		s.list = append(s.list, *c)
	}
	s.mu.Unlock()
	select {
	case s.full <- struct{}{}:
	default:
	}
	return ok
}

// take empties the shelf.
func (s *shelf) take() []home.Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.list
	s.list = nil
	return list
}

// keepContacts writes contacts until ctx ends; close writes the rest.
func (g *Gateway) keepContacts(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-g.shelf.full:
			g.writeContacts()
		}
	}
}

// writeContacts hands what waits to the ledger, which may write to the disk meanwhile.
func (g *Gateway) writeContacts() {
	g.writing.Lock()
	defer g.writing.Unlock()
	list := g.shelf.take()
	for i := range list {
		if err := g.ledger.Append(&list[i]); err != nil {
			g.count("ledger_errors", 1)
		}
	}
}
