package permits

import (
	"net/netip"
	"strings"

	"cardea/home"
)

// Bounds of what is remembered of answers.
const (
	maxAsking  = 128 // devices
	maxAnswers = 48  // addresses of one device, the latest
)

// Answer is an address that the home's resolver gave a device for a name.
type Answer struct {
	Name string
	Addr netip.Addr
}

// answers are a device's latest ones, a ring.
type answers struct {
	list []Answer
	next int
}

// Answered notes what the home's resolver is about to answer a device, so that what it talks to already goes on when it begins to be held
// to a list. The names of flows do not serve for that: in its TLS greeting a device says whatever it likes. Nothing of it is kept on
// disk.
func (b *Book) Answered(id home.DeviceID, name string, addrs []netip.Addr) {
	if name == "" || len(addrs) == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	of := b.answers[id]
	if of == nil {
		if len(b.answers) >= maxAsking {
			return
		}
		of = &answers{}
		b.answers[id] = of
	}
	for _, a := range addrs[:min(len(addrs), 4)] {
		of.put(name, a.Unmap().WithZone(""))
	}
}

func (a *answers) put(name string, addr netip.Addr) {
	for i := range a.list {
		if a.list[i].Addr == addr && a.list[i].Name == name {
			return
		}
	}
	one := Answer{strings.Clone(name), addr} // the asker uses its memory again
	if len(a.list) < maxAnswers {
		a.list = append(a.list, one)
		return
	}
	a.list[a.next] = one
	a.next = (a.next + 1) % maxAnswers
}

// Answers are the latest addresses that a device was given, with their names.
func (b *Book) Answers(id home.DeviceID) []Answer {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if of := b.answers[id]; of != nil {
		return append([]Answer(nil), of.list...)
	}
	return nil
}

// Forget drops what a device was answered.
func (b *Book) Forget(id home.DeviceID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.answers, id)
}
