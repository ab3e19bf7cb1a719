package hello_test

import (
	"bufio"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"cardea/gateway/capture/dnsmsg"
	"cardea/gateway/capture/hello"
	"cardea/home"
	"cardea/internal/realdata"
)

// expected is a flow with a name in nDPI's results.
type expected struct {
	proto, name string
	a, b        netip.AddrPort
	http        bool
}

var flowLine = regexp.MustCompile(`^\t\d+\t(TCP|UDP) (\S+) (<->|->) (\S+) .*?\[proto: [0-9.]+/([^\]]+)\].*?\[Hostname/SNI: ([^\]]*)\]`)

// readExpected reads the flows with names of the protocols that are read here.
func readExpected(t *testing.T, path string) (list []expected) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	sc.Buffer(nil, 1<<20)
	for sc.Scan() {
		m := flowLine.FindStringSubmatch(sc.Text())
		if m == nil {
			continue
		}
		switch master, _, _ := strings.Cut(m[5], "."); master {
		case "TLS", "QUIC", "HTTP", "DNS", "DTLS":
			a, err1 := netip.ParseAddrPort(m[2])
			b, err2 := netip.ParseAddrPort(m[4])
			if err1 != nil || err2 != nil {
				t.Fatalf("%s: %s %s", path, m[2], m[4])
			}
			list = append(list, expected{proto: m[1], a: a, b: b, name: m[6], http: master == "HTTP"})
		}
	}
	if sc.Err() != nil {
		t.Fatal(sc.Err())
	}
	return list
}

type pair struct {
	proto string
	a, b  netip.AddrPort
}

func pairOf(proto string, a, b netip.AddrPort) pair {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return pair{proto, a, b}
}

// walker feeds the packets of a capture to a Namer and a Message, as a dissector does.
type walker struct {
	namer   *hello.Namer
	dns     dnsmsg.Message
	names   map[pair][]string
	agents  map[pair]bool
	ja4     map[pair][]string
	ids     map[uint64]pair
	packets int
}

func (w *walker) note(p pair, s string) {
	if s != "" && !slices.Contains(w.names[p], s) {
		w.names[p] = append(w.names[p], s)
	}
}

func (w *walker) found(p pair, ok bool, out *hello.Found) {
	if !ok {
		return
	}
	if out.Agent != "" {
		w.agents[p] = true
	}
	if out.JA4 != "" && !slices.Contains(w.ja4[p], out.JA4) {
		w.ja4[p] = append(w.ja4[p], out.JA4)
	}
	w.note(p, out.Host)
}

func (w *walker) packet(pk gopacket.Packet) {
	w.packets++
	var src, dst netip.Addr
	switch ip := pk.NetworkLayer().(type) {
	case *layers.IPv4:
		src, _ = netip.AddrFromSlice(ip.SrcIP)
		dst, _ = netip.AddrFromSlice(ip.DstIP)
	case *layers.IPv6:
		src, _ = netip.AddrFromSlice(ip.SrcIP)
		dst, _ = netip.AddrFromSlice(ip.DstIP)
	default:
		return
	}
	cut := pk.Metadata().Truncated || pk.Metadata().CaptureLength < pk.Metadata().Length
	var out hello.Found
	switch l := pk.TransportLayer().(type) {
	case *layers.TCP:
		a, b := netip.AddrPortFrom(src, uint16(l.SrcPort)), netip.AddrPortFrom(dst, uint16(l.DstPort))
		p, id := pairOf("TCP", a, b), home.FlowID(home.ProtoTCP, a, b)
		w.ids[id] = p
		ok := w.namer.TCP(id, l.Seq, l.SYN && !l.ACK, l.Payload, &out)
		w.found(p, ok || cut && w.namer.Finish(id, &out), &out)
		if l.DstPort == 53 || l.SrcPort == 53 {
			if msg, _, _ := dnsmsg.NextTCP(l.Payload); len(msg) > 0 && w.dns.Parse(msg) == nil {
				w.note(p, w.dns.Question)
			}
		}
	case *layers.UDP:
		a, b := netip.AddrPortFrom(src, uint16(l.SrcPort)), netip.AddrPortFrom(dst, uint16(l.DstPort))
		p, id := pairOf("UDP", a, b), home.FlowID(home.ProtoUDP, a, b)
		w.ids[id] = p
		ok := w.namer.UDP(id, uint16(l.DstPort), l.Payload, &out)
		w.found(p, ok || cut && w.namer.Finish(id, &out), &out)
		if l.DstPort == 53 || l.SrcPort == 53 {
			if w.dns.Parse(l.Payload) == nil {
				w.note(p, w.dns.Question)
			}
		}
	}
}

// walk reads a whole capture.
func walk(t *testing.T, path string) *walker {
	t.Helper()
	w := &walker{namer: hello.NewNamer(hello.Limits{}), names: map[pair][]string{}, agents: map[pair]bool{}, ja4: map[pair][]string{}, ids: map[uint64]pair{}}
	eachFrame(t, path, func(link layers.LinkType, data []byte, ci gopacket.CaptureInfo) {
		pk := gopacket.NewPacket(data, link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
		pk.Metadata().CaptureInfo = ci
		w.packet(pk)
	})
	var out hello.Found
	for id, p := range w.ids {
		w.found(p, w.namer.Finish(id, &out), &out)
	}
	return w
}

// eachFrame reads pcap and pcapng.
func eachFrame(t testing.TB, path string, f func(layers.LinkType, []byte, gopacket.CaptureInfo)) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := bufio.NewReader(file)
	var next func() ([]byte, gopacket.CaptureInfo, error)
	var link func() layers.LinkType
	if magic, _ := r.Peek(4); string(magic) == "\x0a\x0d\x0d\x0a" {
		ng, err := pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		next, link = ng.ReadPacketData, ng.LinkType
	} else {
		pc, err := pcapgo.NewReader(r)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		next, link = pc.ReadPacketData, pc.LinkType
	}
	for {
		data, ci, err := next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return
		}
		if err != nil {
			t.Logf("%s: %v", path, err)
			return
		}
		f(link(), data, ci)
	}
}

// TestNamesOfRealCaptures: at least 97 % of the names that nDPI found in flows of TLS, QUIC, HTTP and DNS.
func TestNamesOfRealCaptures(t *testing.T) {
	root := filepath.Join(realdata.Dir(t), "protocols")
	total, got, bare := 0, 0, 0
	for _, dir := range []string{"ndpi", "ordinary"} {
		outs, err := filepath.Glob(filepath.Join(root, dir+"-expected", "*.out"))
		if err != nil || len(outs) == 0 {
			t.Fatalf("no expected results in %s: %v", dir, err)
		}
		for _, out := range outs {
			name := strings.TrimSuffix(filepath.Base(out), ".out")
			want := readExpected(t, out)
			w := walk(t, filepath.Join(root, dir, name))
			for _, e := range want {
				p := pairOf(e.proto, e.a, e.b)
				host, ok := home.CleanName(hostOnly(e.name))
				switch {
				case ok:
					total++
					if slices.Contains(w.names[p], host) {
						got++
						continue
					}
				case isAddr(e.name): // no name: a bare address never is one here
					bare++
					continue
				}
				t.Logf("missing %s: %s %v %v %q (found %q)", name, e.proto, e.a, e.b, e.name, w.names[p])
				if !ok {
					total++
				}
			}
		}
	}
	t.Logf("%d of %d names, %.2f %%; %d bare addresses left out", got, total, 100*float64(got)/float64(total), bare)
	if total < 300 || got*100 < total*97 {
		t.Errorf("%d of %d names", got, total)
	}
}

func hostOnly(s string) string {
	if h, port, ok := strings.Cut(s, ":"); ok && !strings.Contains(port, ":") {
		return h
	}
	return s
}

func isAddr(s string) bool {
	_, err := netip.ParseAddr(strings.Trim(hostOnly(s), "[]"))
	return err == nil
}

// TestHandshakeCaptures walks the captures that come without expected results; the names are tshark's.
func TestHandshakeCaptures(t *testing.T) {
	root := filepath.Join(realdata.Dir(t), "protocols", "ja4")
	for file, name := range map[string]string{
		"badcurveball.pcap":                          "bad.curveballtest.com",
		"browsers-x509.pcapng":                       "edge.microsoft.com",
		"chrome-cloudflare-quic-with-secrets.pcapng": "cloudflare-quic.com",
		"http1-with-cookies.pcapng":                  "localhost",
		"http1.pcapng":                               "connectivitycheck.gstatic.com",
		"latest.pcapng":                              "app.slack.com",
		"macos_tcp_flags.pcap":                       "venarisecurity.com",
		"quic-tls-handshake.pcapng":                  "www.google.com",
		"quic-with-several-tls-frames.pcapng":        "ogs.google.com",
		"tls-handshake.pcapng":                       "accounts.google.com",
		"tls-non-ascii-alpn.pcapng":                  "clientservices.googleapis.com",
		"tls-sni.pcapng":                             "accounts.google.com",
		"tls12.pcap":                                 "contile.services.mozilla.com",
	} {
		w := walk(t, filepath.Join(root, file))
		var all []string
		for _, list := range w.names {
			all = append(all, list...)
		}
		if !slices.Contains(all, name) {
			t.Errorf("%s: %s is missing in %q", file, name, all)
		}
		if s := w.namer.Stats(); s.Flows != 0 || s.Bytes != 0 {
			t.Errorf("%s: left over %+v", file, s)
		}
	}
}
