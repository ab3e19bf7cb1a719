// Package link speaks to access points: it keeps one wireless station from the others on its radio, where bridge rules
// do not reach. It imports home and the standard library, and keeps no state but the folder it was given.
package link

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cardea/home"
)

// Errors of an access point that works but does not do what was asked.
var (
	ErrNoVLAN  = errors.New("the access point has no VLAN for isolated stations")
	ErrAbsent  = errors.New("the station is not associated")
	ErrNotYet  = errors.New("the station has not come back on the isolated VLAN yet")
	errRefused = errors.New("hostapd refused")
)

// answerTime bounds one command: hostapd answers from its event loop, within a millisecond when it is not stuck.
const answerTime = 500 * time.Millisecond

// Hostapd isolates by hostapd's control interface: a station is given a VLAN of its own by the access list and told to
// associate anew, which puts it on an interface of its own. That needs dynamic_vlan=1 and a VLAN in hostapd's
// configuration. What hostapd cannot do for one station alone (ap_isolate holds for all of a radio) is not done.
type Hostapd struct {
	Dir  string // folder of the control sockets, one for each radio: /var/run/hostapd
	VLAN uint16 // the VLAN without other stations; 0: none, Isolate always fails and containment stays graded "mac"
}

// New speaks to the hostapd whose control sockets are in the folder. It opens nothing yet.
func New(dir string) *Hostapd { return &Hostapd{Dir: dir} }

// Isolate moves a station to the isolated VLAN (on) or back. Nil means that hostapd shows it there; right after the
// first call that is seldom so, since the station has to associate anew: ErrNotYet, and a later call confirms it.
func (h *Hostapd) Isolate(ctx context.Context, mac home.MAC, on bool) error {
	if h.VLAN == 0 {
		return ErrNoVLAN
	}
	radios, err := h.radios()
	if err != nil {
		return err
	}
	for _, radio := range radios { // on all of them: it may roam
		command := fmt.Sprintf("ACCEPT_ACL DEL_MAC %s", mac)
		if on {
			command = fmt.Sprintf("ACCEPT_ACL ADD_MAC %s VLAN_ID=%d", mac, h.VLAN)
		}
		if err := expectOK(ctx, radio, command); err != nil {
			return err
		}
	}
	radio, st, err := h.find(ctx, mac)
	switch {
	case errors.Is(err, ErrAbsent) && !on:
		return nil
	case err != nil:
		return err
	case (st.vlan == h.VLAN) == on:
		return nil
	}
	if err := expectOK(ctx, radio, "DEAUTHENTICATE "+mac.String()); err != nil {
		return err
	}
	return ErrNotYet
}

// Deauth makes the station associate anew.
func (h *Hostapd) Deauth(ctx context.Context, mac home.MAC) error {
	radio, _, err := h.find(ctx, mac)
	if err != nil {
		return err
	}
	return expectOK(ctx, radio, "DEAUTHENTICATE "+mac.String())
}

// Ping says whether every radio's hostapd answers.
func (h *Hostapd) Ping(ctx context.Context) error {
	radios, err := h.radios()
	for _, radio := range radios {
		answer, failed := ask(ctx, radio, "PING")
		if failed == nil && answer != "PONG" {
			failed = fmt.Errorf("%s: PING: %w: %q", radio, errRefused, answer)
		}
		err = errors.Join(err, failed)
	}
	return err
}

func (h *Hostapd) radios() ([]string, error) {
	entries, err := os.ReadDir(h.Dir)
	if err != nil {
		return nil, fmt.Errorf("look for access points: %w", err)
	}
	var out []string
	for _, e := range entries {
		if e.Type()&os.ModeSocket != 0 && e.Name() != "global" {
			out = append(out, filepath.Join(h.Dir, e.Name()))
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no access point in %s", h.Dir)
	}
	return out, nil
}

type station struct {
	associated bool
	vlan       uint16
}

func (h *Hostapd) find(ctx context.Context, mac home.MAC) (string, station, error) {
	radios, err := h.radios()
	if err != nil {
		return "", station{}, err
	}
	for _, radio := range radios {
		answer, err := ask(ctx, radio, "STA "+mac.String())
		if err != nil {
			return "", station{}, err
		}
		if st := parseStation(answer, mac); st.associated {
			return radio, st, nil
		}
	}
	return "", station{}, fmt.Errorf("%s: %w", mac, ErrAbsent)
}

// parseStation reads hostapd's answer to STA: the address, then key=value lines.
func parseStation(answer string, mac home.MAC) (st station) {
	lines := bufio.NewScanner(strings.NewReader(answer))
	if !lines.Scan() || !strings.EqualFold(strings.TrimSpace(lines.Text()), mac.String()) {
		return st
	}
	for lines.Scan() {
		key, value, _ := strings.Cut(lines.Text(), "=")
		switch key {
		case "flags":
			st.associated = strings.Contains(value, "[ASSOC]")
		case "vlan_id":
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 16); err == nil {
				st.vlan = uint16(n)
			}
		}
	}
	return st
}

func expectOK(ctx context.Context, radio, command string) error {
	answer, err := ask(ctx, radio, command)
	if err == nil && answer != "OK" {
		err = fmt.Errorf("%s: %s: %w: %q", filepath.Base(radio), command, errRefused, answer)
	}
	return err
}

// ask sends one command and waits for its answer. hostapd answers to the sender's address, which is abstract here: no
// file to leave behind, but hostapd has to run in the same network namespace.
func ask(ctx context.Context, radio, command string) (string, error) {
	local := &net.UnixAddr{Net: "unixgram", Name: "@cardea-" + rand.Text()}
	conn, err := net.DialUnix("unixgram", local, &net.UnixAddr{Net: "unixgram", Name: radio})
	if err != nil {
		return "", fmt.Errorf("speak to hostapd: %w", err)
	}
	defer conn.Close()
	deadline := time.Now().Add(answerTime)
	if d, ok := ctx.Deadline(); ok && d.Before(deadline) {
		deadline = d
	}
	if err := conn.SetDeadline(deadline); err != nil {
		return "", fmt.Errorf("speak to hostapd: %w", err)
	}
	if _, err := conn.Write([]byte(command)); err != nil {
		return "", fmt.Errorf("ask hostapd: %w", err)
	}
	b := make([]byte, 4096) // hostapd's own bound
	n, err := conn.Read(b)
	if err != nil {
		return "", fmt.Errorf("answer of hostapd to %q: %w", command, err)
	}
	return strings.TrimSpace(string(b[:n])), nil
}
