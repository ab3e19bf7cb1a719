package account

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"cardea/home"
	"cardea/wire"
)

func TestANetworkIsAKeyedHashOfAnAddressBlock(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, out := w.enrol(true)
		p := wire.PlaceOf(out)
		seen := func(addr string) uint64 {
			t.Helper()
			w.ok(w.Seen(w.ctx, Connection{p, netip.MustParseAddr(addr)}))
			return must(w.Networks(w.ctx, []home.Place{p.OfHome(), {Tenant: "nobody", Home: p.Home}}))(t)[p.OfHome()]
		}
		if n := must(w.Networks(w.ctx, []home.Place{p.OfHome()}))(t); len(n) != 0 {
			t.Fatalf("known before it came in: %v", n)
		}
		a := seen("192.0.2.7")
		if a == 0 || seen("192.0.15.200") != a || seen("::ffff:192.0.2.9") != a || seen("192.0.16.1") == a {
			t.Error("addresses of one block are not one network, or those of two are")
		}
		b := seen("2001:db8:1::1")
		if b == a || seen("2001:db8:ff::9") != b || seen("2001:db9::1") == b {
			t.Error("the same of IPv6")
		}
		stranger := p
		stranger.Gateway = w.resident.ID
		w.ok(w.Seen(w.ctx, Connection{stranger, netip.MustParseAddr("203.0.113.1")}, Connection{p, netip.Addr{}}))
		if got := must(w.Networks(w.ctx, []home.Place{p.OfHome()}))(t)[p.OfHome()]; got != seen("2001:db9::1") {
			t.Error("a gateway that is not the home's moved it, or no address did")
		}
		key := w.opts.NetworkKey
		w.opts.NetworkKey = []byte("another")
		if w.network(netip.MustParseAddr("192.0.2.7")) == a {
			t.Error("the key does not count")
		}
		w.opts.NetworkKey = nil
		if w.network(netip.MustParseAddr("192.0.2.7")) != 0 {
			t.Error("kept without a key")
		}
		w.opts.NetworkKey = key
		must(w.Erase(w.ctx, p, "staff"))(t)
		if n := must(w.Networks(w.ctx, []home.Place{p.OfHome()}))(t); len(n) != 0 {
			t.Errorf("left after erasure: %v", n)
		}
	})
}

func TestTheNetworkKeyStays(t *testing.T) {
	file := filepath.Join(t.TempDir(), "network-key")
	a := must(LoadNetworkKey(file))(t)
	if b := must(LoadNetworkKey(file))(t); len(a) != networkKey || !bytes.Equal(a, b) {
		t.Errorf("%x, then %x", a, b)
	}
	if err := os.WriteFile(file, []byte("zz"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadNetworkKey(file); err == nil {
		t.Error("a damaged key is taken")
	}
}
