package rollout

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	herd "cardea/behavior/herd/bundle"
	"cardea/behavior/profile"
	"cardea/exposure"
	"cardea/identity"
	"cardea/intel/pack"
	"cardea/playbook"
)

// Check says why gateways would not take what a bundle says; nil for the agent's programs, which only show it by running. It keeps from
// signing what would be fetched by every home for nothing.
func Check(name string, data []byte) (err error) {
	switch name {
	case "lists":
		err = checkLists(data)
	case "models":
		_, err = identity.ParseModel(data)
	case "exposures":
		_, err = exposure.ParseFacts(data)
	case "profiles":
		_, err = profile.Parse(data)
	case "herd":
		_, err = herd.Parse(data)
	case "playbooks":
		_, err = playbook.ParseBundle(data)
	}
	if err != nil {
		return fmt.Errorf("gateways would not take it: %w", err)
	}
	return nil
}

func checkLists(text []byte) error {
	r, entries := pack.NewReader(bytes.NewReader(text)), 0
	for {
		h, line, err := r.Next()
		switch {
		case errors.Is(err, io.EOF) && entries == 0:
			return ErrNoLists
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case line == nil:
			continue
		}
		if _, err := h.Parse(line); err != nil {
			return err
		}
		entries++
	}
}

// Usable says why gateways would not take what a file holds.
func (f *File) Usable() error {
	for of, data := range f.data {
		if err := Check(of, data); err != nil {
			return fmt.Errorf("%s: %w", of, err)
		}
	}
	return nil
}
