package whole

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/gateway/control"
	"cardea/home"
	"cardea/lab"
	"cardea/lab/plan"
)

// The owner shuts a device in: its running connections are cut at once, and it comes back when it is let out. Disarmed, nothing
// is enforced; armed again, it is.
func TestOwnerShutsInAndLetsOut(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 21}, config: "  automatic: false\n"})
	c := w.chatter(camera, laptop)
	c.flows(w)
	four, six := w.talk(camera, false), w.talk(camera, true)
	other := w.talk(laptop, false)
	four.says(w, "before")
	six.says(w, "before")
	w.quarantine(camera)
	since := c.mark()
	four.cut(w, "quarantined, IPv4")
	six.cut(w, "quarantined, IPv6")
	other.says(w, "while a neighbour is shut in")
	c.silent(w, since, "quarantined")
	w.offline(camera)

	w.must(w.client.Ask(w.ctx, control.Action{Verb: "disarm", For: time.Hour}, nil))
	if s := w.status(); s.Armed || len(s.Degraded) == 0 {
		t.Errorf("disarmed, the status says %+v", s)
	}
	c.flows(w)
	w.online(camera)
	w.must(w.client.Ask(w.ctx, control.Action{Verb: "arm"}, nil))
	w.inForce(camera, home.ModeQuarantine)
	c.silent(w, c.mark(), "armed again")
	w.offline(camera)

	w.must(w.client.Ask(w.ctx, control.Action{Verb: "release", Target: camera}, nil))
	w.eventually("the camera is let out", func() bool { d, _ := w.device(camera); return d.Mode != home.ModeQuarantine })
	w.eventually("it has the internet again", func() bool { return w.home.Reachable(w.ctx, camera) == nil })
	w.inForce(camera, home.ModeOff) // the part of probation without the others is 2 s here
	w.online(camera)
	c.flows(w)
	other.says(w, "in the end")
}

// conversation is a TLS connection that runs for long; the far end echoes.
type conversation struct {
	conn net.Conn
	in   *bufio.Reader
}

func (w *world) talk(name string, v6 bool) *conversation {
	w.t.Helper()
	d, _ := w.home.Plan.Device(name)
	s, err := w.home.Space(name)
	w.must(err)
	var to netip.Addr
	for _, site := range w.home.Plan.Sites {
		if site.Name == d.Cloud {
			if to = site.V4; v6 {
				to = site.V6
			}
		}
	}
	raw, err := s.Dial(w.ctx, "tcp", netip.AddrPortFrom(to, 8883).String())
	w.must(err)
	w.t.Cleanup(func() { raw.Close() })
	conn := tls.Client(raw, &tls.Config{RootCAs: w.home.Internet.CA.Pool(), ServerName: d.Cloud})
	return &conversation{conn: conn, in: bufio.NewReader(conn)}
}

func (c *conversation) line(wait time.Duration) error {
	c.conn.SetDeadline(time.Now().Add(wait))
	if _, err := fmt.Fprintln(c.conn, "are you there?"); err != nil {
		return err
	}
	_, err := c.in.ReadString('\n')
	return err
}

func (c *conversation) says(w *world, when string) {
	w.t.Helper()
	if err := c.line(10 * time.Second); err != nil {
		w.t.Errorf("%s: a long connection broke: %v", when, err)
	}
}

// cut says that the connection is dead. A device that is shut in is not told: what it sends is dropped.
func (c *conversation) cut(w *world, when string) {
	w.t.Helper()
	if c.line(2*time.Second) == nil {
		w.t.Errorf("%s: a connection from before goes on", when)
	}
}

// A name is blocked for one device and for nobody else; a running connection to it is cut, and its device told so.
func TestOwnerBlocksANameForOneDevice(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 24}})
	d, _ := w.home.Plan.Device(laptop)
	w.eventually("the laptop is known", func() bool { _, ok := w.device(laptop); return ok })
	mine, others := w.sticky(laptop, false), w.sticky(phone, false)
	mine.works(w, d.Cloud, "before")
	four, six, apart := w.talk(laptop, false), w.talk(laptop, true), w.talk(camera, false)
	four.says(w, "before")
	six.says(w, "before")
	apart.says(w, "before")
	block := control.Action{Verb: "block", Target: d.MAC.String(), Endpoint: d.Cloud}
	w.must(w.client.Ask(w.ctx, block, nil))
	for when, c := range map[string]*conversation{"IPv4": four, "IPv6": six} {
		var err error
		w.eventually(when+": the connection to the blocked name ends", func() bool { err = c.line(10 * time.Second); return err != nil })
		var ne net.Error
		if errors.As(err, &ne) && ne.Timeout() {
			t.Errorf("%s: the connection is dead, and its device was not told: %v", when, err)
		}
	}
	w.eventually("the name is blocked", func() bool { m, err := mine.ask(d.Cloud); return err == nil && !leads(m, w) })
	mine.works(w, plan.VideoName, "another name")
	others.works(w, d.Cloud, "another device")
	apart.says(w, "another device's connection")
	block.Verb = "unblock"
	w.must(w.client.Ask(w.ctx, block, nil))
	mine.works(w, d.Cloud, "when it is free again")
	w.online(laptop)
}

// What is put into the folder of lists counts at once, for everybody, and for as long as it is there.
func TestOwnerListIsInForceForEverybodyAtOnce(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 22}})
	name := w.home.Plan.BrowsedNames()[1]
	asks := w.sticky(laptop, false)
	asks.works(w, name, "before")
	long := w.talk(laptop, false)
	long.says(w, "before")
	file := filepath.Join(lab.Lists, "malware", "own.domains")
	w.must(os.MkdirAll(filepath.Dir(file), 0o755))
	w.must(os.WriteFile(file, []byte(name+"\n"), 0o644))
	w.eventually("the name is blocked", func() bool { m, err := asks.ask(name); return err == nil && !leads(m, w) })
	asks.works(w, plan.VideoName, "another name")
	long.says(w, "with a new list")
	w.must(os.Remove(file))
	w.eventually("the name is free again", func() bool { m, err := asks.ask(name); return err == nil && leads(m, w) })
}

// From the internet nobody reaches resolver, portal, metrics or control.
func TestOwnerSideIsClosedToTheInternet(t *testing.T) {
	w := begin(t, options{Options: plan.Options{Seed: 23}})
	out, err := w.home.Space("internet")
	w.must(err)
	targets := []netip.Addr{w.home.Plan.WAN.V4.Addr(), w.home.Plan.WAN.V6.Addr(), w.facts.Gateway6, w.home.Plan.LAN.GUA.Addr()}
	var running sync.WaitGroup
	for _, a := range targets {
		for _, port := range []uint16{53, 80, 443, 5300, 5301, 8480, 9477} {
			to := netip.AddrPortFrom(a, port).String()
			running.Go(func() {
				ctx, cancel := context.WithTimeout(w.ctx, time.Second)
				defer cancel()
				if c, err := out.Dial(ctx, "tcp", to); err == nil {
					c.Close()
					t.Errorf("TCP %s is open to the internet", to)
				}
			})
			running.Go(func() {
				c, err := out.Dial(w.ctx, "udp", to)
				if err != nil {
					return // there is no way there at all
				}
				defer c.Close()
				if m, err := (&sticky{conn: dnsConn(c), patience: time.Second}).ask(plan.VideoName); err == nil {
					t.Errorf("UDP %s answers the internet: %v", to, m)
				}
			})
		}
	}
	running.Wait()
	w.closedAtHome()
}

// closedAtHome says what a device of the home may have: the portal, not metrics or control.
func (w *world) closedAtHome() {
	w.t.Helper()
	page, err := w.home.Browse(w.ctx, laptop, fmt.Sprintf("http://%v:8480/", w.facts.Gateway4), nil)
	if err != nil || page.Status != http.StatusOK {
		w.t.Errorf("the portal for a device at home: %v %d", err, page.Status)
	}
	s, err := w.home.Space(laptop)
	w.must(err)
	for _, a := range []netip.Addr{w.facts.Gateway4, w.facts.Gateway6} {
		ctx, cancel := context.WithTimeout(w.ctx, time.Second)
		if c, err := s.Dial(ctx, "tcp", netip.AddrPortFrom(a, 9477).String()); err == nil {
			c.Close()
			w.t.Errorf("metrics are open to the home at %v", a)
		}
		cancel()
	}
	out, err := w.home.Exec(w.ctx, "gateway", "curl", "-sS", "--max-time", "5", "http://"+metrics+"/metrics")
	if err != nil || !strings.Contains(out, "cardea_agent_ready 1") {
		w.t.Errorf("metrics on the gateway itself: %v %.200s", err, out)
	}
	info, err := os.Stat(lab.Socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		w.t.Errorf("the control socket: %v %v", info, err)
	}
}
