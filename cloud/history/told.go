package history

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Told is a device as its gateway told it last, in a transaction that may have stored it a moment ago; empty when it is not known.
// Its texts are untrusted.
func (h *History) Told(tx *db.Tx, p home.Place, device string) (*pb.Device, error) {
	d, data := &pb.Device{}, []byte(nil)
	err := tx.Row("SELECT data FROM history_device WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device).Scan(&data)
	if db.NoRows(err) {
		return d, nil
	}
	if err == nil {
		err = proto.Unmarshal(data, d)
	}
	if err != nil {
		return nil, fmt.Errorf("what was told of a device: %w", err)
	}
	return d, nil
}
