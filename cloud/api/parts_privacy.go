package api

import (
	"context"
	"io"

	"cardea/cloud/api/view"
	"cardea/home"
)

// Privacy is what people may know, take along and have erased of what is kept about their home.
type Privacy interface {
	// EraseDevice forgets what one device did, here at once and on the gateway as soon as it hears of it.
	EraseDevice(ctx context.Context, p home.Place, by Session, device string) (view.Erased, error)
	// Archive writes everything as a zip. What goes wrong after its beginning is said in it.
	Archive(ctx context.Context, p home.Place, by Session, w io.Writer) error
	// Inventory is what is kept of homes, by field, in a language.
	Inventory(language string) view.Inventory
}
