package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"cardea/gateway/capture/dissect"
	"cardea/home"
	"cardea/internal/realdata"
)

// discard counts events and keeps nothing.
type discard struct{ n int }

func (d *discard) Handle(*home.Event) { d.n++ }

// traffic makes frames of `flows` TCP and UDP flows of 13 packets each, 64 of them at a time and interleaved: a handshake,
// data both ways, an end. No two flows share their 5-tuple.
func traffic(flows int) (frames [][]byte) {
	r := rand.New(rand.NewPCG(1, 2))
	const together = 64
	for first := 0; first < flows; first += together {
		group := make([][][]byte, 0, together)
		for i := first; i < min(first+together, flows); i++ {
			group = append(group, conversation(r, i))
		}
		for step := range 13 {
			for _, g := range group {
				if step < len(g) {
					frames = append(frames, g[step])
				}
			}
		}
	}
	return frames
}

func conversation(r *rand.Rand, i int) [][]byte {
	client := netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 168, byte(i % 4), byte(2 + i%200)}), uint16(20000+i%40000))
	server := netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(20 + i%60), byte(r.Uint32()), byte(r.Uint32()), byte(i)}), 443)
	data := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32()) | 0x80
		}
		return b
	}
	var out [][]byte
	if i%3 == 0 {
		for k := range 13 {
			if k%2 == 0 {
				out = append(out, udpFrame(client, server, data(60+k*20)))
			} else {
				out = append(out, udpFrame(server, client, data(300+k*50)))
			}
		}
		return out
	}
	seq, ack := r.Uint32(), r.Uint32()
	up := func(flags uint8, b []byte) {
		out = append(out, tcpFrame(client, server, seq, ack, flags, b))
		seq += uint32(len(b))
	}
	down := func(flags uint8, b []byte) {
		out = append(out, tcpFrame(server, client, ack, seq, flags, b))
		ack += uint32(len(b))
	}
	up(dissect.SYN, nil)
	down(dissect.SYN|dissect.ACK, nil)
	up(dissect.ACK, nil)
	up(dissect.ACK|dissect.PSH, data(400))
	for range 3 {
		down(dissect.ACK, data(1200))
		up(dissect.ACK, nil)
	}
	down(dissect.FIN|dissect.ACK, nil)
	up(dissect.FIN|dissect.ACK, nil)
	down(dissect.ACK, nil)
	return out
}

// pcapOf writes frames as a pcap file, `gap` apart.
func pcapOf(link dissect.LinkType, gap time.Duration, frames ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, magicMicro)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(link))
	at := time.Unix(1_700_000_000, 0)
	for _, f := range frames {
		b = binary.LittleEndian.AppendUint32(b, uint32(at.Unix()))
		b = binary.LittleEndian.AppendUint32(b, uint32(at.Nanosecond()/1000))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
		at = at.Add(gap)
	}
	return b
}

// BenchmarkReplay is the whole of a replay, per packet: file, frame, flow table, dissector; new 5-tuples all the time.
func BenchmarkReplay(b *testing.B) {
	file := pcapOf(dissect.LinkEthernet, 50*time.Microsecond, traffic(20000)...)
	b.ReportAllocs()
	packets, before := 0, cpu(b)
	for b.Loop() {
		s, err := Replay(context.Background(), bytes.NewReader(file), &discard{}, Options{})
		if err != nil {
			b.Fatal(err)
		}
		packets += int(s.Packets)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(packets), "ns/packet")
	b.ReportMetric(float64(packets)/(cpu(b)-before), "packets/cpu-s")
}

// cpu is the processor time in seconds that this process has used: what others on the machine do does not count.
func cpu(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// BenchmarkPacket is one packet through parser, flow table and dissector in the steady state, where nothing is allocated.
func BenchmarkPacket(b *testing.B) {
	frames := traffic(20000)
	d := dissect.New(&discard{})
	p := &player{sink: &discard{}, dissector: d, table: newTable(&discard{}, d.Finish, DefaultMaxFlows)}
	at := time.Unix(1_700_000_000, 0)
	play := func(i int) {
		f := frame{time: at, wire: uint32(len(frames[i])), link: dissect.LinkEthernet, data: frames[i]}
		at = at.Add(50 * time.Microsecond)
		p.frame(&f)
	}
	for i := range frames { // tables grow to their size
		play(i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i++; i == len(frames) {
			i = 0
		}
		play(i)
	}
}

// BenchmarkRealCaptures plays real captures: many small ones, so that making the tables weighs more than in a long file.
func BenchmarkRealCaptures(b *testing.B) {
	dir := realdata.Dir(b)
	paths, err := filepath.Glob(filepath.Join(dir, "protocols", "ordinary", "*.pcap*"))
	if err != nil {
		b.Fatal(err)
	}
	var files [][]byte
	for _, p := range paths {
		f, err := os.ReadFile(p)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, f)
	}
	b.ReportAllocs()
	packets := 0
	for b.Loop() {
		for _, f := range files {
			s, err := Replay(context.Background(), bytes.NewReader(f), &discard{}, Options{})
			if err != nil {
				b.Fatal(err)
			}
			packets += int(s.Packets)
		}
	}
	b.ReportMetric(float64(packets)/b.Elapsed().Seconds(), "packets/s")
}
