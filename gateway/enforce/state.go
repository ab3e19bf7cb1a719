package enforce

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"cardea/home"

	"github.com/google/renameio/v2"
)

const maxState = 4 << 20 // bytes of a state file that is still believed

// Save writes the desired state for Restore; the file is whole at any time.
func Save(path string, d home.Desired) error {
	b, err := json.Marshal(d)
	if err == nil {
		err = renameio.WriteFile(path, b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("save enforced state: %w", err)
	}
	return nil
}

// ParseState reads what Save wrote.
func ParseState(b []byte) (home.Desired, error) {
	var d home.Desired
	if len(b) > maxState {
		return d, fmt.Errorf("state file of %d bytes is too large", len(b))
	}
	if err := json.Unmarshal(b, &d); err != nil {
		return home.Desired{}, fmt.Errorf("state file: %w", err)
	}
	return d, nil
}

// Restore puts the saved containment back into force at boot: it needs no interface to be there yet, since rules go by
// name. Without a state file, or with a broken one, the empty tables are made all the same; a broken one is an error.
func Restore(cfg Config, path string, log *slog.Logger) (err error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = []byte("{}"), nil
	}
	var d home.Desired
	if err == nil {
		d, err = ParseState(b)
	}
	d.Dormant = false // the kill switch expires by itself, but only while an agent runs that knows when
	cfg.State = ""    // nothing to save
	e, failed := New(cfg, log)
	if failed != nil {
		return errors.Join(err, failed)
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	e.owned = false // they would die with this socket
	rs, failed := Compile(cfg, d)
	if failed != nil {
		err = errors.Join(err, failed)
		if rs, failed = Compile(cfg, home.Desired{}); failed != nil {
			return errors.Join(err, failed)
		}
	}
	_, failed = e.reconcile(rs)
	if err = errors.Join(err, failed); err != nil {
		return fmt.Errorf("restore enforcement: %w", err)
	}
	log.Info("enforcement restored", "devices", len(d.Devices))
	return nil
}
