package cloud

import (
	"cardea/internal/platform/bus"
)

// liveBus is what live needs of the bus.
type liveBus struct{ *bus.Conn }

// Subscribe hears everything, in no queue group.
func (b liveBus) Subscribe(subject string, f func([]byte)) (func(), error) {
	return b.Conn.Subscribe(subject, "", func(m bus.Msg) { f(m.Data) })
}
