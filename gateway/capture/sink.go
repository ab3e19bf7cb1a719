// Package capture is the room in which packets become events. Its parts are hello (names in first packets), dnsmsg (DNS
// messages), dissect (bytes → events), file (captures on disk) and kernel (the live gateway); this package itself holds
// only what they share. It imports home and keeps no state.
package capture

import "cardea/home"

// Sink takes events in the order in which they happened. Handle is called by one goroutine at a time and must copy what
// it keeps: the event and all that it points to are used again as soon as Handle returns.
type Sink interface {
	Handle(*home.Event)
}
