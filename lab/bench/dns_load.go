package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"

	"cardea/gateway/resolve/message"
	"cardea/gateway/resolve/sock"
)

const (
	dnsClients = 4  // sockets that ask
	dnsWindow  = 64 // questions that each of them has open at a time
)

// dnsProcess is a server under test.
type dnsProcess struct {
	cmd   *exec.Cmd
	stdin interface{ Close() error }
	addr  netip.AddrPort
}

func dnsStart(cmd *exec.Cmd, at netip.AddrPort) (*dnsProcess, error) {
	p := &dnsProcess{cmd: cmd, addr: at}
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	p.stdin = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if at.IsValid() {
		return p, nil
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		p.addr, err = netip.ParseAddrPort(strings.TrimSpace(line))
	}
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("the server did not start (does the program call DNSServerMain?): %w", err)
	}
	return p, nil
}

// stop ends it; by itself, by a signal or by force is not what is measured, nor whether it had ended before.
func (p *dnsProcess) stop() {
	_ = p.stdin.Close()
	_ = p.cmd.Process.Signal(os.Interrupt)
	t := time.AfterFunc(3*time.Second, func() { _ = p.cmd.Process.Kill() })
	defer t.Stop()
	_ = p.cmd.Wait()
}

// cpu is the CPU time used so far, in seconds (proc(5): utime and stime in ticks of 10 ms).
func (p *dnsProcess) cpu() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	f := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(f) < 13 {
		return 0, errors.New("unexpected /proc/PID/stat")
	}
	user, err1 := strconv.ParseFloat(string(f[11]), 64)
	system, err2 := strconv.ParseFloat(string(f[12]), 64)
	return (user + system) / 100, errors.Join(err1, err2)
}

// memory reads a line of /proc/PID/status, in bytes; 0 when there is none.
func (p *dnsProcess) memory(key string) int64 {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == key {
			n, _ := strconv.ParseInt(f[1], 10, 64)
			return n << 10
		}
	}
	return 0
}

// dnsLoad asks a server.
type dnsLoad struct{ server netip.AddrPort }

type dnsTally struct{ sent, answered uint64 }

// untilAnswer waits until the server answers.
func (l *dnsLoad) untilAnswer(ctx context.Context, patience time.Duration) error {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(l.server))
	if err != nil {
		return err
	}
	defer c.Close()
	q, buf := dnsQuery(nil, 1, "ready.test-site.net"), make([]byte, 1500)
	for end := time.Now().Add(patience); time.Now().Before(end) && ctx.Err() == nil; {
		if err := c.SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			return err
		}
		_, err := c.Write(q)
		if err == nil {
			_, err = c.Read(buf)
		}
		if err == nil {
			return nil
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			time.Sleep(20 * time.Millisecond) // nobody listens yet
		}
	}
	return errors.New("no answer")
}

// run asks for names 0, 1, 2 … for a time.
func (l *dnsLoad) run(ctx context.Context, name func(uint64) string, d time.Duration) (sum dnsTally, err error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for k := range dnsClients {
		wg.Go(func() {
			t, e := l.client(ctx, func(i uint64) string { return name(i*dnsClients + uint64(k)) }, end)
			mu.Lock()
			defer mu.Unlock()
			sum.sent, sum.answered = sum.sent+t.sent, sum.answered+t.answered
			err = errors.Join(err, e)
		})
	}
	wg.Wait()
	return sum, err
}

// client sends a window of questions, waits for all the answers (0.3 s at most), and so on.
func (l *dnsLoad) client(ctx context.Context, name func(uint64) string, end time.Time) (t dnsTally, err error) {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(l.server))
	if err != nil {
		return t, err
	}
	defer c.Close()
	pc := ipv4.NewPacketConn(c)
	out, in := make([]ipv4.Message, dnsWindow), make([]ipv4.Message, dnsWindow)
	for i := range out {
		out[i].Buffers, in[i].Buffers = [][]byte{make([]byte, 0, 300)}, [][]byte{make([]byte, 1500)}
	}
	for n := uint64(0); ctx.Err() == nil && time.Now().Before(end); {
		first := n
		for i := range out {
			out[i].Buffers[0] = dnsQuery(out[i].Buffers[0][:0], uint16(n), name(n))
			n++
		}
		for sent := 0; sent < dnsWindow; {
			k, err := pc.WriteBatch(out[sent:], 0)
			if err != nil {
				return t, err
			}
			sent += k
		}
		t.sent += dnsWindow
		if err := c.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
			return t, err
		}
		for got := 0; got < dnsWindow; {
			k, err := pc.ReadBatch(in, 0)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				break
			}
			if err != nil {
				return t, err
			}
			for _, m := range in[:k] {
				if m.N >= message.HeaderLen && binary.BigEndian.Uint16(m.Buffers[0])-uint16(first) < dnsWindow && m.Buffers[0][3]&15 != message.ServFail && m.Buffers[0][3]&15 != message.Refused {
					got++
					t.answered++
				} else if m.N >= message.HeaderLen && binary.BigEndian.Uint16(m.Buffers[0])-uint16(first) < dnsWindow {
					got++
				}
			}
		}
	}
	return t, nil
}

func dnsQuery(b []byte, id uint16, name string) []byte {
	b = append(binary.BigEndian.AppendUint16(b, id), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0)
	b, _ = message.AppendWire(b, name)
	return append(b, 0, byte(message.TypeA), 0, byte(message.ClassIN))
}

// dnsUpstream answers every question with one address, in this process: its CPU time is nobody's under test.
type dnsUpstream struct {
	u    *sock.UDP
	addr netip.AddrPort
	done chan struct{} // closed when it has ended
	// silent: it reads and does not answer
	silent atomic.Bool
}

func newDNSUpstream() (*dnsUpstream, error) {
	u, err := sock.ListenUDP(netip.MustParseAddrPort("127.0.0.1:0"), false)
	if err != nil {
		return nil, err
	}
	s := &dnsUpstream{u: u, addr: u.Addr(), done: make(chan struct{})}
	go s.serve()
	return s, nil
}

func (s *dnsUpstream) serve() {
	defer close(s.done)
	b := s.u.NewBatch(64)
	var q message.Question
	for {
		n, err := b.Read()
		if err != nil {
			return
		}
		for i := range n {
			msg, peer := b.In(i)
			if q.Parse(msg) != nil || s.silent.Load() {
				continue
			}
			reply := message.Begin(b.Reply(peer), &q, message.NoError, 0)
			reply = message.AppendAddr(reply, netip.AddrFrom4([4]byte{198, 51, 100, 1}), 3600)
			b.Queue(peer, message.AppendOPT(reply, &q, 0, message.EDENone, ""))
		}
		_ = b.Flush() // what is lost is a question that nobody answered, and counted so
	}
}

func (s *dnsUpstream) close() {
	_ = s.u.Close() // ends serve
	<-s.done
}

// dnsWriteList writes the list in dnsmasq's form, which both servers read.
func dnsWriteList(path string, n int) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for i := range n {
		fmt.Fprintf(w, "address=/%s/#\n", dnsListed(i))
	}
	return errors.Join(w.Flush(), f.Close())
}

// dnsFreePort finds a port on loopback that is free now.
func dnsFreePort() (netip.AddrPort, error) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return netip.AddrPort{}, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort(), nil
}
