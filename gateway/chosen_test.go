package gateway

import (
	"net/netip"
	"testing"

	"cardea/gateway/control"
	"cardea/home"
)

func TestAnImpostorsNameIsNotTheOtherDevice(t *testing.T) {
	mac, other := home.MAC{2, 0, 0, 0, 0, 1}, home.MAC{2, 0, 0, 0, 0, 2}
	camera := control.Device{Name: "camera", Device: home.Device{ID: "c", MACs: []home.MAC{mac}, Addresses: []netip.Addr{netip.MustParseAddr("192.0.2.7")}}}
	nameless := control.Device{Name: other.String(), Device: home.Device{ID: "n", MACs: []home.MAC{other}}}
	impostor := func(name string) control.Device { return control.Device{Name: name, Device: home.Device{ID: "i"}} }
	for _, c := range []struct {
		called, target string
		want           home.DeviceID
	}{
		{"television", "Camera", "c"}, {"television", "television", "i"}, {"television", "c", "c"},
		{"02:00:00:00:00:01", "02:00:00:00:00:01", "c"}, {"192.0.2.7", "192.0.2.7", "c"}, {"c", "c", "c"},
		{"camera", "camera", ""}, {"CAMERA", "camera", ""}, {"television", other.String(), "n"}, {other.String(), other.String(), "n"},
		{"", "", ""}, {"television", "nobody", ""},
	} {
		if got := chosen([]control.Device{impostor(c.called), camera, nameless}, c.target); got != c.want {
			t.Errorf("with one that calls itself %q, %q means %q, not %q", c.called, c.target, got, c.want)
		}
	}
}
