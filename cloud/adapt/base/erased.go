package base

import (
	"cardea/cloud/api/view"
	"cardea/cloud/rooms"
	saying "cardea/say"
)

// ErasedView says what was erased, and where it still is, in a language.
func ErasedView(lang string, e rooms.Erased) view.Erased {
	w := saying.New("Backups of the cloud still have it until the provider's next cycle replaces them.")
	backups, _ := saying.Tell(lang, w, saying.English(w))
	v := view.Erased{Rows: e.Rows, At: e.At, Gateway: "none", Order: e.Order, Open: e.Open, Backups: backups}
	if e.Order != "" {
		v.Gateway = "asked"
	}
	return v
}
