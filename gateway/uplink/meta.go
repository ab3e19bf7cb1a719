package uplink

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/google/renameio/v2"
)

const (
	metaFile  = "state"
	ackedFile = "acked"
)

// meta is what the spool must not forget, written whole each time.
type meta struct {
	Epoch   uint64 `json:"epoch"`
	Ceiling uint64 `json:"ceiling"` // no sequence above it was given to an item
	Desired uint64 `json:"desired"` // version that runs
	Dropped uint64 `json:"dropped"` // items, ever
	Drop    *drop  `json:"drop,omitempty"`
}

// drop is a segment being given up, so that a kill at any point neither forgets to tell it nor tells it twice.
type drop struct {
	Lane     string `json:"lane"`
	Segment  uint64 `json:"segment"`
	Sequence uint64 `json:"sequence"` // of the item that tells it
	Items    uint64 `json:"items"`
	First    int64  `json:"first"`
	Last     int64  `json:"last"`
}

// readMeta reads the file; ok is false when it is not there or not as it was written.
func readMeta(dir string) (m meta, ok bool, err error) {
	b, err := os.ReadFile(filepath.Join(dir, metaFile))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return m, false, err
	}
	sum, body, _ := strings.Cut(string(b), " ")
	want, err := strconv.ParseUint(sum, 16, 32)
	if err != nil || crc32.Checksum([]byte(body), castagnoli) != uint32(want) || json.Unmarshal([]byte(body), &m) != nil {
		return meta{}, false, nil //nolint:nilerr // damage: the caller goes on without
	}
	return m, m.Epoch != 0, nil
}

func (m meta) write(dir string) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("%08x %s", crc32.Checksum(body, castagnoli), body)
	if err := renameio.WriteFile(filepath.Join(dir, metaFile), []byte(text), 0o600); err != nil {
		return err
	}
	return syncDir(dir)
}

// readAcked reads up to where everything was acknowledged. What is damaged or of another epoch counts as nothing: then
// more is sent again, and the receiver knows it by its sequence.
func readAcked(f *os.File, epoch uint64) uint64 {
	var b [20]byte
	if _, err := f.ReadAt(b[:], 0); err != nil {
		return 0
	}
	le := binary.LittleEndian
	if crc32.Checksum(b[:16], castagnoli) != le.Uint32(b[16:]) || le.Uint64(b[:]) != epoch {
		return 0
	}
	return le.Uint64(b[8:])
}

func writeAcked(f *os.File, epoch, acked uint64) error {
	le := binary.LittleEndian
	b := le.AppendUint64(nil, epoch)
	b = le.AppendUint64(b, acked)
	b = le.AppendUint32(b, crc32.Checksum(b, castagnoli))
	_, err := f.WriteAt(b, 0)
	return err
}
