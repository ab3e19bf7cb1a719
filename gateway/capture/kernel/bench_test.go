package kernel

import (
	"net/netip"
	"testing"

	"cardea/gateway/capture/dissect"
	"cardea/gateway/capture/kernel/nl"
	"cardea/gateway/capture/kernel/nl/nltest"
	"cardea/home"

	"golang.org/x/sys/unix"
)

type nowhere struct{}

func (nowhere) Handle(*home.Event) {}

func BenchmarkDecodeConntrack(b *testing.B) {
	body := nltest.Conntrack{Proto: 6, Src: client, Dst: server, ID: 1, TCP: 3, Counted: true}.Body()
	var e nl.Conntrack
	b.ReportAllocs()
	for b.Loop() {
		if !nl.DecodeConntrack(&e, nl.MsgConntrackNew, 0, body) {
			b.Fatal("broken")
		}
	}
}

func BenchmarkDecodeLog(b *testing.B) {
	body := nltest.Log(unix.AF_INET, 0x0800, 9<<16, 4, camera, nltest.IP(6, client, server, dissect.SYN, ""))
	var p nl.Log
	b.ReportAllocs()
	for b.Loop() {
		if !nl.DecodeLog(&p, body) {
			b.Fatal("broken")
		}
	}
}

func BenchmarkDecodeNeighbor(b *testing.B) {
	body := append(make([]byte, unix.SizeofNdMsg), nltest.Attr(unix.NDA_LLADDR, camera[:])...)
	var n nl.Neighbor
	b.ReportAllocs()
	for b.Loop() {
		nl.DecodeNeighbor(&n, body)
	}
}

// BenchmarkPacket is another first packet of a known flow, from the datagram to the dissector.
func BenchmarkPacket(b *testing.B) {
	k := offline(nowhere{})
	r := k.reader(routed)
	d := nltest.Datagram(nl.MsgLogPacket, 0, nltest.Log(unix.AF_INET, 0x0800, 9<<16, 4, camera, nltest.IP(6, client, server, dissect.SYN, "")))
	b.ReportAllocs()
	for b.Loop() {
		k.table.portOf(9, now0).tokens.tokens = 1
		r.batch(&r.packetForTest, d, now0)
	}
}

// BenchmarkLife is a whole flow: first packet, NEW, two UPDATEs, DESTROY; each of another tuple.
func BenchmarkLife(b *testing.B) {
	k := offline(nowhere{})
	r := k.reader(routed)
	var log, begin, update, end [256][]byte
	for i := range log {
		c := nltest.Conntrack{Proto: 6, Src: netip.AddrPortFrom(client.Addr(), uint16(i+1)), Dst: server, ID: uint32(i + 1), TCP: 1, Counted: true}
		log[i] = nltest.Datagram(nl.MsgLogPacket, 0, nltest.Log(unix.AF_INET, 0x0800, 9<<16, 4, camera, nltest.IP(6, c.Src, server, dissect.SYN, "")))
		begin[i] = nltest.Datagram(nl.MsgConntrackNew, isNew, c.Body())
		c.TCP = 3
		update[i] = nltest.Datagram(nl.MsgConntrackNew, 0, c.Body())
		end[i] = nltest.Datagram(nl.MsgConntrackDelete, 0, c.Body())
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		n := i % len(log)
		k.table.portOf(9, now0).tokens.tokens = 1
		r.batch(&r.packetForTest, log[n], now0)
		k.conntrackBatch(begin[n], now0, false)
		k.conntrackBatch(update[n], now0, false)
		k.conntrackBatch(update[n], now0, false)
		k.conntrackBatch(end[n], now0, false)
	}
	if k.table.used != 0 {
		b.Fatalf("%d flows left", k.table.used)
	}
}
