package gateway

import (
	"os"
	"strings"
	"testing"

	"cardea/home"
)

const minimal = "lan: br-lan\nwan: eth0\ndns:\n  upstreams: [udp://192.0.2.1]\n"

func TestConfigReference(t *testing.T) {
	b, err := os.ReadFile("../deploy/agent.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConfig(b); err != nil {
		t.Errorf("the reference file: %v", err)
	}
}

func TestConfigErrorsNameTheLine(t *testing.T) {
	if _, err := ParseConfig([]byte(minimal)); err != nil {
		t.Fatalf("the smallest file: %v", err)
	}
	for in, want := range map[string]string{
		minimal + "lna: x\n":    "line 5: unknown field",
		minimal + "log: loud\n": "line 5: log: \"loud\" is none of",
		minimal + "containment:\n  automatic: true\n  quiet: 3\n":                         "line 7:",
		minimal + "containment:\n  protected:\n    - 00:11:22:33:44:55\n    - nonsense\n": "line 8: containment.protected[1]",
		"lan: br-lan\nwan: eth0\ndns:\n  upstreams:\n    - ftp://192.0.2.1\n":             "line 5: dns.upstreams[0]",
		"lan: br-lan\nwan: br-lan\ndns:\n  upstreams: [udp://192.0.2.1]\n":                "line 2: wan: is the same",
		"lan: br-lan\nwan: [\n":                                       "line 2",
		minimal + "detect:\n  off: [scan-wan, scan-van]\n":            "line 6: detect.off[1]: \"scan-van\" is none of scan-wan,",
		minimal + "detect:\n  off: [indicator]\n":                     "detect.off[0]",
		"lan: a/b\nwan: eth0\ndns:\n  upstreams: [udp://192.0.2.1]\n": "line 1: lan",
		"": "lan:",
	} {
		_, err := ParseConfig([]byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant …%s…", in, err, want)
		}
	}
}

func TestDetectorsThatAreOff(t *testing.T) {
	c, err := ParseConfig([]byte(minimal + "detect:\n  off: [scan-wan, beacon]\n"))
	if err != nil {
		t.Fatal(err)
	}
	off := c.Detect.off(home.DetectDuplicate)
	if len(off) != 3 || !off[home.DetectScanWAN] || !off[home.DetectBeacon] || !off[home.DetectDuplicate] {
		t.Errorf("%v", off)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(minimal))
	f.Add([]byte("lan: &a [*a]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := ParseConfig(b); err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("error of more than one line: %q", err)
		}
	})
}
