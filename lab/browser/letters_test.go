package browser_test

import (
	"bufio"
	"io"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// office takes letters as a mail server does, and keeps them for those they are for.
type office struct {
	addr string

	mu  sync.Mutex
	got map[string][]string // by whom they are for: their text
}

// openOffice takes letters until the test ends.
func openOffice(t *testing.T) *office {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o := &office{addr: l.Addr().String(), got: map[string][]string{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { o.serve(c) })
		}
	})
	t.Cleanup(func() { l.Close(); all.Wait() }) // whoever hands in has ended before
	return o
}

func (o *office) serve(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(patience)) // a connection that is broken ends anyway
	in := textproto.NewReader(bufio.NewReader(c))
	say := func(s string) { _, _ = io.WriteString(c, s+"\r\n") } // who is gone hears nothing
	for say("220 mail.example"); ; {
		line, err := in.ReadLine()
		switch {
		case err != nil:
			return
		case strings.HasPrefix(line, "DATA"):
			say("354 go on")
			m, err := mail.ReadMessage(in.DotReader())
			if err != nil {
				say("554 " + err.Error())
				return
			}
			text, err := io.ReadAll(quotedprintable.NewReader(m.Body))
			if err != nil {
				say("554 " + err.Error())
				return
			}
			o.mu.Lock()
			to := strings.Trim(m.Header.Get("To"), "<>")
			o.got[to] = append(o.got[to], string(text))
			o.mu.Unlock()
			say("250 taken")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return
		default:
			say("250 mail.example")
		}
	}
}

var linkRE = regexp.MustCompile(`http://\S+`)

// link is that of the newest letter to somebody that leads to a page.
func (o *office) link(t *testing.T, to, page string) string {
	t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		o.mu.Lock()
		list := o.got[to]
		o.mu.Unlock()
		for i := len(list) - 1; i >= 0; i-- {
			if l := linkRE.FindString(list[i]); strings.Contains(l, "/"+page+"#") {
				return l
			}
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	t.Fatalf("no letter to %s leads to %s: %q", to, page, o.got)
	return ""
}
