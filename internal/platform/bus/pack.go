package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"cardea/wire"
)

// A pack is what the stream keeps as one message: the reports of a partition that came within a moment, in their order. Each is
// its subject without the kind, and its data, both after their length.
const (
	packMessages = 500       // reports in a pack, at most
	packBytes    = 128 << 10 // a pack that is so large takes no further report
	packSubject  = "pack"
	frameHead    = 2 * binary.MaxVarintLen32
)

var errPack = errors.New("a pack of reports is damaged")

// partitionOf is the partition of the home that a subject names: as the broker's own partition(16,2) counts.
func partitionOf(subject string) int {
	parts := strings.SplitN(subject, ".", 4)
	if len(parts) < 4 {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(parts[2]))
	return int(h.Sum32() % wire.Partitions)
}

func appendReport(pack []byte, subject string, data []byte) []byte {
	_, place, _ := strings.Cut(subject, ".")
	pack = binary.AppendUvarint(pack, uint64(len(place)))
	pack = append(pack, place...)
	pack = binary.AppendUvarint(pack, uint64(len(data)))
	return append(pack, data...)
}

// unpack gives the reports of a message of the stream. Those before a damage are given together with the error.
func unpack(m Msg) ([]Msg, error) {
	prefix, ok := strings.CutSuffix(m.Subject, packSubject)
	if !ok {
		return []Msg{m}, nil // kept as it came
	}
	var out []Msg
	for rest := m.Data; len(rest) > 0; {
		place, left, ok := cutBytes(rest)
		data, left, ok2 := cutBytes(left)
		if !ok || !ok2 {
			return out, fmt.Errorf("%w: after %d of them", errPack, len(out))
		}
		out = append(out, Msg{Subject: prefix + string(place), Data: data, Time: m.Time})
		rest = left
	}
	return out, nil
}

func cutBytes(b []byte) (part, rest []byte, ok bool) {
	n, used := binary.Uvarint(b)
	if used <= 0 || n > uint64(len(b)-used) {
		return nil, nil, false
	}
	b = b[used:]
	return b[:n:n], b[n:], true
}
