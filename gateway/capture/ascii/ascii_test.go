package ascii

import "testing"

func TestEqualFold(t *testing.T) {
	for _, v := range []struct {
		b, lower string
		want     bool
	}{
		{"", "", true}, {"host", "host", true}, {"HoSt", "host", true}, {"hos", "host", false}, {"host:", "host", false},
		{"@ost", "`ost", false}, {"[", "{", false}, // neighbours of the letters
		{"\xc8ost", "host", false}, {"\u212aey", "\u212aey", true}, {"\u212aey", "key", false}, // the Kelvin sign is no k here
	} {
		if got := EqualFold([]byte(v.b), v.lower); got != v.want {
			t.Errorf("%q, %q: %v", v.b, v.lower, got)
		}
	}
}
