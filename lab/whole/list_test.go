package whole

import (
	"bufio"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"cardea/home"
	"cardea/lab"
	"cardea/lab/device"
	"cardea/lab/frame"
	"cardea/lab/plan"
)

// A restart with a million listed addresses: no packet to one of them passes, none of the quarantined device leaks, everybody
// else goes on.
func TestRestartWithAMillionIndicators(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 41}, config: "  automatic: false\n", first: func(w *world) error {
		if err := million(w); err != nil {
			return err
		}
		return w.start()
	}})
	began := time.Now()
	c := w.chatter(camera, laptop)
	calls := w.calls(phone, listed)
	w.eventually("the list is in force", func() bool { return w.status().Indicators >= 1_000_000 })
	calls.refused(w)
	w.t.Logf("the kernel refuses the listed address %v after the home was up", time.Since(began).Round(time.Millisecond))
	w.quarantine(camera)
	leaks, called := c.mark(), calls.arrived.count()
	long := w.talk(laptop, false)
	names := w.sticky(laptop, false)
	for _, how := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		w.agent.end(how)
		long.says(w, "without an agent")
		names.works(w, plan.VideoName, "without an agent")
		w.must(w.launch())
		w.must(w.ready())
		names.works(w, plan.VideoName, "with the next agent")
		w.eventually("the list is known again", func() bool { return w.status().Indicators >= 1_000_000 })
		w.inForce(camera, home.ModeQuarantine)
	}
	sent := calls.sent.Load()
	w.eventually("the device goes on calling", func() bool { return calls.sent.Load() > sent+100 })
	c.silent(w, leaks, "over two restarts")
	if n := calls.arrived.count() - called; n != 0 {
		t.Errorf("%d packets reached a listed address over two restarts", n)
	}
	long.says(w, "after all")
	w.online(laptop, phone)
	w.alive()
	w.agent.end(syscall.SIGKILL) // asked to end, it would first dump the kernel's set to its end: 12 s
}

// listed is on the list that million writes, in its midst.
var listed = netip.MustParseAddr("198.18.255.253")

// million writes a list of a million addresses of the internet.
func million(*world) error {
	dir := filepath.Join(lab.Lists, "malware")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "million.ips"))
	if err != nil {
		return err
	}
	defer f.Close()
	out := bufio.NewWriter(f)
	for i := range uint32(1_000_000) {
		v := 0x2d000000 + i*53 // 45.0.0.0 and up
		fmt.Fprintf(out, "%d.%d.%d.%d\n", v>>24, byte(v>>16), byte(v>>8), byte(v))
		if i == 500_000 {
			fmt.Fprintln(out, listed)
		}
	}
	return out.Flush()
}

// refused waits until nothing that is sent arrives any more. (Asking nft for the address makes it dump the whole set: minutes.)
func (c *calls) refused(w *world) {
	w.t.Helper()
	w.eventually("the kernel refuses the listed address", func() bool {
		sent, arrived := c.sent.Load(), c.arrived.count()
		time.Sleep(300 * time.Millisecond)
		return c.sent.Load() > sent+10 && c.arrived.count() == arrived
	})
}

// calls is a device that tries new connections to one address all the time.
type calls struct {
	arrived *tap
	sent    atomic.Uint64
}

func (w *world) calls(from string, to netip.Addr) *calls {
	w.t.Helper()
	a := w.info(from)
	s, err := w.home.Space(from)
	w.must(err)
	raw, err := frame.Open(s, device.Iface, nil)
	w.must(err)
	c := &calls{arrived: w.tap("internet", "home0", frame.KeepTo(64, []netip.Prefix{netip.PrefixFrom(to, 32)}))}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // ends with stop
		defer close(done)
		for port := uint16(1024); ; port++ {
			select {
			case <-stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			f := frame.SYN(a.Now, w.home.Plan.LAN.MAC, netip.AddrPortFrom(a.IPv4, 1024+port%60000), netip.AddrPortFrom(to, 443), uint32(port))
			if _, err := raw.Write(f); err == nil {
				c.sent.Add(1)
			}
		}
	}()
	w.t.Cleanup(func() { close(stop); <-done; raw.Close() })
	return c
}
