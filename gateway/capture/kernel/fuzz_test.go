package kernel

import (
	"net/netip"
	"testing"

	"cardea/gateway/capture/kernel/nl"
	"cardea/gateway/capture/kernel/nl/nltest"
	"cardea/home"

	"golang.org/x/sys/unix"
)

var (
	client  = netip.MustParseAddrPort("192.168.1.20:40000")
	server  = netip.MustParseAddrPort("203.0.113.7:443")
	wanSelf = netip.MustParseAddrPort("198.51.100.2:40000")
	camera  = home.MAC{0x02, 0, 0, 0, 0, 0x20}
)

func FuzzConntrack(f *testing.F) {
	f.Add(uint16(nl.MsgConntrackNew), uint16(nl.FlagCreate), nltest.Conntrack{Proto: 6, Src: client, Dst: server, ID: 1, TCP: 2, Counted: true}.Body())
	f.Add(uint16(nl.MsgConntrackDelete), uint16(0), nltest.Conntrack{Proto: 17, Src: client, Dst: server, ID: 1}.Body())
	f.Fuzz(func(t *testing.T, typ, flags uint16, body []byte) {
		k := offline(&recorder{})
		k.conntrackBatch(body, now0, typ&1 == 0)
		k.conntrackBatch(nltest.Datagram(typ, flags, body), now0, false)
		checkTable(t, k.table)
	})
}

func FuzzLog(f *testing.F) {
	ip := nltest.IP(home.ProtoTCP, client, server, 2, "")
	f.Add(nltest.Log(unix.AF_INET, 0x0800, 0x00090000, 4, camera, ip))
	f.Add(nltest.Log(nl.FamilyBridge, 0x0800, 0, 9, camera, nltest.IP(home.ProtoUDP, client, server, 0, "x")))
	f.Fuzz(func(t *testing.T, body []byte) {
		k := offline(&recorder{})
		for _, kind := range []logKind{routed, bridged, dropped} {
			r := k.reader(kind)
			r.batch(&r.packetForTest, body, now0)
			r.batch(&r.packetForTest, nltest.Datagram(nl.MsgLogPacket, 0, body), now0)
			checkTable(t, k.table)
		}
	})
}
