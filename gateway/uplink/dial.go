package uplink

import (
	"context"

	"cardea/internal/platform/bus"
	"cardea/wire"
)

// busConn is a connection of the bus as a link needs it.
type busConn struct{ *bus.Conn }

func (c busConn) Subscribe(subject string, f func([]byte)) error {
	_, err := c.Conn.Subscribe(subject, "", func(m bus.Msg) { f(m.Data) })
	return err
}

// dialBus connects and waits until that has worked or ctx ends.
func dialBus(ctx context.Context, l *Link) (conn, error) {
	conf, err := l.tls()
	if err != nil {
		return nil, err
	}
	c, err := bus.Dial(ctx, bus.DialConfig{
		Servers: l.identity.Servers, TLS: conf, Reload: l.reload, Name: l.place.String(), Inbox: wire.Inbox(l.place),
		Delay: l.delay, OnConnect: l.again, OnLost: l.lost, Log: l.log,
	})
	if err != nil {
		return nil, err
	}
	return busConn{c}, nil
}

// again is told of each connect; the first is done when the link has subscribed.
func (l *Link) again() {
	l.mu.Lock()
	first := l.conn == nil
	l.mu.Unlock()
	if !first {
		l.connected()
	}
}
