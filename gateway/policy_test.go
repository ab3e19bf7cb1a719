package gateway

import (
	"strings"
	"testing"
)

func TestEndpointOf(t *testing.T) {
	for in, want := range map[string]string{
		"Ads.Example.": "ads.example", "*.ads.example": "ads.example", "192.0.2.7": "192.0.2.7/32", "192.0.2.7/24": "192.0.2.0/24",
		"2001:db8::1": "2001:db8::1/128", "::ffff:192.0.2.7": "192.0.2.7/32",
	} {
		name, p, err := endpointOf(in)
		got := name
		if name == "" {
			got = p.String()
		}
		if err != nil || got != want {
			t.Errorf("endpointOf(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", "*.", "a b", "<script>", "192.0.2.7/99", strings.Repeat("a", 300)} {
		if name, p, err := endpointOf(in); err == nil {
			t.Errorf("endpointOf(%q) = %q %v, want an error", in, name, p)
		}
	}
}

func FuzzEndpointOf(f *testing.F) {
	f.Add("*.example.com")
	f.Add("fe80::1%eth0")
	f.Fuzz(func(t *testing.T, s string) {
		name, p, err := endpointOf(s)
		if err == nil && (name == "") == !p.IsValid() {
			t.Fatalf("endpointOf(%q) = %q, %v", s, name, p)
		}
	})
}

func TestConfigPolicy(t *testing.T) {
	c, err := ParseConfig([]byte(minimal + "policy:\n  block: [ads.example]\n  devices:\n    \"00:00:5e:00:53:01\": {allow: [192.0.2.0/24]}\n"))
	if err != nil || len(c.Policy.Block) != 1 || len(c.Policy.Devices) != 1 {
		t.Fatalf("%+v %v", c.Policy, err)
	}
	for in, want := range map[string]string{
		"policy:\n  block: [a b]\n":                 "line 6: policy: \"a b\" is neither",
		"policy:\n  devices: {nobody: {block: []}}": "line 6: policy.devices: MAC address",
	} {
		if _, err := ParseConfig([]byte(minimal + in)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
}
