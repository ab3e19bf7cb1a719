package lab

import (
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"os/exec"
	"time"

	"cardea/home"
	"cardea/lab/device"
	"cardea/lab/plan"
	"cardea/lab/space"
)

// Info is what there is to know about a device right now.
type Info struct {
	Name      string       `json:"name"`
	Kind      plan.Kind    `json:"kind"`
	MAC       home.MAC     `json:"mac"` // the one on its label
	Now       home.MAC     `json:"mac_now"`
	Port      string       `json:"port"`
	Shared    bool         `json:"shared"`
	IPv4      netip.Addr   `json:"ipv4"` // zero while it is off
	IPv6      []netip.Addr `json:"ipv6"`
	On        bool         `json:"on"`
	Infected  bool         `json:"infected"`  // there is malware on it
	Active    bool         `json:"active"`    // and it runs
	Protected bool         `json:"protected"` // an alarm panel: never to be isolated automatically
}

// Devices lists the home's devices in the plan's order.
func (h *Home) Devices() (list []Info) {
	for _, d := range h.devices {
		i := Info{Name: d.Name, Kind: d.Kind, MAC: d.Device.MAC, Now: d.HardwareAddr(), Port: d.Port, Shared: d.Switch != "",
			IPv4: d.Lease().Addr.Addr(), IPv6: d.Addrs6(), Protected: d.Kind == plan.Alarm}
		h.mu.Lock()
		i.On, i.Active = h.lives[d.Name] != nil, h.bots[d.Name] != nil
		i.Infected = i.Active || h.victims[d.Name]
		h.mu.Unlock()
		list = append(list, i)
	}
	return list
}

// Start starts a program in the namespace of "gateway", "internet" or a device. It is killed by Close at the latest; the
// caller waits for it.
func (h *Home) Start(where string, cmd *exec.Cmd) error {
	s, err := h.find(where)
	if err != nil {
		return err
	}
	if err := s.Start(cmd); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.programs = append(h.programs, cmd)
	return nil
}

// Exec runs a program in a namespace and returns what it printed, both streams.
func (h *Home) Exec(ctx context.Context, where string, argv ...string) (string, error) {
	s, err := h.find(where)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	var out []byte
	err = s.Do(func() (err error) {
		out, err = cmd.CombinedOutput()
		return err
	})
	if err != nil {
		return string(out), fmt.Errorf("run %s in %s: %w: %.300s", argv[0], where, err, out)
	}
	return string(out), nil
}

// StartAgent starts a program, with further environment, inside the gateway.
func (h *Home) StartAgent(argv []string, env ...string) (*exec.Cmd, error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env = append(cmd.Environ(), env...)
	return cmd, h.Start("gateway", cmd)
}

// Space finds the namespace of "gateway", "internet", a device, a switch or a foreigner.
func (h *Home) Space(name string) (*space.Space, error) { return h.find(name) }

func (h *Home) find(name string) (*space.Space, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.spaces {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("lab: no namespace %q", name)
}

// PowerOff switches a device off; what was only in its memory is gone, a bot as well.
func (h *Home) PowerOff(name string) error {
	d, err := h.device(name)
	if err != nil {
		return err
	}
	h.mu.Lock()
	l, bot := h.lives[name], h.bots[name]
	delete(h.lives, name)
	delete(h.bots, name)
	delete(h.victims, name)
	h.mu.Unlock()
	if bot != nil {
		bot.end()
	}
	if l != nil {
		l.end()
	}
	d.ResetMAC()
	return nil
}

// PowerOn switches a device on and waits for its lease.
func (h *Home) PowerOn(ctx context.Context, name string) error {
	d, err := h.device(name)
	if err != nil {
		return err
	}
	h.power(d)
	return h.await(ctx, d)
}

// PowerCycle takes a device off the mains for a moment.
func (h *Home) PowerCycle(ctx context.Context, name string) error {
	if err := h.PowerOff(name); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(300 * time.Millisecond):
	}
	return h.PowerOn(ctx, name)
}

// Reachable says whether a device reaches its cloud right now by a fresh TLS connection over IPv4; nil means that it does.
func (h *Home) Reachable(ctx context.Context, name string) error {
	return h.reach(ctx, name, false)
}

// Reachable6 is Reachable over IPv6.
func (h *Home) Reachable6(ctx context.Context, name string) error {
	return h.reach(ctx, name, true)
}

func (h *Home) reach(ctx context.Context, name string, v6 bool) error {
	d, err := h.device(name)
	if err != nil {
		return err
	}
	if err := d.Reach(ctx, v6); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// Browse fetches a page as a browser on the device would; a form that is not nil is posted.
func (h *Home) Browse(ctx context.Context, name, address string, form url.Values) (device.Page, error) {
	d, err := h.device(name)
	if err != nil {
		return device.Page{}, err
	}
	return d.Browse(ctx, address, form)
}

// Portal asks, from the device, for a path at the host by which it looks for captive portals. Contained, it gets the gateway's
// page; otherwise the internet's.
func (h *Home) Portal(ctx context.Context, name, path string) (device.Page, error) {
	return h.Browse(ctx, name, "http://"+plan.CheckName+path, nil)
}
