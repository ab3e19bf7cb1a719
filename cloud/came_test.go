package cloud

import (
	"net/netip"
	"testing"

	"cardea/home"
)

func TestWhereGatewaysComeFromIsHandedOn(t *testing.T) {
	p := home.Place{Tenant: "0190c5d4-0000-7000-8000-000000000001", Home: "0190c5d4-0000-7000-8000-000000000002", Gateway: "0190c5d4-0000-7000-8000-000000000003"}
	var c comings
	c.note("cloud/worker", netip.MustParseAddr("192.0.2.1"))
	c.note(p.String(), netip.MustParseAddr("192.0.2.1"))
	c.note(p.String(), netip.MustParseAddr("2001:db8::7"))
	list := cameList(cameBytes(c.take()))
	if len(list) != 1 || list[0].Place != p || list[0].Remote.String() != "2001:db8::7" || len(c.take()) != 0 {
		t.Fatalf("%+v", list)
	}
}

func FuzzCameList(f *testing.F) {
	f.Add([]byte("a/b/c 192.0.2.1\n\n0190c5d4-0000-7000-8000-000000000001/x"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range cameList(b) {
			if !c.Remote.IsValid() || !home.IsUUID(c.Place.Gateway) {
				t.Fatal(c)
			}
		}
	})
}
