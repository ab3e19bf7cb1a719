package fleet

import "slices"

// Kind is what somebody of staff found out that devices are.
type Kind struct{ Model, Vendor, Class string }

// Named is what those devices are of one cluster that somebody named.
func (f Filling) Named() Kind { return Kind{"Kestrel Feeder 1", "Kestrel", "appliance"} }

// Listed are the made-up servers of a version of the lists, the first of 0; each version has some more.
func (f Filling) Listed(version int) []string {
	return slices.Clone(campaigns[:min(len(campaigns), 2+version)])
}
