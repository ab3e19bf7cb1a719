package dnsmsg_test

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/miekg/dns"

	"cardea/gateway/capture/dnsmsg"
	"cardea/home"
	"cardea/internal/realdata"
)

// eachDatagram gives the UDP payloads of the real captures kept outside the repository.
func eachDatagram(t *testing.T, f func(file string, src, dst uint16, payload []byte)) {
	t.Helper()
	dir := realdata.Dir(t)
	files, err := filepath.Glob(filepath.Join(dir, "protocols", "*", "*.pcap*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	for _, path := range files {
		if filepath.Ext(path) == ".out" {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		next, link := open(t, file)
		for {
			data, _, err := next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					t.Logf("%s: %v", path, err)
				}
				break
			}
			p := gopacket.NewPacket(data, link(), gopacket.DecodeOptions{Lazy: true, NoCopy: true})
			if u, ok := p.TransportLayer().(*layers.UDP); ok {
				f(filepath.Base(path), uint16(u.SrcPort), uint16(u.DstPort), u.Payload)
			}
		}
		file.Close()
	}
}

func open(t *testing.T, file io.Reader) (func() ([]byte, gopacket.CaptureInfo, error), func() layers.LinkType) {
	r := bufio.NewReader(file)
	if magic, _ := r.Peek(4); string(magic) == "\x0a\x0d\x0d\x0a" {
		ng, err := pcapgo.NewNgReader(r, pcapgo.DefaultNgReaderOptions)
		if err != nil {
			t.Fatal(err)
		}
		return ng.ReadPacketData, ng.LinkType
	}
	pc, err := pcapgo.NewReader(r)
	if err != nil {
		t.Fatal(err)
	}
	return pc.ReadPacketData, pc.LinkType
}

// TestAgreesWithAnotherParser compares every DNS and LLMNR message of the real captures with what miekg/dns reads.
func TestAgreesWithAnotherParser(t *testing.T) {
	n := 0
	var m dnsmsg.Message
	eachDatagram(t, func(file string, src, dst uint16, b []byte) {
		if src != 53 && dst != 53 && src != 5355 && dst != 5355 {
			return
		}
		var ref dns.Msg
		if ref.Unpack(b) != nil || len(ref.Question) == 0 {
			return
		}
		n++
		if err := m.Parse(b); err != nil {
			t.Errorf("%s: %v for %v", file, err, ref.Question)
			return
		}
		question, _ := home.CleanName(ref.Question[0].Name)
		names, addrs := 0, []string(nil)
		for _, rr := range ref.Answer {
			switch rr := rr.(type) {
			case *dns.CNAME:
				names++
			case *dns.A:
				addrs = append(addrs, rr.A.String())
			case *dns.AAAA:
				addrs = append(addrs, rr.AAAA.String())
			}
		}
		var got []string
		for _, a := range m.Addrs {
			got = append(got, a.Unmap().String())
		}
		if m.Question != question || m.Type != ref.Question[0].Qtype || len(m.Names) != names || !slices.Equal(got, addrs) ||
			int(m.Rcode) != ref.Rcode&15 {
			t.Errorf("%s: %q %d %q %v; want %v", file, m.Question, m.Type, m.Names, got, ref.String())
		}
	})
	t.Logf("%d messages", n)
	if n < 200 {
		t.Errorf("only %d messages", n)
	}
}

// TestNamesOnTheLink: what nDPI names in mDNS and NetBIOS flows of its own captures is found here.
func TestNamesOnTheLink(t *testing.T) {
	seen := map[string][]string{}
	note := func(file, s string) {
		if s = strings.ToLower(s); s != "" && !slices.Contains(seen[file], s) {
			seen[file] = append(seen[file], s)
		}
	}
	var m dnsmsg.Message
	var nb dnsmsg.NetBIOS
	eachDatagram(t, func(file string, src, dst uint16, b []byte) {
		switch {
		case dst == 5353 && m.ParseMulticast(b) == nil:
			for _, list := range [][]string{m.Hosts, m.Instances, m.Services, m.Asked} {
				for _, s := range list {
					note(file, s)
				}
			}
		case dst == 137 && dnsmsg.ParseNetBIOS(b, &nb), dst == 138 && dnsmsg.ParseNetBIOSDatagram(b, &nb):
			note(file, nb.Name)
		}
	})
	for _, s := range []string{"xstream_hy", "ozi", "*", "nvr9", "bowie", "muli", "gunnar", "guru"} {
		if !slices.Contains(seen["netbios.pcap"], s) {
			t.Errorf("netbios.pcap: %q is missing in %q", s, seen["netbios.pcap"])
		}
	}
	for _, f := range []string{"android.pcap", "iphone.pcap"} {
		t.Logf("%s: %q", f, seen[f])
		if len(seen[f]) == 0 {
			t.Errorf("%s: nothing announced", f)
		}
	}
}
