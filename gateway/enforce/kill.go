package enforce

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"cardea/gateway/enforce/nfnl"
	"cardea/gateway/enforce/rules"
	"cardea/home"

	"golang.org/x/sys/unix"
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
		e.arm(1)
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
	e.arm(len(flows))
	return e.kill(flows, e.neighbors())
}

// arm puts the rules that look into the dead sets in force, unless they are: n flows are about to be killed. Only the chain
// that all packets pass changes, and in place. Without these rules killed flows are still forgotten. Call it with mu held.
func (e *Enforcer) arm(n int) {
	if n == 0 || e.applied == nil {
		return
	}
	if e.killing.IsZero() {
		if err := e.rewrite(true); err != nil {
			e.log.Warn("rules for killed flows are not in force", "err", err)
			return
		}
	}
	e.killing = time.Now().Add(deadFor + deadFor/4) // the elements are yet to be written
}

// disarm takes the rules that look into the dead sets out again, when no flow is left there. It says when it is to be
// called next; zero: not before flows are killed.
func (e *Enforcer) disarm() (next time.Time, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.killing.IsZero() || e.applied == nil || time.Now().Before(e.killing) {
		return e.killing, nil
	}
	if err := e.rewrite(false); err != nil {
		return time.Now().Add(deadFor), fmt.Errorf("remove rules for killed flows: %w", err)
	}
	e.killing = time.Time{}
	return e.killing, nil
}

// rewrite is one transaction.
func (e *Enforcer) rewrite(killing bool) error {
	rs, err := compile(e.cfg, *e.applied, killing)
	if err != nil {
		return err
	}
	t, b := rs.Table(rules.Inet, tableEnforce), &nfnl.Batch{}
	i := slices.IndexFunc(t.Chains, func(c *rules.Chain) bool { return c.Name == "forward" })
	b.FlushChain(t, "forward")
	for _, r := range t.Chains[i].Rules {
		b.NewRule(t, "forward", r)
	}
	if err := e.sock.Commit(b); err != nil {
		return err
	}
	e.rules = rs
	return nil
}

// stillDead says whether flows are in the dead sets.
func (e *Enforcer) stillDead() (some bool) {
	for _, name := range []string{"dead4", "dead6"} {
		err := e.sock.Elements(e.inet(), e.inet().Set(name), func([]byte, bool) { some = true })
		if err != nil && !errors.Is(err, unix.ENOENT) {
			some = true // unknown: look for them
		}
	}
	return some
}
