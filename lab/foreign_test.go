package lab_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"cardea/lab"
	"cardea/lab/device"
	"cardea/lab/plan"
)

// need fails, and never skips, when a program is not there.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Fatalf("%v: install udhcpc, isc-dhcp-client, curl, dnsutils, nmap, hping3, avahi-daemon, nftables", err)
		}
	}
}

func TestProgramsOfOthersWorkAsDevices(t *testing.T) {
	need(t, "udhcpc", "dhclient", "curl", "dig", "nmap", "hping3")
	h := up(t, plan.Options{Seed: 6, Devices: 6})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for _, client := range []string{"udhcpc", "dhclient"} {
		f, err := h.AddForeign("box-" + client)
		if err != nil {
			t.Fatal(err)
		}
		addr, err := f.DHCP(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		if !h.Plan.LAN.V4.Masked().Contains(addr) {
			t.Errorf("%s got %v", client, addr)
		}
		eventually(t, client+" to hear the router", func() bool { // IPv6 comes by advertisement, beside the lease
			out, err := f.Exec(ctx, "ip", "-6", "route", "show", "default")
			return err == nil && strings.Contains(out, "via")
		})
		name := h.Plan.BrowsedNames()[1]
		camera := find(t, h, "kitchen-camera")
		for _, c := range []struct {
			argv []string
			want string
		}{
			{[]string{"curl", "-sS", "--max-time", "10", "--cacert", lab.CAFile, "https://" + name + "/"}, "This is " + name},
			{[]string{"curl", "-sS", "-6", "--max-time", "10", "--cacert", lab.CAFile, "https://" + name + "/"}, "This is " + name},
			{[]string{"dig", "+short", "+time=3", name, "@" + h.Plan.LAN.V4.Addr().String()}, "198.18."},
			{[]string{"dig", "+short", "+tcp", "+time=3", name, "@" + h.Plan.LAN.ULA.Addr().String(), "AAAA"}, "2001:db8:18:"},
			{[]string{"nmap", "-n", "-Pn", "-sS", "-p", "23,554", camera.IPv4.String()}, "554/tcp open"},
			{[]string{"hping3", "-S", "-c", "2", "-p", "554", camera.IPv4.String()}, "flags=SA"},
		} {
			out, err := f.Exec(ctx, c.argv...)
			if err != nil || !strings.Contains(out, c.want) {
				t.Errorf("%s: %v: want %q in %q (%v)", f.Name, c.argv, c.want, out, err)
			}
		}
	}
}

func TestAvahiAnswersItsNeighbours(t *testing.T) {
	need(t, "avahi-daemon", "dig")
	h := up(t, plan.Options{Seed: 6, Devices: 6})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f, err := h.AddForeign("music-box")
	if err != nil {
		t.Fatal(err)
	}
	addr, err := f.DHCP(ctx, "udhcpc")
	if err != nil {
		t.Fatal(err)
	}
	conf := "[server]\nhost-name=music-box\nuse-ipv4=yes\nuse-ipv6=yes\nallow-interfaces=" + device.Iface + "\nenable-dbus=no\n"
	if err := os.WriteFile("/run/avahi.conf", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	// it gives its folder to a user of its own, whom an ordinary user's namespace does not have: in its eyes that is root
	cmd := exec.Command("unshare", "-m", "sh", "-ec", `
		sed -E 's/^avahi:.*/avahi:x:0:0::\/:\/bin\/false/' /etc/passwd >/run/passwd
		sed -E 's/^avahi:.*/avahi:x:0:/' /etc/group >/run/group
		mount --bind /run/passwd /etc/passwd
		mount --bind /run/group /etc/group
		exec avahi-daemon -f /run/avahi.conf --no-drop-root --no-chroot --no-rlimits`)
	cmd.Stderr = os.Stderr
	if err := h.Start(f.Name, cmd); err != nil {
		t.Fatal(err)
	}
	eventually(t, "avahi to answer", func() bool {
		out, _ := h.Exec(ctx, "office-laptop", "dig", "+short", "+time=1", "+tries=1", "-p", "5353", "@"+addr.String(), "music-box.local")
		return strings.TrimSpace(out) == addr.String()
	})
}

func TestRouterHasATableOfItsOwn(t *testing.T) {
	need(t, "nft")
	h := up(t, plan.Options{Seed: 6, Devices: 6})
	out, err := h.Exec(t.Context(), "gateway", "nft", "list", "ruleset")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"table inet fw4 {", `oifname "wan" masquerade`, `iifname "wan" ct state new drop`} {
		if !strings.Contains(strings.ReplaceAll(out, "ct state & new != 0", "ct state new"), want) {
			t.Errorf("want %q in\n%s", want, out)
		}
	}
}

func TestNothingNewComesInFromTheInternet(t *testing.T) {
	h := up(t, plan.Options{Seed: 6, Devices: 6})
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	s, err := h.Space("internet")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range find(t, h, "kitchen-camera").IPv6 {
		if !h.Plan.LAN.GUA.Masked().Contains(a) {
			continue
		}
		if c, err := s.Dial(ctx, "tcp", fmt.Sprintf("[%v]:554", a)); err == nil {
			c.Close()
			t.Errorf("the internet reaches the camera at %v", a)
		}
		return
	}
	t.Error("the camera has no global address")
}

func TestUPnPForwardsAPort(t *testing.T) {
	need(t, "miniupnpd", "upnpc", "nft")
	h := up(t, plan.Options{Seed: 6, Devices: 6})
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	if err := h.UPnP(ctx); err != nil {
		t.Fatal(err)
	}
	camera := find(t, h, "kitchen-camera")
	last := ""
	defer func() {
		if t.Failed() {
			t.Log(last)
		}
	}()
	eventually(t, "the mapping", func() bool {
		last, _ = h.Exec(ctx, camera.Name, "upnpc", "-a", camera.IPv4.String(), "554", "8554", "TCP")
		return strings.Contains(last, "is redirected to internal")
	})
	s, err := h.Space("internet")
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.Dial(ctx, "tcp", fmt.Sprintf("%v:8554", h.Plan.WAN.V4.Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "OPTIONS rtsp://x/ RTSP/1.0\r\n\r\n")
	b := make([]byte, 64)
	n, err := c.Read(b)
	if err != nil || !strings.HasPrefix(string(b[:n]), "RTSP/1.0 200") {
		t.Errorf("the camera said %q, %v", b[:n], err)
	}
}
