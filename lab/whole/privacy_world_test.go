package whole

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"cardea/behavior/endpoint"
	"cardea/cloud/api/view"
	"cardea/gateway/household"
	"cardea/home"
	"cardea/identity"
	"cardea/lab"
	"cardea/lab/disk"
	"cardea/lab/plan"
	"cardea/wire"
)

// private is a lab home, with its cloud, in which names are looked for.
type private struct {
	*world
	s    *sky
	past []byte // logs of processes that have ended
}

// hearAll has agent and cloud log all that they can, and names on a list of malware.
func hearAll(s *sky, listed ...string) func(*world) error {
	return func(w *world) error {
		b, err := os.ReadFile(w.config)
		if err != nil {
			return err
		}
		s.flags = []string{"--log", "debug"}
		dir := filepath.Join(lab.Lists, "malware")
		return errors.Join(os.WriteFile(w.config, bytes.Replace(b, []byte("log: info"), []byte("log: debug"), 1), 0o600), os.MkdirAll(dir, 0o755),
			os.WriteFile(filepath.Join(dir, "own.domains"), []byte(strings.Join(listed, "\n")+"\n"), 0o644), above(s)(w))
	}
}

// needle is a name of the lab's internet with every hash of it that gateway and cloud know, or an address.
func needle(name string) disk.Needle {
	if a, err := netip.ParseAddr(name); err == nil {
		return disk.Address(a)
	}
	_, domain, _ := strings.Cut(name, ".")
	hashes := []uint64{wire.TokenHash(byte(identity.ClueName), name), wire.TokenHash(byte(identity.ClueDomain), domain)}
	for _, port := range []uint16{80, 443} {
		e := home.Endpoint{Name: name, Domain: domain, Port: port, Proto: "tcp"}
		c := endpoint.Of(&e, false, false)
		hashes = append(hashes, wire.EndpointHash(e), c.Keys[endpoint.Host], c.Keys[endpoint.Domain])
	}
	return disk.Name(name, hashes...)
}

// where says in which places names are: files of the gateway and the cloud, cells of the database, logs.
func (p *private) where(names ...string) disk.Found {
	p.t.Helper()
	var needles []disk.Needle
	for _, n := range names {
		needles = append(needles, needle(n))
	}
	gateway, sky := disk.Found{}, disk.Found{}
	p.must(gateway.Folder(p.ctx, lab.State, needles...))
	p.must(sky.Folder(p.ctx, cloudData, needles...))
	p.must(sky.Database(p.ctx, filepath.Join(cloudData, "cardea.db"), needles...))
	out := disk.Found{}
	for name, list := range gateway {
		for _, place := range list {
			out[name] = append(out[name], "gateway/"+place)
		}
	}
	for name, list := range sky {
		out[name] = append(out[name], list...)
	}
	out.Bytes("logs", slices.Concat(p.past, []byte(p.agent.all()), []byte(p.s.process.all())), needles...)
	return out
}

// places are those of one name that begin with something, as text.
func (p *private) places(name, prefix string) string {
	list := slices.DeleteFunc(p.where(name)[name], func(s string) bool { return !strings.HasPrefix(s, prefix) })
	return strings.Join(list, " ")
}

// nowhere waits until names are nowhere: the broker and the spool take a moment to remove what was stored.
func (p *private) nowhere(when string, names ...string) {
	p.t.Helper()
	var found disk.Found
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if found = p.where(names...); len(found) == 0 {
			return
		}
	}
	p.t.Errorf("%s there is %v", when, found)
	for _, i := range p.incidents() {
		p.t.Logf("case %s of %s, %s: %+v", i.Code, i.Device, i.State, i.History)
	}
}

// restart restarts the agent, which closes the window of what devices did. What supervises it starts it once more when it ends at once.
func (p *private) restart() {
	p.t.Helper()
	p.agent.stop()
	p.past = append(p.past, p.agent.all()...)
	err := p.start()
	for n := 0; err != nil && n < 3; n++ {
		p.t.Log(err)
		err = p.start()
	}
	p.must(err)
}

// serve restarts the cloud in some of its roles.
func (p *private) serve(roles string) {
	p.t.Helper()
	p.s.process.end(syscall.SIGTERM)
	p.past = append(p.past, p.s.process.all()...)
	p.s.flags = []string{"--log", "debug", "--role", roles}
	p.must(p.s.start())
}

// visits has a device open a page.
func (p *private) visits(device, name string) {
	p.t.Helper()
	p.eventually(device+" opens "+name, func() bool {
		page, err := p.home.Browse(p.ctx, device, "http://"+name+"/", nil)
		return err == nil && page.Status == http.StatusOK
	})
}

// says has a device begin a TLS connection to a name without asking for it, as malware with an address of its own does.
func (p *private) says(device, name string) {
	p.t.Helper()
	space, err := p.home.Space(device)
	p.must(err)
	ctx, cancel := context.WithTimeout(p.ctx, 2*time.Second)
	defer cancel()
	c, err := space.Dial(ctx, "tcp", net.JoinHostPort(p.address(name), "443"))
	if err != nil {
		return // it is shut in already
	}
	defer c.Close()
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // what was cut would say goodbye for a minute and more, also after it is let out: a contact of its own
	}
	_ = c.SetDeadline(time.Now().Add(time.Second))
	_ = tls.Client(c, &tls.Config{RootCAs: p.home.Internet.CA.Pool(), ServerName: name}).Handshake() // it is cut
}

// address is that of a name, as text.
func (p *private) address(name string) string {
	i := slices.IndexFunc(p.home.Plan.Sites, func(s plan.Site) bool { return s.Name == name })
	return p.home.Plan.Sites[i].V4.String()
}

// told says whether the cloud has all that waited for it.
func (p *private) told() bool {
	c := p.status().Cloud
	return c != nil && c.Items == 0
}

// private says whether Privacy Mode is in force on the gateway.
func (p *private) private() bool {
	b, err := os.ReadFile(filepath.Join(lab.State, "household.bin"))
	if err != nil {
		return false
	}
	h, err := household.Parse(b)
	return err == nil && h.Private()
}

// order asks for something and waits until it is in force.
func (p *private) order(in view.NewOrder) {
	p.t.Helper()
	var o view.Order
	p.eventually(in.Verb+" is taken", func() bool {
		status, err := p.s.call(p.ctx, http.MethodPost, "/v1/homes/"+p.s.place.Home+"/orders", "", in, &o)
		return err == nil && status == http.StatusAccepted
	})
	p.inForceOrder(o.ID)
}

func (p *private) inForceOrder(id string) {
	p.t.Helper()
	var o view.Order
	p.eventually("the gateway has done "+id, func() bool {
		if o.Status == "failed" {
			p.t.Fatalf("order %s: %s", o.Verb, o.Reason)
		}
		return p.s.get("/orders/"+id, &o) && o.Status == "in_force"
	})
}

// erase erases, and waits until the gateway has, too.
func (p *private) erase(path string, body any) {
	p.t.Helper()
	var e view.Erased
	_, err := p.s.call(p.ctx, http.MethodDelete, "/v1/homes/"+p.s.place.Home+path, "", body, &e)
	p.must(err)
	if e.Gateway != "asked" || e.Order == "" {
		p.t.Fatalf("erase %s: %+v", path, e)
	}
	p.inForceOrder(e.Order)
}

// archive is the export's files by name.
func (p *private) archive() map[string]string {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.ctx, http.MethodGet, "http://"+apiAddress+"/v1/homes/"+p.s.place.Home+"/export", nil)
	p.must(err)
	resp, err := p.s.client.Do(req)
	p.must(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	p.must(err)
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		p.t.Fatalf("archive: %s %v", resp.Status, err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		p.must(err)
		b, err := io.ReadAll(r)
		p.must(errors.Join(err, r.Close()))
		files[f.Name] = string(b)
	}
	return files
}

// inArchive says in which of the archive's files a name is.
func inArchive(files map[string]string, name string) string {
	var list []string
	for file, text := range files {
		if strings.Contains(text, name) {
			list = append(list, file)
		}
	}
	slices.Sort(list)
	return fmt.Sprint(list)
}
