// Package record lets real clients (DHCP clients, avahi, curl, UPnP tools) do what devices do, in the namespaces of a lab home,
// and records what crosses their port of the bridge, as capture files. From these the tests show what the agent makes of
// programs that nobody here wrote: go test ./lab/record -record makes the files anew, and -update, in a second run, what is
// told of them. It imports lab and its rooms, never the agent. A House owns its home, a Stage its cables and programs.
package record

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"cardea/home"
	"cardea/lab"
	"cardea/lab/device"
	"cardea/lab/plan"
	"cardea/lab/space"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Scenario is what one client does, alone or with a peer.
type Scenario struct {
	Name   string // of its file too
	Words  string // what happens, in a sentence
	Needs  []string
	Router bool // the router is of interest too
	run    func(ctx context.Context, s *Stage) error
}

// Scenarios are all of them. Those with the router's UPnP are to be played one after the other. Those that change the router for the others come last.
func Scenarios() []Scenario {
	var all []Scenario
	for _, list := range [][]Scenario{leasing, naming, browsing, loggingIn, oldTLS, mapping} {
		all = append(all, list...)
	}
	return all
}

// House is a lab home in which nothing is switched on but the router.
type House struct {
	*lab.Home
	upnp bool // the router's UPnP runs
}

// Plan is the home of all recordings: the seed makes its addresses the same in each.
var Plan = plan.Options{Seed: 44, Devices: plan.MinDevices}

// Open builds the home. It gives the namespace's machine another name, so that no client tells the real one; call lab.Enter
// before it.
func Open(ctx context.Context) (*House, error) {
	if err := unix.Sethostname([]byte("lab")); err != nil {
		return nil, fmt.Errorf("record: name the machine: %w", err)
	}
	h, err := lab.Up(ctx, lab.Options{Options: Plan})
	if err != nil {
		return nil, err
	}
	for _, d := range h.Devices() {
		if err := h.PowerOff(d.Name); err != nil {
			return nil, errors.Join(err, h.Close())
		}
	}
	return &House{Home: h}, nil
}

// patience bounds a scenario on a busy machine.
const patience = 15 * time.Second

// Record plays a scenario and returns what crossed the client's port.
func (h *House) Record(ctx context.Context, c Scenario) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	s, err := h.stage(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("record %s: %w", c.Name, err)
	}
	err = c.run(ctx, s)
	s.end()
	pcap, tapErr := s.tap.finish(ctx)
	if err := errors.Join(err, tapErr); err != nil {
		return nil, fmt.Errorf("record %s: %w", c.Name, err)
	}
	return pcap, nil
}

// MACs are the addresses of those who take part in a scenario: client, peer and router.
func MACs(p *plan.Plan, name string) map[string]home.MAC {
	return map[string]home.MAC{
		"client": p.SwitchMAC("foreign " + name),
		"peer":   p.SwitchMAC("foreign " + name + peerSuffix),
		"router": p.LAN.MAC,
	}
}

const peerSuffix = "-peer"

// Stage is where one scenario is played.
type Stage struct {
	house    *House
	name     string
	client   *lab.Foreign
	peer     *lab.Foreign // nil until somebody calls Peer
	tap      *tap
	programs []*program
	closers  []func()
}

// program is one that runs until the stage ends.
type program struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

func (h *House) stage(ctx context.Context, c Scenario) (*Stage, error) {
	for _, p := range append([]string{"busybox"}, c.Needs...) {
		if _, err := exec.LookPath(p); err != nil {
			return nil, fmt.Errorf("%w: run tools/install-deps", err)
		}
	}
	s := &Stage{house: h, name: c.Name}
	var err error
	if s.client, err = h.AddForeign(c.Name); err != nil {
		return nil, err
	}
	gateway, err := h.Space("gateway")
	if err != nil {
		return nil, err
	}
	if s.tap, err = newTap(gateway, s.client.Port, MACs(h.Plan, c.Name)); err != nil {
		return nil, err
	}
	return s, os.MkdirAll(s.file(""), 0o755)
}

// end ends programs and servers and waits for them.
func (s *Stage) end() {
	for i := len(s.programs) - 1; i >= 0; i-- {
		p := s.programs[i]
		_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGTERM) // fails when all of the group have ended: that is as well
		select {
		case <-p.done:
		case <-time.After(2 * time.Second):
			_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL)
			<-p.done
		}
	}
	for _, f := range s.closers {
		f()
	}
}

// file is a path of the stage's own folder.
func (s *Stage) file(name string) string { return filepath.Join("/run/record", s.name, name) }

// write puts a file into the stage's folder and returns its path.
func (s *Stage) write(name, text string) (string, error) {
	path := s.file(name)
	if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
		return "", err
	}
	return path, nil
}

// settle gives a cable's end the address that the router's DHCP would give it, and a route, and waits until its port of the
// bridge carries frames: that takes the kernel a moment.
func (s *Stage) settle(ctx context.Context, f *lab.Foreign) (netip.Addr, error) {
	addr, ok := s.house.Router.Lease(f.MAC)
	if !ok {
		return addr, errors.New("the router has no address left")
	}
	at, err := s.house.Space(f.Name)
	if err != nil {
		return addr, err
	}
	link, err := at.NL.LinkByName(device.Iface)
	if err != nil {
		return addr, err
	}
	lan := s.house.Plan.LAN.V4
	err = at.NL.AddrReplace(link, &netlink.Addr{IPNet: space.IPNet(netip.PrefixFrom(addr, lan.Bits()))})
	if err != nil {
		return addr, err
	}
	err = at.NL.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: lan.Addr().AsSlice()})
	if err != nil {
		return addr, err
	}
	_, err = f.Exec(ctx, "busybox", "arping", "-q", "-f", "-c", "10", "-I", device.Iface, lan.Addr().String())
	return addr, err
}

// join plugs a peer in, and gives both an address.
func (s *Stage) join(ctx context.Context) (client, peer netip.Addr, err error) {
	if client, err = s.settle(ctx, s.client); err != nil {
		return client, peer, err
	}
	if s.peer, err = s.house.AddForeign(s.name + peerSuffix); err != nil {
		return client, peer, err
	}
	peer, err = s.settle(ctx, s.peer)
	return client, peer, err
}

// start runs a program at a cable's end until the stage ends.
func (s *Stage) start(at *lab.Foreign, argv ...string) error {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a group with what it starts itself
	if err := s.house.Start(at.Name, cmd); err != nil {
		return err
	}
	p := &program{cmd, make(chan struct{})}
	s.programs = append(s.programs, p)
	go func() {
		defer close(p.done)
		_ = cmd.Wait() // it is ended by a signal
	}()
	return nil
}

// try runs a program of the client to its end. What it says of failing is part of the error.
func (s *Stage) try(ctx context.Context, argv ...string) error {
	_, err := s.client.Exec(ctx, argv...)
	return err
}
