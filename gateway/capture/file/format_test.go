package file

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cardea/gateway/capture/dissect"
	"cardea/home"
)

var probe = udpFrame(netip.MustParseAddrPort("192.168.1.20:40000"), netip.MustParseAddrPort("198.51.100.7:9"), []byte("twelve bytes"))

// ngFile builds pcapng files.
type ngFile struct {
	order binary.AppendByteOrder
	b     []byte
}

func (f *ngFile) u16(v int) []byte    { return f.order.AppendUint16(nil, uint16(v)) }
func (f *ngFile) u32(v uint32) []byte { return f.order.AppendUint32(nil, v) }

func (f *ngFile) block(typ uint32, parts ...[]byte) {
	body := bytes.Join(parts, nil)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	n := f.u32(uint32(len(body) + 12))
	f.b = append(append(append(append(f.b, f.u32(typ)...), n...), body...), n...)
}

func (f *ngFile) section(major int) {
	f.block(blockSection, f.u32(byteOrderMagic), f.u16(major), f.u16(0), bytes.Repeat([]byte{0xff}, 8))
}

func (f *ngFile) iface(link dissect.LinkType, snap uint32, options ...[]byte) {
	f.block(blockInterface, f.u16(int(link)), f.u16(0), f.u32(snap), bytes.Join(options, nil))
}

func (f *ngFile) option(code int, v ...byte) []byte {
	b := append(append(f.u16(code), f.u16(len(v))...), v...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func (f *ngFile) packet(id uint32, units uint64, frame []byte) {
	f.block(blockPacket, f.u32(id), f.u32(uint32(units>>32)), f.u32(uint32(units)), f.u32(uint32(len(frame))), f.u32(uint32(len(frame))), frame)
}

// rich has two sections, each with its own interfaces, and all kinds of packet blocks.
func rich(order binary.AppendByteOrder) []byte {
	f := &ngFile{order: order}
	const sec, micro, nano = 1_600_000_000, 1_000_000, 1_000_000_000
	f.section(1)
	f.iface(dissect.LinkEthernet, 0, f.option(2, 'e', 't', 'h'), f.option(9, 6), f.option(0))
	f.iface(dissect.LinkRaw, 65535, f.option(9, 9), f.option(14, f.order.AppendUint64(nil, 100)...))
	f.block(5, make([]byte, 20)) // interface statistics
	f.packet(0, sec*micro+1, probe)
	f.packet(1, (sec-100)*nano+2000, probe[14:])
	f.block(blockOldPacket, f.u16(0), f.u16(0), f.u32(uint32((sec*micro+3)>>32)), f.u32(uint32((sec*micro+3)&0xffffffff)),
		f.u32(uint32(len(probe))), f.u32(uint32(len(probe))), probe)
	f.block(blockSimple, f.u32(uint32(len(probe))), probe)
	f.section(9) // from the future: passed over
	f.packet(77, 0, probe)
	f.section(1)
	f.iface(dissect.LinkRaw, 30, f.option(9, 0x80|20))
	f.packet(0, sec<<20|1<<19, probe[14:])
	f.block(blockSimple, f.u32(uint32(len(probe)-14)), probe[14:44])
	return f.b
}

func TestPcapng(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		var times []time.Time
		flows := 0
		s, err := Replay(context.Background(), bytes.NewReader(rich(order)), sinkFunc(func(e *home.Event) {
			if e.Kind == home.EventFlow && e.Flow.State == home.FlowEnd {
				flows++
				times = append(times, e.Flow.Start)
			}
		}), Options{})
		n := uint64(len(probe))
		if err != nil || s.Packets != 6 || s.Bytes != 6*n-3*14 || s.Truncated != 1 || s.Malformed+s.Other != 0 || flows != 1 {
			t.Errorf("%v: %v %+v, %d flows", order, err, s, flows)
		}
		if first := time.Unix(1_600_000_000, 1000).UTC(); !s.First.Equal(first) || !times[0].Equal(first) {
			t.Errorf("%v: first packet at %v, %v", order, s.First, times)
		}
		if last := time.Unix(1_600_000_000, 5e8).UTC(); !s.Last.Equal(last) {
			t.Errorf("%v: last packet at %v, want %v", order, s.Last, last)
		}
	}
}

func TestTimeResolutions(t *testing.T) {
	for _, c := range []struct {
		i     iface
		units uint64
		want  string
	}{
		{iface{res: 6}, 1_600_000_000_000_001, "2020-09-13T12:26:40.000001Z"},
		{iface{res: 0}, 1_600_000_000, "2020-09-13T12:26:40Z"},
		{iface{res: 3, offset: 1_600_000_000}, 1500, "2020-09-13T12:26:41.5Z"},
		{iface{res: 12}, 1_600_000_000_500_000, "1970-01-01T00:26:40.0000005Z"},
		{iface{res: 0x80 | 1}, 3, "1970-01-01T00:00:01.5Z"},
		{iface{res: 0x80}, 2, "1970-01-01T00:00:02Z"},
		{iface{res: 0xff}, 1 << 63, "1970-01-01T00:00:00Z"},
		{iface{res: 99}, 1 << 63, "1970-01-01T00:00:00Z"},
		{iface{res: 0}, 1<<64 - 1, "9999-12-31T23:59:59Z"},
		{iface{res: 0, offset: -1 << 63}, 5, "1970-01-01T00:00:00Z"},
		{iface{res: 0, offset: 1<<63 - 1}, 1<<64 - 1, "9999-12-31T23:59:59Z"},
	} {
		if got := c.i.time(c.units).Format(time.RFC3339Nano); got != c.want {
			t.Errorf("%+v %d: %s, want %s", c.i, c.units, got, c.want)
		}
	}
}

// pcapAs writes one packet in a variant of the classic format.
func pcapAs(order binary.AppendByteOrder, magic uint32, frac uint32) []byte {
	b := order.AppendUint32(nil, magic)
	b = append(b, make([]byte, 16)...)
	b = order.AppendUint32(b, 1|4<<28) // Ethernet, with an FCS length above
	for _, v := range []uint32{1_600_000_000, frac, uint32(len(probe)), uint32(len(probe)) + 10} {
		b = order.AppendUint32(b, v)
	}
	if magic == magicKuznetzov {
		b = append(b, make([]byte, 8)...)
	}
	return append(b, probe...)
}

func TestPcapVariants(t *testing.T) {
	want := time.Unix(1_600_000_000, 5000).UTC()
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		for magic, frac := range map[uint32]uint32{magicMicro: 5, magicNano: 5000, magicKuznetzov: 5} {
			file := pcapAs(order, magic, frac)
			var zipped bytes.Buffer
			z := gzip.NewWriter(&zipped)
			if _, err := z.Write(file); err != nil || z.Close() != nil {
				t.Fatal(err)
			}
			for _, b := range [][]byte{file, zipped.Bytes()} {
				s, err := Replay(context.Background(), bytes.NewReader(b), &discard{}, Options{})
				if err != nil || s.Packets != 1 || s.Truncated != 1 || s.Bytes != uint64(len(probe))+10 || !s.First.Equal(want) {
					t.Errorf("%v %x: %v %+v", order, magic, err, s)
				}
			}
		}
	}
}

// Broken files: what was readable is delivered, then one error that names the byte.
func TestBrokenFiles(t *testing.T) {
	good := pcapOf(dissect.LinkEthernet, time.Second, probe, probe)
	record := 16 + len(probe)
	ng := func(f func(*ngFile)) []byte {
		n := &ngFile{order: binary.LittleEndian}
		n.section(1)
		n.iface(dissect.LinkEthernet, 0)
		n.packet(0, 0, probe)
		f(n)
		return n.b
	}
	sound := len(ng(func(*ngFile) {}))
	huge := bytes.Clone(good)
	binary.LittleEndian.PutUint32(huge[24+record+8:], 1<<31)
	for name, c := range map[string]struct {
		file    []byte
		packets uint64
		offset  int
		says    string
	}{
		"empty":                {nil, 0, 0, "empty"},
		"text":                 {[]byte("hello, this is no capture"), 0, 0, "neither pcap nor pcapng"},
		"two bytes":            {good[:2], 0, 0, "file header"},
		"half a file header":   {good[:20], 0, 0, "file header"},
		"half a record header": {good[:24+record+7], 1, 24 + record, "packet's header: 7 of 16"},
		"half a packet":        {good[:len(good)-1], 1, 24 + record, "within a packet"},
		"a huge packet":        {huge, 1, 24 + record, "cannot be"},
		"half a block header":  {ng(func(f *ngFile) { f.b = append(f.b, 6, 0, 0) }), 1, sound, "block's header: 3 of 12"},
		"a block of no length": {ng(func(f *ngFile) { f.b = append(f.b, make([]byte, 12)...) }), 1, sound, "length of 0 bytes"},
		"an odd block": {ng(func(f *ngFile) {
			f.b = append(f.b, f.u32(9)...)
			f.b = append(f.b, f.u32(13)...)
			f.b = append(f.b, 0, 0, 0, 0, 0)
		}), 1, sound, "length of 13"},
		"a block beyond the end": {ng(func(f *ngFile) { f.block(99, make([]byte, 100)); f.b = f.b[:len(f.b)-50] }), 1, sound + 62, "50 bytes are missing"},
		"an unknown interface":   {ng(func(f *ngFile) { f.packet(1, 0, probe) }), 1, sound, "interface 1"},
		"a packet beyond its block": {ng(func(f *ngFile) { f.packet(0, 0, probe); f.order.AppendUint32(f.b[:sound+20], 9999) }), 1, sound,
			"9999 bytes in a block"},
		"many interfaces": {ng(func(f *ngFile) {
			for range maxInterfaces {
				f.iface(1, 0)
			}
		}), 1, sound + (maxInterfaces-1)*20, "interfaces"},
		"a section without magic": {ng(func(f *ngFile) { f.block(blockSection, make([]byte, 16)) }), 1, sound, "byte-order"},
		"broken gzip":             {[]byte{0x1f, 0x8b, 0, 0, 1}, 0, 0, "gzip"},
	} {
		l := &ledger{t: t, open: map[uint64]home.FlowState{}}
		s, err := Replay(context.Background(), bytes.NewReader(c.file), l, Options{})
		var broken *FormatError
		if !errors.As(err, &broken) || broken.Offset != int64(c.offset) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want byte %d and %q", name, err, c.offset, c.says)
		}
		if s.Packets != c.packets || l.packets != c.packets || len(l.open) != 0 {
			t.Errorf("%s: %d packets delivered, want %d; %d flows open", name, l.packets, c.packets, len(l.open))
		}
	}
}

// A file may end anywhere.
func TestEveryCut(t *testing.T) {
	for _, file := range [][]byte{rich(binary.LittleEndian), rich(binary.BigEndian), pcapOf(1, time.Second, probe, probe, probe)} {
		before := uint64(0)
		for n := range file {
			s, err := Replay(context.Background(), bytes.NewReader(file[:n]), &discard{}, Options{MaxFlows: 8})
			var broken *FormatError
			if err != nil && !errors.As(err, &broken) || s.Packets < before {
				t.Fatalf("cut at %d: %d packets, %v", n, s.Packets, err)
			}
			before = s.Packets
		}
	}
}

// failing gives some bytes, then an error of its own.
type failing struct{ r *bytes.Reader }

func (f failing) Read(b []byte) (int, error) {
	n, err := f.r.Read(b)
	if err != nil {
		err = fs.ErrClosed
	}
	return n, err
}

func TestReadErrorsCancelAndProgress(t *testing.T) {
	var frames [][]byte
	for range 3000 {
		frames = append(frames, probe)
	}
	file := pcapOf(1, time.Millisecond, frames...)
	s, err := Replay(context.Background(), failing{bytes.NewReader(file)}, &discard{}, Options{})
	if !errors.Is(err, fs.ErrClosed) || s.Packets != 3000 {
		t.Errorf("%v after %d packets", err, s.Packets)
	}
	if _, err := Replay(context.Background(), failing{bytes.NewReader(nil)}, &discard{}, Options{}); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	last := int64(0)
	s, err = Replay(ctx, bytes.NewReader(file), &discard{}, Options{Progress: func(n int64) {
		if n < last || n > int64(len(file)) {
			t.Errorf("progress %d after %d of %d", n, last, len(file))
		}
		last = n
		cancel()
	}})
	if !errors.Is(err, context.Canceled) || s.Packets != 2*progressEvery || last == 0 {
		t.Errorf("%v after %d packets, progress %d", err, s.Packets, last)
	}
}

// FuzzReplay: any bytes end with statistics or one error that names a byte; every flow that began ends.
func FuzzReplay(f *testing.F) {
	f.Add(rich(binary.LittleEndian))
	f.Add(rich(binary.BigEndian))
	f.Add(pcapAs(binary.BigEndian, magicKuznetzov, 1))
	f.Add(pcapOf(dissect.LinkEthernet, time.Hour, tcpFrame(cam, server, 1, 0, syn, nil), tcpFrame(server, cam, 1, 0, rst, nil)))
	if dir := os.Getenv("CARDEA_DATA"); dir != "" { // real captures, small and strange ones
		paths, err := filepath.Glob(filepath.Join(dir, "robustness", "*", "*.pcap*"))
		if err != nil {
			f.Fatal(err)
		}
		for _, p := range paths {
			if b, err := os.ReadFile(p); err == nil && len(b) < 8<<10 {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		l := &ledger{t: t, open: map[uint64]home.FlowState{}}
		s, err := Replay(context.Background(), bytes.NewReader(b), l, Options{MaxFlows: 4})
		var broken *FormatError
		if err != nil && !errors.As(err, &broken) {
			t.Fatal(err)
		}
		if len(l.open) != 0 || l.packets > s.Packets || l.most > 4 {
			t.Fatal(fmt.Sprint(s, l))
		}
	})
}
