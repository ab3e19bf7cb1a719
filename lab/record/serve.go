package record

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"cardea/lab"
)

// folder makes a folder in the stage's own.
func (s *Stage) folder(name string) error { return os.MkdirAll(s.file(name), 0o755) }

// listen serves connections at a cable's end until the stage ends.
func (s *Stage) listen(at *lab.Foreign, to netip.AddrPort, serve func(net.Conn)) error {
	place, err := s.house.Space(at.Name)
	if err != nil {
		return err
	}
	l, err := place.Listen("tcp4", to.String())
	if err != nil {
		return err
	}
	s.serve(l, serve)
	return nil
}

func (s *Stage) serve(l net.Listener, serve func(net.Conn)) {
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // closed: the stage ends
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(patience)) // else the connection's own errors end it
				serve(c)
			})
		}
	})
	s.closers = append(s.closers, func() { l.Close(); all.Wait() })
}

// site serves one page over HTTP, over TLS with a configuration.
func (s *Stage) site(at *lab.Foreign, to netip.AddrPort, conf *tls.Config, page http.HandlerFunc) error {
	return s.listen(at, to, func(c net.Conn) {
		if conf != nil {
			c = tls.Server(c, conf)
		}
		defer c.Close()
		in := bufio.NewReader(io.LimitReader(c, 1<<16))
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			w := &reply{header: http.Header{}, status: http.StatusOK}
			page(w, r)
			out := bufio.NewWriter(c) // small answers come in one piece
			if errors.Join(w.send(out), out.Flush()) != nil {
				return
			}
		}
	})
}

// reply is a small answer: what the standard library's own server adds, as today's date, would differ in each recording.
type reply struct {
	header http.Header
	status int
	body   strings.Builder
}

func (w *reply) Header() http.Header         { return w.header }
func (w *reply) WriteHeader(status int)      { w.status = status }
func (w *reply) Write(b []byte) (int, error) { return w.body.Write(b) }

func (w *reply) send(to io.Writer) error {
	r := http.Response{StatusCode: w.status, ProtoMajor: 1, ProtoMinor: 1, Header: w.header,
		Body: io.NopCloser(strings.NewReader(w.body.String())), ContentLength: int64(w.body.Len())}
	return r.Write(to)
}

// script is a server that says a line to begin with, and answers each line by how it begins. "" answers all others.
type script struct {
	greet   string
	answers [][2]string // the answer "" is none
	echo    bool        // the answer repeats the line's first word, as an IMAP server does
}

func (k script) serve(c net.Conn) {
	if _, err := io.WriteString(c, k.greet); err != nil {
		return
	}
	in := bufio.NewReader(io.LimitReader(c, 1<<16))
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		tag := ""
		if k.echo {
			tag, line, _ = strings.Cut(line, " ")
			tag += " "
		}
		if _, err := io.WriteString(c, k.answer(tag, line)); err != nil {
			return
		}
	}
}

func (k script) answer(tag, line string) string {
	for _, a := range k.answers {
		if strings.HasPrefix(strings.ToUpper(line), a[0]) {
			if a[1] == "" {
				return ""
			}
			return strings.ReplaceAll(a[1], "TAG ", tag)
		}
	}
	return ""
}
