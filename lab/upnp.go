package lab

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// upnpTable is where miniupnpd puts its rules: somebody else's table again, as far as the agent is concerned.
const upnpTable = `table inet miniupnpd {
	chain forward { type filter hook forward priority -5; policy accept; jump miniupnpd; }
	chain miniupnpd { }
	chain prerouting { type nat hook prerouting priority -100; policy accept; iifname "WAN" jump prerouting_miniupnpd; }
	chain prerouting_miniupnpd { }
	chain postrouting { type nat hook postrouting priority 90; policy accept; oifname "WAN" jump postrouting_miniupnpd; }
	chain postrouting_miniupnpd { }
}
`

// miniupnpd refuses to run with the documentation address that the lab's WAN has; the address below is only what it tells its
// clients, nothing is sent there.
const upnpConfig = `ext_ifname=WAN
ext_ip=8.4.4.8
listening_ip=LAN
enable_natpmp=yes
enable_upnp=yes
upnp_table_name=miniupnpd
upnp_nat_table_name=miniupnpd
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
uuid=6f3c1c0e-2b7d-4d0e-9a55-0d1f6a2b9c01
secure_mode=yes
allow 1024-65535 0.0.0.0/0 1-65535
deny 0-65535 0.0.0.0/0 0-65535
`

// UPnP starts miniupnpd on the gateway, so that devices may have ports forwarded to them. It needs miniupnpd and nft.
func (h *Home) UPnP(ctx context.Context) error {
	fill := strings.NewReplacer("WAN", h.Plan.WAN.Iface, "LAN", h.Plan.LAN.Bridge)
	for file, text := range map[string]string{"/run/upnp.nft": upnpTable, "/run/upnp.conf": upnpConfig} {
		if err := os.WriteFile(file, []byte(fill.Replace(text)), 0o644); err != nil {
			return fmt.Errorf("lab: %w", err)
		}
	}
	if _, err := h.Exec(ctx, "gateway", "nft", "-f", "/run/upnp.nft"); err != nil {
		return err
	}
	return h.Start("gateway", exec.Command("miniupnpd", "-d", "-f", "/run/upnp.conf", "-P", "/run/upnp.pid"))
}
