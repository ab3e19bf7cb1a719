package lab_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cardea/lab"
	"cardea/lab/plan"
)

func up(t *testing.T, o plan.Options) *lab.Home {
	t.Helper()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	began := time.Now()
	h, err := lab.Up(t.Context(), lab.Options{Options: o, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a home of %d devices was up after %v (uid %d outside)", len(h.Devices()), time.Since(began).Round(time.Millisecond), outside())
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

func outside() int {
	if os.Getenv(asNobody) != "" {
		return 65534
	}
	return 0
}

func TestEveryDeviceReachesItsCloud(t *testing.T) {
	h := up(t, plan.Options{Seed: 1, Devices: 20})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, d := range h.Devices() {
		if want, _ := h.Plan.Device(d.Name); d.IPv4 != want.IPv4 {
			t.Errorf("%s has %v, the DHCP server keeps %v for it", d.Name, d.IPv4, want.IPv4)
		}
		if err := h.Reachable(ctx, d.Name); err != nil {
			t.Errorf("IPv4: %v", err)
		}
		if err := h.Reachable6(ctx, d.Name); err != nil {
			t.Errorf("IPv6: %v", err)
		}
	}
}

func TestTheInternetRemembersWhatItWasAsked(t *testing.T) {
	h := up(t, plan.Options{Seed: 8, Devices: 6})
	s, err := h.Space("internet")
	if err != nil {
		t.Fatal(err)
	}
	far := netip.MustParseAddrPort("198.18.255.254:53")
	c, err := s.ListenPacket("udp4", far.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	go func() { // a name server that says that nothing exists
		b := make([]byte, 512)
		for {
			n, from, err := c.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			b[2], b[3] = 0x84, 3
			c.WriteToUDPAddrPort(b[:n], from)
		}
	}()
	h.Internet.Delegate("tunnel.example", far)
	for name, want := range map[string]string{"secret.tunnel.example": "NXDOMAIN", "nowhere.example": "NXDOMAIN", h.Plan.BrowsedNames()[0]: "NOERROR"} {
		out, err := h.Exec(t.Context(), "office-laptop", "dig", "+time=2", name)
		if err != nil || !strings.Contains(out, "status: "+want) {
			t.Errorf("%s: want %s: %v: %s", name, want, err, out)
		}
		if !slices.Contains(h.Internet.Asked(), name) {
			t.Errorf("%s was not asked of the provider", name)
		}
	}
}

func TestADeviceCarriesDatagramsBothWays(t *testing.T) {
	h := up(t, plan.Options{Seed: 8, Devices: 6})
	s, err := h.Space("anna-phone")
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range h.Plan.Sites {
		if site.Name != plan.VideoName {
			continue
		}
		for _, a := range []netip.Addr{site.V4, site.V6} {
			c, err := s.Dial(t.Context(), "udp", netip.AddrPortFrom(a, 443).String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			c.SetDeadline(time.Now().Add(5 * time.Second))
			b := make([]byte, 16)
			if _, err := c.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			if n, err := c.Read(b); err != nil || string(b[:n]) != "hello" {
				t.Errorf("%v: %q, %v", a, b[:n], err)
			}
		}
	}
}

func TestAnAgentRunsInTheGateway(t *testing.T) {
	h := up(t, plan.Options{Seed: 8, Devices: 6})
	f, err := h.Facts()
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(f.State, "seen")
	cmd, err := h.StartAgent([]string{"/bin/sh", "-c", `ip -br link >$OUT.new; mv $OUT.new $OUT; sleep 1000`}, "OUT="+out)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the program's output", func() bool { _, err := os.Stat(out); return err == nil })
	b, err := os.ReadFile(out)
	if err != nil || !strings.Contains(string(b), f.Bridge) || !strings.Contains(string(b), f.WAN) {
		t.Errorf("the program saw %s, %v", b, err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the program ended by itself")
	}
}

func TestWhereADevicesPagesComeFrom(t *testing.T) {
	h := up(t, plan.Options{Seed: 8, Devices: 6})
	page, err := h.Portal(t.Context(), "anna-phone", "/hello")
	if err != nil || page.Status != 200 || !strings.Contains(page.Body, plan.CheckName) {
		t.Errorf("%+v, %v", page, err)
	}
	page, err = h.Browse(t.Context(), "anna-phone", "http://"+h.Plan.LAN.V4.Addr().String()+"/", nil)
	if err != nil || !strings.Contains(page.Body, h.Plan.LAN.AdminTitle) {
		t.Errorf("the administration page: %+v, %v", page, err)
	}
}
