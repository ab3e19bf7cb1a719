package identity

import (
	"slices"

	"cardea/home"
)

// EraseNames forgets which names a device ("": each) asked for or reached: hashes of them could be guessed. What it is taken for stays as it is
// until it shows something new.
func (b *Book) EraseNames(id home.DeviceID) {
	for _, d := range b.devices {
		if id == "" || d.id == id {
			d.ev.tokens = slices.DeleteFunc(d.ev.tokens, func(t seen) bool { return t.clue == ClueName || t.clue == ClueDomain })
		}
	}
}
