package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/gateway/collateral"
	"cardea/gateway/observe"
	"cardea/gateway/permits"
	"cardea/gateway/respond"
	"cardea/home"

	"github.com/google/renameio/v2"
)

// memory is what the agent remembers across a restart: state/home.json, whole at any time. The enforced state is a file
// of its own (state/enforced.json, written by enforce), since `restore` reads it at boot before anything else is there.
type memory struct {
	Scheme  int              `json:"scheme"` // of this file
	Devices []home.Device    `json:"devices"`
	Cases   respond.Snapshot `json:"cases"`

	Rules   map[home.DeviceID]Rules  `json:"rules"`             // what the owner blocked
	Ports   map[home.DeviceID]string `json:"ports"`             // the bridge port to which each device belongs
	Aliases []observe.Alias          `json:"aliases,omitempty"` // devices that were merged
	Said    saidMemory               `json:"said,omitzero"`
	Cloud   cloudMemory              `json:"cloud,omitzero"`
	Hunted  hunted                   `json:"hunted,omitempty"` // what was told of the past
	Scored  map[home.DeviceID]scored `json:"scored,omitempty"` // by which profile it was judged

	Out  []home.DeviceID                    `json:"out,omitempty"`  // in quarantine by the kernel still, and let out
	Held map[home.DeviceID]permits.Held     `json:"held,omitempty"` // who is held to a list, and as whom
	Harm map[home.DeviceID]collateral.State `json:"harm,omitempty"` // what is watched of contained devices' normal work

	Lifted map[home.DeviceID][]string `json:"lifted,omitempty"` // blocks of lists that gave way to a device's work, once
}

const (
	memoryScheme = 1
	maxMemory    = 16 << 20
	memoryFile   = "home.json"
	enforcedFile = "enforced.json"
)

// loadMemory reads the file. Without one, and with a broken one, which is put aside, not overwritten, and said, the memory is
// what is rescued of it.
func loadMemory(dir string) (m memory, err error) {
	path := filepath.Join(dir, memoryFile)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return rescued(dir, time.Now()), nil
	}
	if err != nil {
		return rescued(dir, time.Now()), fmt.Errorf("read what was remembered: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxMemory+1))
	if err != nil {
		return rescued(dir, time.Now()), fmt.Errorf("read what was remembered: %w", err)
	}
	if m, err = parseMemory(b); err != nil {
		aside := path + ".broken"
		return rescued(dir, time.Now()), errors.Join(fmt.Errorf("%s: %w; it is kept as %s", path, err, aside), os.Rename(path, aside))
	}
	m.merge(rescued(dir, time.Now()))
	return m, nil
}

func parseMemory(b []byte) (m memory, err error) {
	if len(b) > maxMemory {
		return memory{}, fmt.Errorf("larger than %d bytes", maxMemory)
	}
	if err := json.Unmarshal(b, &m); err != nil {
		return memory{}, err
	}
	if m.Scheme != memoryScheme {
		return memory{}, fmt.Errorf("scheme %d is not known here", m.Scheme)
	}
	return m, nil
}

func saveMemory(dir string, m memory) error {
	m.Scheme = memoryScheme
	b, err := json.Marshal(m)
	if err == nil {
		err = renameio.WriteFile(filepath.Join(dir, memoryFile), b, 0o600)
	}
	if err != nil {
		return fmt.Errorf("save what is remembered: %w", err)
	}
	return nil
}

// labelCode reads the code on the gateway's label; "" when none is configured.
func labelCode(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("label code: %w", err)
	}
	code := strings.TrimSpace(string(b))
	if len(code) < 6 || len(code) > 32 {
		return "", fmt.Errorf("label code in %s: want 6 to 32 characters", path)
	}
	return code, nil
}
