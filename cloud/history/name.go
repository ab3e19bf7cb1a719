package history

import (
	"fmt"

	"cardea/home"
	"cardea/internal/platform/db"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// Name is what a device calls itself, as known in a transaction that may have stored it a moment ago; "" when it is not
// known. It is untrusted text.
func (h *History) Name(tx *db.Tx, p home.Place, device string) (string, error) {
	var data []byte
	err := tx.Row("SELECT data FROM history_device WHERE tenant = ? AND home = ? AND device = ?", p.Tenant, p.Home, device).Scan(&data)
	if db.NoRows(err) {
		return "", nil
	}
	var d pb.Device
	if err == nil {
		err = proto.Unmarshal(data, &d)
	}
	if err != nil {
		return "", fmt.Errorf("name of device: %w", err)
	}
	return d.GetName(), nil
}
