package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"cardea/exposure"
	"cardea/gateway/stay"
	"cardea/identity"
	"cardea/identity/same"

	"github.com/google/renameio/v2"
)

// whoFile is what was seen of who the devices are. It is a file of its own, since it is large and all of it would be seen again.
const whoFile = "known.json"

const saveWhoEvery = 5 * time.Minute

type whoMemory struct {
	Scheme    int                       `json:"scheme"` // of this file
	Evidence  []identity.DeviceEvidence `json:"evidence"`
	Links     same.Snapshot             `json:"links"`
	Exposures []exposure.Seen           `json:"exposures"`
	Stays     []stay.Stay               `json:"stays,omitempty"`
}

// recallWho puts back who the devices are, after the devices themselves.
func (g *Gateway) recallWho(m memory) {
	g.observer.RememberAliases(m.Aliases)
	g.follow()
	k, err := loadWho(g.cfg.State)
	if err != nil {
		g.log.Warn("who the devices are has to be seen again", "err", err)
	}
	g.who.book.Restore(k.Evidence)
	g.who.links.Restore(k.Links)
	g.who.stays.Restore(k.Stays)
	if err := g.who.exposed.Restore(k.Exposures); err != nil {
		g.log.Warn("what is exposed has to be seen again", "err", err)
	}
	for id, c := range g.said.memory().Who { // the word of people is in the other file, which is written at once
		if g.observer.Borrow(id) != nil { // else it was merged into another one
			g.who.book.Correct(id, c)
		}
	}
}

func loadWho(dir string) (k whoMemory, err error) {
	f, err := os.Open(filepath.Join(dir, whoFile))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err != nil {
		return k, fmt.Errorf("read who is who: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMemory+1))
	if err != nil {
		return k, fmt.Errorf("read who is who: %w", err)
	}
	if k, err = parseWho(b); err != nil {
		path := f.Name()
		aside := path + ".broken"
		return k, errors.Join(fmt.Errorf("%w; it is kept as %s", err, aside), os.Rename(path, aside))
	}
	return k, nil
}

func parseWho(b []byte) (k whoMemory, err error) {
	if len(b) > maxMemory {
		return whoMemory{}, fmt.Errorf("%s: larger than %d bytes", whoFile, maxMemory)
	}
	if err := json.Unmarshal(b, &k); err != nil {
		return whoMemory{}, fmt.Errorf("%s: %w", whoFile, err)
	}
	if k.Scheme != memoryScheme {
		return whoMemory{}, fmt.Errorf("%s: scheme %d is not known here", whoFile, k.Scheme)
	}
	return k, nil
}

// rememberWho writes it.
func (g *Gateway) rememberWho() error {
	g.saving.Lock()
	defer g.saving.Unlock()
	return g.saveWho()
}

// saveWho writes it while saving is held.
func (g *Gateway) saveWho() error {
	g.mu.Lock()
	k := whoMemory{Scheme: memoryScheme, Evidence: g.who.book.Snapshot(), Links: g.who.links.Snapshot(), Exposures: g.who.exposed.Snapshot(), Stays: g.who.stays.Snapshot()}
	g.mu.Unlock()
	g.withoutGuests(&k)
	b, err := json.Marshal(k)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(g.cfg.State, whoFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("save who is who: %w", err)
	}
	return nil
}
