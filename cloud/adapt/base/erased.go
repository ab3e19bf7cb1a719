package base

import (
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
)

const backups = "Backups of the cloud still have it until the provider's next cycle replaces them."

// ErasedView says what was erased, and where it still is.
func ErasedView(e rooms.Erased) view.Erased {
	v := view.Erased{Rows: e.Rows, At: e.At, Gateway: "none", Order: e.Order, Open: e.Open, Backups: backups}
	if e.Order != "" {
		v.Gateway = "asked"
	}
	return v
}
