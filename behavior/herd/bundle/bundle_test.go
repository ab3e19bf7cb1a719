package bundle

import (
	"bytes"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/home"
)

var t0 = time.Unix(1_764_000_000, 0).UTC()

func some() *Bundle {
	return &Bundle{
		Indicators: []Indicator{
			{Name: "c2.example.net", Port: 443, Proto: "tcp", Force: t0, Expires: t0.Add(time.Hour)},
			{Addr: netip.MustParseAddr("203.0.113.9"), Port: 6667, Proto: "tcp", Force: t0.Add(time.Minute), Expires: t0.Add(time.Hour)},
			{Addr: netip.MustParseAddr("2001:db8::7"), Port: 53, Proto: "udp", Force: t0, Expires: t0.Add(time.Hour)},
		},
		Pauses: []Pause{
			{Class: "camera", Vendor: "Example", Model: "Example Cam", Detector: home.DetectNovelty, Endpoint: 7, Quiet: t0, Until: t0.Add(time.Hour)},
			{Class: "plug", Detector: home.DetectUsual, Quiet: t0, Until: t0.Add(time.Hour)},
		},
	}
}

func TestABundleIsOneText(t *testing.T) {
	b := some()
	data := b.Bytes()
	slices.Reverse(b.Indicators)
	b.Indicators = append(b.Indicators, b.Indicators[0])
	slices.Reverse(b.Pauses)
	if !bytes.Equal(b.Bytes(), data) {
		t.Error("the order counts")
	}
	got, err := Parse(data)
	if err != nil || len(got.Indicators) != 3 || len(got.Pauses) != 2 || !bytes.Equal(got.Bytes(), data) {
		t.Fatalf("%+v, %v", got, err)
	}
	if !slices.ContainsFunc(got.Pauses, func(p Pause) bool { return reflect.DeepEqual(p, some().Pauses[0]) }) {
		t.Errorf("%+v", got.Pauses)
	}
	if none, err := Parse((&Bundle{}).Bytes()); err != nil || len(none.Indicators) != 0 {
		t.Errorf("an empty one: %v", err)
	}
}

func TestAnIndicatorIsInShadowFirst(t *testing.T) {
	i := some().Indicators[1]
	if i.Acts(t0) || !i.Acts(t0.Add(time.Minute)) || i.Acts(t0.Add(time.Hour)) {
		t.Error("it acts too early, not at all, or for ever")
	}
	if e := i.Endpoint(); e.Hash() == 0 {
		t.Error("it is of no endpoint")
	}
}

func TestAPauseIsOfOneModelReasonAndEndpoint(t *testing.T) {
	b := some()
	for _, c := range []struct {
		class         home.DeviceClass
		vendor, model string
		detector      home.Detector
		endpoint      uint64
		at            time.Time
		want          bool
	}{
		{"camera", "Example", "Example Cam", home.DetectNovelty, 7, t0, true},
		{"camera", "Example", "Example Cam", home.DetectNovelty, 8, t0, false},
		{"camera", "Example", "Other Cam", home.DetectNovelty, 7, t0, false},
		{"camera", "Example", "Example Cam", home.DetectBeacon, 7, t0, false},
		{"camera", "Example", "Example Cam", home.DetectNovelty, 7, t0.Add(time.Hour), false},
		{"plug", "", "", home.DetectUsual, 99, t0, true},
	} {
		if _, ok := b.Paused(c.class, c.vendor, c.model, c.detector, c.endpoint, c.at); ok != c.want {
			t.Errorf("%+v: %v", c, ok)
		}
	}
	if _, ok := (*Bundle)(nil).Paused("plug", "", "", home.DetectUsual, 0, t0); ok {
		t.Error("nothing pauses")
	}
}

func TestWhatIsNoBundle(t *testing.T) {
	line := "host\tc2.example.net\t443\ttcp\t1\t2\n"
	for name, text := range map[string]string{
		"nothing": "", "another": "cardea herd 2\n", "no end": magic, "half a line": magic + "\nhost", "twice": magic + "\n" + line + line,
		"not in order":  magic + "\n" + line + "addr\t203.0.113.9\t1\ttcp\t1\t2\n",
		"a neighbour":   magic + "\naddr\t192.168.1.4\t80\ttcp\t1\t2\n",
		"loopback":      magic + "\naddr\t127.0.0.1\t80\ttcp\t1\t2\n",
		"an upper case": magic + "\nhost\tC2.example.net\t443\ttcp\t1\t2\n",
		"one label":     magic + "\nhost\tlocalhost\t443\ttcp\t1\t2\n",
		"an address":    magic + "\nhost\t203.0.113.9\t443\ttcp\t1\t2\n",
		"port 0":        magic + "\nhost\tc2.example.net\t0\ttcp\t1\t2\n",
		"port 0443":     magic + "\nhost\tc2.example.net\t0443\ttcp\t1\t2\n",
		"no protocol":   magic + "\nhost\tc2.example.net\t443\ticmp\t1\t2\n",
		"a long text":   magic + "\npause\t" + strings.Repeat("x", 97) + "\t\t\tnovelty\t0000000000000000\t1\t2\n",
		"no detector":   magic + "\npause\tplug\t\t\t\t0000000000000000\t1\t2\n",
		"too large":     magic + "\n" + strings.Repeat("x", MaxBytes),
	} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s is read", name)
		}
	}
	if _, err := Parse([]byte(magic + "\n" + line)); err != nil {
		t.Error(err)
	}
}

func TestABundleIsBounded(t *testing.T) {
	b := &Bundle{}
	for i := range MaxIndicators + 500 {
		b.Indicators = append(b.Indicators, Indicator{Name: fmt.Sprintf("%s%d.example.net", strings.Repeat("x", 50), i), Port: 443, Proto: "tcp", Force: t0, Expires: t0})
	}
	if got, err := Parse(b.Bytes()); err != nil || len(got.Indicators) != MaxIndicators {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(some().Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := Parse(data); err == nil && !bytes.Equal(b.Bytes(), data) {
			t.Errorf("%q is read", data)
		}
	})
}
