package bench

import "testing"

func TestResolver(t *testing.T) {
	o := tiny()
	o.Size = 0.01
	r, err := Resolver(t.Context(), o)
	checkReport(t, r, err, "names on the list", "cached names", "names that are forwarded", "resident memory")
}
