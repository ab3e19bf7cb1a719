package history

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Kinds of what devices are found by.
const (
	FindMAC  = "mac"
	FindName = "name"
)

const (
	maxFindMACs = 8  // of a device
	maxFindWord = 64 // bytes
	maxFindRows = 200
)

// findWord is how a word is kept and looked for: begin of it, in small letters.
func findWord(s string) []byte {
	s = strings.ToLower(strings.TrimSpace(s))
	return []byte(text(s, maxFindWord))
}

// findArgs are the rows of a device: tenant, home, device, kind, word of each.
func findArgs(args []any, tenant, home string, d *pb.Device) []any {
	if w := findWord(d.GetName()); len(w) > 0 {
		args = append(args, tenant, home, d.GetId(), FindName, w)
	}
	for _, m := range d.GetMacs()[:min(len(d.GetMacs()), maxFindMACs)] {
		if w := findWord(m); len(w) > 0 {
			args = append(args, tenant, home, d.GetId(), FindMAC, w)
		}
	}
	return args
}

// flushFind keeps what devices are found by. What a device was called before goes with the next whole list; until then it is left out
// when it is found.
func flushFind(tx *db.Tx, args []any) error {
	_, err := insert(tx, "INSERT INTO history_find (tenant, home, device, kind, word) VALUES ", "(?,?,?,?,?)", " ON CONFLICT (tenant, home, device, kind, word) DO NOTHING", 5, args)
	return err
}

// has says whether a device is still found by a word.
func has(data []byte, kind string, word []byte) (bool, error) {
	d := &pb.Device{}
	if err := proto.Unmarshal(data, d); err != nil {
		return false, err
	}
	if kind == FindName {
		return bytes.Equal(findWord(d.GetName()), word), nil
	}
	for _, m := range d.GetMacs() {
		if bytes.Equal(findWord(m), word) {
			return true, nil
		}
	}
	return false, nil
}

// Found is a device of one of a tenant's homes.
type Found struct{ Home, Device string }

// findText looks up the devices of those only that are told: PostgreSQL would read all devices where a text is how very many begin.
const findText = "SELECT f.home, f.device, f.word, d.data FROM (SELECT tenant, home, device, word FROM history_find" +
	" WHERE tenant = ? AND kind = ? AND word >= ? AND word < ? ORDER BY word, home LIMIT ?) f" +
	" LEFT JOIN history_device d ON d.tenant = f.tenant AND d.home = f.home AND d.device = f.device ORDER BY f.word, f.home"

// Find finds a tenant's devices whose MAC address or name begins with a text; more tells that there are others.
func (h *History) Find(ctx context.Context, tenant, kind, begins string) (out []Found, more bool, err error) {
	from := findWord(begins)
	if len(from) == 0 {
		return nil, false, nil
	}
	err = h.db.View(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(findText, tenant, kind, from, append(append([]byte{}, from...), 0xff), maxFindRows+1)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // rows.Err tells
		for n := 0; rows.Next(); n++ {
			if more = n == maxFindRows; more {
				break
			}
			var f Found
			var word, data []byte
			if err := rows.Scan(&f.Home, &f.Device, &word, &data); err != nil {
				return err
			}
			if still, err := has(data, kind, word); err != nil {
				return err
			} else if still {
				out = append(out, f)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, false, fmt.Errorf("find devices: %w", err)
	}
	return out, more, nil
}
