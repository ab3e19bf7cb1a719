package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"strconv"

	"cardea/gateway/resolve"
	"cardea/home"
	"cardea/intel"
)

// DNSServerMain makes this process the resolver under test and does not return, when it was started as that by DNS;
// otherwise it does nothing. It reads the list, prints its address on standard output and serves until standard input
// is closed.
func DNSServerMain() {
	text := os.Getenv(dnsChildEnv)
	if text == "" {
		return
	}
	if err := dnsServe(text); err != nil {
		fmt.Fprintln(os.Stderr, "DNS server under test:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func dnsServe(text string) error {
	var c dnsChild
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return err
	}
	set, err := dnsCompile(c.List)
	if err != nil {
		return err
	}
	debug.SetGCPercent(25) // memory is dearer than time on a gateway, and nothing is allocated for most queries
	debug.FreeOSMemory()
	r, err := resolve.New(resolve.Config{
		Addrs:     []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")},
		Upstreams: []resolve.Upstream{{Proto: "udp", Addrs: []netip.Addr{c.Upstream.Addr()}, Port: c.Upstream.Port()}},
		// all load comes from one address
		ClientRate: -1, ClientFlights: 1024,
	}, dnsDecider{set}, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-r.Ready():
	case err := <-done:
		return err
	}
	fmt.Println(r.Bound()[0])
	_, err = io.Copy(io.Discard, os.Stdin) // until who measures closes it
	cancel()
	return errors.Join(err, <-done)
}

// dnsCompile reads the list as the agent would.
func dnsCompile(path string) (*intel.Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := intel.NewBuilder()
	if _, err := intel.Read(f, intel.List{Source: "bench", Format: intel.FormatDnsmasq}, func(l *intel.List, e intel.Entry) intel.Reason { return b.Add(l, e) }); err != nil {
		return nil, err
	}
	return b.Build(), nil
}

// dnsDecider blocks what is listed.
type dnsDecider struct{ set *intel.Set }

func (d dnsDecider) Name(_ netip.Addr, name string) home.Verdict {
	if m, ok := d.set.Find(name); ok {
		return home.Verdict{Action: home.Block, Reason: m.Class.Source}
	}
	return home.Verdict{Action: home.Allow}
}

func (d dnsDecider) Answer(c netip.Addr, _ string, cnames []string, addrs []netip.Addr) home.Verdict {
	for _, n := range cnames {
		if v := d.Name(c, n); v.Action == home.Block {
			return v
		}
	}
	for _, a := range addrs {
		if m, ok := d.set.FindAddr(netip.AddrPortFrom(a, 0)); ok {
			return home.Verdict{Action: home.Block, Reason: m.Class.Source}
		}
	}
	return home.Verdict{Action: home.Allow}
}

// dnsListed is the i-th name of the list: of many lengths, under several suffixes, none a parent of another.
func dnsListed(i int) string {
	suffixes := [...]string{"com", "net", "org", "info", "co.uk", "ru", "xyz", "top"}
	h := (uint64(i) + 1) * 0x9e3779b97f4a7c15
	name := strconv.FormatUint(h>>(h&15), 36) + "-" + strconv.Itoa(i)
	if h>>32&3 == 0 {
		name = "ads." + name
	}
	return name + "." + suffixes[h>>40&7]
}
