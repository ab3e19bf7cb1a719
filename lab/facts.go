package lab

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"cardea/home"
	"cardea/lab/plan"
)

// Folders and files inside the lab; all of them are in a tmpfs that only the lab sees.
const (
	Lists    = "/run/cardea/lists" // lists of indicators for the agent
	State    = "/run/cardea/state" // the agent's disk
	Socket   = "/run/cardea/agent.sock"
	CodeFile = "/run/cardea/label"  // the code on the gateway's label
	CAFile   = "/run/cardea/ca.pem" // the lab's certificate authority
)

// LabelCode is printed on the lab gateway's label.
const LabelCode = "hinge-4711"

// Facts are what an agent's configuration in this home needs to say.
type Facts struct {
	Bridge    string
	WAN       string
	Gateway4  netip.Addr
	Gateway6  netip.Addr
	LAN       []netip.Prefix
	DNS       []netip.AddrPort // the provider's resolver, UDP and TCP
	DoT       string           // its name for DNS over TLS
	Lists     string
	State     string
	Socket    string
	CodeFile  string
	CAFile    string
	Protected []home.MAC // devices that are never isolated automatically
}

// Facts makes the folders, writes the lists and the label, and says where they are.
func (h *Home) Facts() (Facts, error) {
	p := h.Plan
	f := Facts{
		Bridge: p.LAN.Bridge, WAN: p.WAN.Iface, Gateway4: p.LAN.V4.Addr(), Gateway6: p.LAN.ULA.Addr(),
		LAN:   []netip.Prefix{p.LAN.V4.Masked(), p.LAN.ULA.Masked(), p.LAN.GUA.Masked()},
		DNS:   []netip.AddrPort{netip.AddrPortFrom(p.WAN.DNS4, 53), netip.AddrPortFrom(p.WAN.DNS6, 53)},
		DoT:   p.WAN.DNSName,
		Lists: Lists, State: State, Socket: Socket, CodeFile: CodeFile, CAFile: CAFile,
	}
	for _, d := range p.Devices {
		if d.Kind == plan.Alarm {
			f.Protected = append(f.Protected, d.MAC)
		}
	}
	for _, dir := range []string{Lists, State} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return f, fmt.Errorf("lab: %w", err)
		}
	}
	list := "# a list of the lab\n" + strings.Join(p.Attack.Blocked, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(Lists, "lab-malware.domains"), []byte(list), 0o644); err != nil {
		return f, fmt.Errorf("lab: write list: %w", err)
	}
	if err := os.WriteFile(CodeFile, []byte(LabelCode+"\n"), 0o600); err != nil {
		return f, fmt.Errorf("lab: write label: %w", err)
	}
	return f, nil
}
