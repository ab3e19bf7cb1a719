package kernel

import (
	"net/netip"
	"testing"

	"cardea/gateway/capture/dissect"
	"cardea/home"

	"golang.org/x/sys/unix"
)

type nowhere struct{}

func (nowhere) Handle(*home.Event) {}

func BenchmarkDecodeConntrack(b *testing.B) {
	body := crafted{proto: 6, src: client, dst: server, id: 1, tcp: 3, withCounters: true}.body()
	var e ctEvent
	b.ReportAllocs()
	for b.Loop() {
		if !decodeConntrack(&e, msgCTNew, 0, body) {
			b.Fatal("broken")
		}
	}
}

func BenchmarkDecodeLog(b *testing.B) {
	body := craftLog(unix.AF_INET, 0x0800, 9<<16, 4, camera, craftIP(6, client, server, dissect.SYN, ""))
	var p logPacket
	b.ReportAllocs()
	for b.Loop() {
		if !decodeLog(&p, body) {
			b.Fatal("broken")
		}
	}
}

func BenchmarkDecodeNeighbor(b *testing.B) {
	body := append(make([]byte, unix.SizeofNdMsg), attr(unix.NDA_LLADDR, camera[:])...)
	var n neighMsg
	b.ReportAllocs()
	for b.Loop() {
		decodeNeigh(&n, body)
	}
}

// BenchmarkPacket is another first packet of a known flow, from the datagram to the dissector.
func BenchmarkPacket(b *testing.B) {
	k := offline(nowhere{})
	r := k.reader(routed)
	d := datagram(msgLogPacket, 0, craftLog(unix.AF_INET, 0x0800, 9<<16, 4, camera, craftIP(6, client, server, dissect.SYN, "")))
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
		c := crafted{proto: 6, src: netip.AddrPortFrom(client.Addr(), uint16(i+1)), dst: server, id: uint32(i + 1), tcp: 1, withCounters: true}
		log[i] = datagram(msgLogPacket, 0, craftLog(unix.AF_INET, 0x0800, 9<<16, 4, camera, craftIP(6, c.src, server, dissect.SYN, "")))
		begin[i] = datagram(msgCTNew, isNew, c.body())
		c.tcp = 3
		update[i] = datagram(msgCTNew, 0, c.body())
		end[i] = datagram(msgCTDelete, 0, c.body())
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
