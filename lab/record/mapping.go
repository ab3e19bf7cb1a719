package record

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"
)

// mapping is how the router is asked to let the internet in. The router's UPnP runs from the first of them on.
var mapping = []Scenario{
	{Name: "upnpc", Words: "upnpc finds the router, has a port mapped and ends that", Needs: routerPrograms, Router: true, run: upnpc},
	{Name: "upnpc-keeps", Words: "upnpc has a camera's port mapped and leaves it so", Needs: routerPrograms, run: upnpcKeeps},
	{Name: "natpmpc", Words: "natpmpc has a port mapped for an hour", Needs: append([]string{"natpmpc"}, routerPrograms...), run: natpmpc},
}

var routerPrograms = []string{"upnpc", "miniupnpd", "nft"}

// openRouter starts the router's UPnP unless it runs, and waits until it says that it is there.
func (s *Stage) openRouter(ctx context.Context) error {
	if s.house.upnp {
		return nil
	}
	// what an earlier home's left would keep this one from starting
	if err := os.Remove("/run/upnp.pid"); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := s.house.UPnP(ctx); err != nil {
		return err
	}
	s.house.upnp = true
	return s.tap.seen(ctx, "NOTIFY * HTTP/1.1")
}

var rootDesc = regexp.MustCompile(`http://\S+/rootDesc\.xml`)

func upnpc(ctx context.Context, s *Stage) error {
	own, err := s.settle(ctx, s.client)
	if err != nil {
		return err
	}
	if err := s.openRouter(ctx); err != nil {
		return err
	}
	out, err := s.client.Exec(ctx, "upnpc", "-e", "garden cam", "-a", own.String(), "554", "8554", "TCP")
	if err != nil {
		return err
	}
	at := rootDesc.FindString(out)
	if at == "" {
		return errors.New("upnpc does not say where the router describes itself")
	}
	return s.try(ctx, "upnpc", "-u", at, "-d", "8554", "TCP")
}

func upnpcKeeps(ctx context.Context, s *Stage) error {
	own, err := s.settle(ctx, s.client)
	if err != nil {
		return err
	}
	if err := s.openRouter(ctx); err != nil {
		return err
	}
	return s.try(ctx, "upnpc", "-e", "ipcam-9", "-a", own.String(), "80", "8081", "TCP")
}

func natpmpc(ctx context.Context, s *Stage) error {
	if _, err := s.settle(ctx, s.client); err != nil {
		return err
	}
	if err := s.openRouter(ctx); err != nil {
		return err
	}
	return s.try(ctx, "natpmpc", "-g", s.house.Plan.LAN.V4.Addr().String(), "-a", "4443", "4443", "tcp", "3600")
}
