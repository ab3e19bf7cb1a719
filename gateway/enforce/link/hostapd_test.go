package link

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"cardea/home"
)

var mac = home.MAC{2, 0, 0, 0, 0, 1}

// radio plays hostapd's side of the control interface for one station.
func radio(t *testing.T, answers func(command string) string) string {
	t.Helper()
	dir := t.TempDir()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram", Name: filepath.Join(dir, "wlan0")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := c.ReadFromUnix(b)
			if err != nil {
				return
			}
			if a := answers(string(b[:n])); a != "" {
				c.WriteToUnix([]byte(a), from)
			}
		}
	}()
	return dir
}

func TestIsolateIsConfirmedByTheAccessPoint(t *testing.T) {
	vlan, kicked, asked := "", 0, ""
	h := New(radio(t, func(command string) string {
		switch {
		case strings.HasPrefix(command, "ACCEPT_ACL"):
			asked = command
			return "OK\n"
		case strings.HasPrefix(command, "STA "):
			return mac.String() + "\nflags=[AUTH][ASSOC][AUTHORIZED]\naid=1\n" + vlan
		case strings.HasPrefix(command, "DEAUTHENTICATE "):
			kicked++
			return "OK\n"
		}
		return "UNKNOWN COMMAND\n"
	}))
	ctx := context.Background()
	if err := h.Isolate(ctx, mac, true); !errors.Is(err, ErrNoVLAN) {
		t.Errorf("without a VLAN: %v", err)
	}
	h.VLAN = 66
	if err := h.Isolate(ctx, mac, true); !errors.Is(err, ErrNotYet) || kicked != 1 || asked != "ACCEPT_ACL ADD_MAC 02:00:00:00:00:01 VLAN_ID=66" {
		t.Errorf("%v, kicked %d, asked %q", err, kicked, asked)
	}
	vlan = "vlan_id=66\n"
	if err := h.Isolate(ctx, mac, true); err != nil || kicked != 1 {
		t.Errorf("confirmed: %v, kicked %d", err, kicked)
	}
	if err := h.Isolate(ctx, mac, false); !errors.Is(err, ErrNotYet) || kicked != 2 || asked != "ACCEPT_ACL DEL_MAC 02:00:00:00:00:01" {
		t.Errorf("release: %v, kicked %d, asked %q", err, kicked, asked)
	}
	vlan = ""
	if err := h.Isolate(ctx, mac, false); err != nil {
		t.Error(err)
	}
}

func TestNobodyThere(t *testing.T) {
	h := New(radio(t, func(string) string { return "FAIL\n" }))
	h.VLAN = 1
	if err := h.Isolate(context.Background(), mac, true); !errors.Is(err, errRefused) {
		t.Errorf("refused: %v", err)
	}
	if err := h.Deauth(context.Background(), mac); !errors.Is(err, ErrAbsent) {
		t.Errorf("absent: %v", err)
	}
	h = New(radio(t, func(string) string { return "" }))
	if err := h.Ping(context.Background()); err == nil {
		t.Error("a silent hostapd is no error")
	}
	if err := New(t.TempDir()).Ping(context.Background()); err == nil {
		t.Error("no hostapd is no error")
	}
}

func FuzzParseStation(f *testing.F) {
	f.Add(mac.String() + "\nflags=[AUTH][ASSOC]\nvlan_id=66\n")
	f.Add("FAIL")
	f.Add(mac.String() + "\nvlan_id=-1\nflags=")
	f.Fuzz(func(t *testing.T, s string) {
		if st := parseStation(s, mac); st.associated && !strings.Contains(s, "[ASSOC]") {
			t.Error("associated out of nothing")
		}
	})
}
