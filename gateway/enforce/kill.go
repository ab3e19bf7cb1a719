package enforce

import (
	"context"
	"fmt"
	"net/netip"

	"cardea/gateway/enforce/nfnl"
	"cardea/home"
)

// Kill ends one running flow, in both directions: what has just been named and is on a list. Its ports and addresses are
// those of the first packet, as the LAN sees them.
func (e *Enforcer) Kill(ctx context.Context, f home.Flow) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("kill flow: %w", err)
	}
	reply := f.Dst
	if f.ReplySrc.IsValid() {
		reply = f.ReplySrc
	}
	unmap := func(a netip.AddrPort) netip.AddrPort {
		return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
	}
	var flows []nfnl.Flow
	one, ok, err := e.sock.Find(f.Proto, f.Src, f.Dst)
	if err == nil && ok {
		return e.kill([]nfnl.Flow{one}, e.neighbors())
	}
	// behind a forwarded port the LAN sees another address than the first packet was sent to: look through all
	err = e.sock.Flows(func(n *nfnl.Flow) {
		if n.Proto == f.Proto && n.Src == unmap(f.Src) && n.ReplySrc == unmap(reply) {
			flows = append(flows, n.Clone())
		}
	})
	if err != nil {
		return fmt.Errorf("kill flow: list connections: %w", err)
	}
	return e.kill(flows, e.neighbors())
}
