package zeek

import (
	"cmp"
	"context"
	"io"
	"net/netip"
	"slices"
)

// Private are the addresses that only homes have (RFC 1918, RFC 4193, link-local).
var Private = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("169.254.0.0/16"), netip.MustParsePrefix("fe80::/10"),
}

const (
	maxCounted = 1 << 16 // addresses that Home tells apart
	maxHome    = 256     // that it gives
)

// Home reads a log to find out which addresses are the home's, where private ones are not the answer: those that the log calls
// local, with the private ones; where it says nothing and nobody with a private address begins anything, the one address that
// takes part the most. Nil: private addresses are the home's.
func Home(ctx context.Context, r io.Reader) ([]netip.Prefix, error) {
	c := counted{parts: map[netip.Addr]int{}, local: map[netip.Addr]bool{}}
	if _, err := Read(ctx, r, c.row); err != nil {
		return nil, err
	}
	var list []netip.Addr
	switch {
	case len(c.local) > 0:
		for a := range c.local {
			list = append(list, a)
		}
		slices.SortFunc(list, netip.Addr.Compare)
		list = list[:min(len(list), maxHome)]
	case !c.private:
		if a, ok := c.most(); ok {
			list = append(list, a)
		}
	}
	if len(list) == 0 {
		return nil, nil
	}
	out := slices.Clone(Private)
	for _, a := range list {
		out = append(out, netip.PrefixFrom(a, a.BitLen()))
	}
	return out, nil
}

type counted struct {
	parts   map[netip.Addr]int
	local   map[netip.Addr]bool // called so, and not private
	private bool                // somebody with a private address began something
}

func (c *counted) row(r *Row) error {
	src, dst := r.Src.Addr(), r.Dst.Addr()
	c.private = c.private || src.IsPrivate()
	c.note(src, r.SrcHome)
	c.note(dst, r.DstHome)
	return nil
}

func (c *counted) note(a netip.Addr, at Known) {
	if a.IsMulticast() || a.IsUnspecified() || a.IsLinkLocalUnicast() || a.IsPrivate() {
		return
	}
	if _, ok := c.parts[a]; ok || len(c.parts) < maxCounted {
		c.parts[a]++
	}
	if at == Yes && len(c.local) < maxCounted {
		c.local[a] = true
	}
}

func (c *counted) most() (best netip.Addr, ok bool) {
	n := 0
	for a, k := range c.parts {
		if cmp.Or(cmp.Compare(k, n), best.Compare(a)) > 0 {
			best, n = a, k
		}
	}
	return best, n > 0
}
