package household

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"cardea/home"
	"cardea/wire"
)

// maxFile is what a kept household may have in bytes.
const maxFile = 1 << 20

// mark begins a file; the sum of what follows its line stands behind it. A bit that fell over is not what people decided.
const mark = "cardea-household 1 "

var errSum = errors.New("kept household: it is not what was written: its sum is another")

// kept is a household as it is kept on the gateway.
type kept struct {
	Since     time.Time      `json:"since,omitzero"`
	Household home.Household `json:"household"`
}

// Marshal is what has to be kept over a restart.
func (h *Household) Marshal() ([]byte, error) {
	s := h.state()
	b, err := json.Marshal(kept{Since: s.since, Household: s.Household})
	if err != nil {
		return nil, fmt.Errorf("keep household: %w", err)
	}
	sum := sha256.Sum256(b)
	return slices.Concat([]byte(mark), hex.AppendEncode(nil, sum[:]), []byte("\n"), b), nil
}

// wholeFile is what a file holds, checked. Older ones have no sum.
func wholeFile(b []byte) ([]byte, error) {
	rest, marked := bytes.CutPrefix(b, []byte(mark))
	if !marked {
		return b, nil
	}
	said, body, _ := bytes.Cut(rest, []byte("\n"))
	sum := sha256.Sum256(body)
	if string(said) != hex.EncodeToString(sum[:]) {
		return nil, errSum
	}
	return body, nil
}

// Parse reads what Marshal gave. A file that was damaged is an error, and then nobody decided anything.
func Parse(b []byte) (*Household, error) {
	if len(b) > maxFile {
		return nil, fmt.Errorf("kept household of %d bytes: want at most %d", len(b), maxFile)
	}
	b, err := wholeFile(b)
	if err != nil {
		return nil, err
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("kept household: %w", err)
	}
	if err := wire.CheckHousehold(k.Household); err != nil {
		return nil, fmt.Errorf("kept %w", err)
	}
	if k.Household.Approve != home.ApproveHold {
		k.Since = time.Time{}
	}
	h := New()
	h.now.Store(build(k.Household, k.Since, nil))
	return h, nil
}
