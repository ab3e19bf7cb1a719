package household

import (
	"maps"

	"cardea/home"
)

// Visit says which devices are taken for guests' though nobody said so; what people say of a device comes before that. It is not kept.
func (h *Household) Visit(devices map[home.DeviceID]bool) {
	devices = maps.Clone(devices)
	is := h.state().is
	for _, id := range h.Names() {
		delete(devices, id)
		delete(devices, is.of(id))
	}
	h.visitors.Store(&devices)
}

// visits says whether a device is taken for a guest's.
func (h *Household) visits(device home.DeviceID) bool {
	v := h.visitors.Load()
	return v != nil && (*v)[device]
}
