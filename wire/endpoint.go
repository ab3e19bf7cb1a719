package wire

import (
	"fmt"
	"time"

	"cardea/home"
)

// EndpointKey is an endpoint in the form that homes have in common: the collapsed name, else the address, with port and
// protocol (home.CollapseScheme).
func EndpointKey(e home.Endpoint) string {
	who := e.IP.Unmap().String()
	if e.Name != "" {
		who = home.Collapse(e.Name, e.Domain)
	}
	return fmt.Sprintf("%s:%d/%s", who, e.Port, e.Proto)
}

// EndpointHash is what leaves the home of it.
func EndpointHash(e home.Endpoint) uint64 { return e.Hash() }

// Week numbers weeks since Monday, 1970-01-05, UTC.
func Week(t time.Time) uint32 {
	days := t.UTC().Unix()/86400 - 4
	return uint32(max(days, 0) / 7)
}
