package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"cardea/cloud"
	"cardea/lab/bench/cell"

	"golang.org/x/sys/unix"
)

// serving is a cloud with all of its roles, in this process, on loopback.
type serving struct {
	url    string
	client *http.Client
	stop   context.CancelFunc
	ended  chan error
}

const readyWithin = time.Minute

func serve(ctx context.Context, c *cell.Cell) (*serving, error) { return serveAs(ctx, c.Config()) }

func serveAs(ctx context.Context, cfg cloud.Config) (_ *serving, err error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	defer f.Close()
	fd, err := unix.Dup(int(f.Fd())) // the server closes the number that it is given
	if err != nil {
		return nil, fmt.Errorf("serve: %w", err)
	}
	cfg.HTTP, cfg.Public = []string{fmt.Sprintf("fd:%d", fd)}, "http://"+l.Addr().String()
	cfg.ProxiedBy = []string{"127.0.0.1"} // each resident asks from an address of their own, as limits count by address
	ctx, stop := context.WithCancel(ctx)
	server, err := cloud.New(ctx, cfg, "bench", slog.New(slog.DiscardHandler))
	if err != nil {
		stop()
		return nil, fmt.Errorf("serve: %w", err)
	}
	s := &serving{url: cfg.Public, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, Timeout: readyWithin}, stop: stop, ended: make(chan error, 1)}
	go func() { s.ended <- server.Run(ctx) }()
	for end := time.Now().Add(readyWithin); ; time.Sleep(10 * time.Millisecond) {
		if _, _, err = s.do(ctx, request{method: http.MethodGet, path: "/readyz"}); err == nil {
			return s, nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return nil, errors.Join(fmt.Errorf("the cloud is not ready: %w", err), s.close())
		}
		select {
		case err := <-s.ended:
			s.ended <- err
			return nil, errors.Join(fmt.Errorf("the cloud ended: %w", err), s.close())
		default:
		}
	}
}

func (s *serving) close() error {
	s.client.CloseIdleConnections()
	s.stop()
	return <-s.ended
}

// request is one that an app sends.
type request struct {
	method, path, cookie, from string
	body                       any
	stream                     bool // it is over when the first event, or the greeting, is there
}

const maxAnswer = 16 << 20

// do sends it and tells how long its answer took, to the last byte.
func (s *serving) do(ctx context.Context, q request) (answer []byte, took time.Duration, err error) {
	var body io.Reader
	if q.body != nil {
		b, err := json.Marshal(q.body)
		if err != nil {
			return nil, 0, err
		}
		body = bytes.NewReader(b)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, q.method, s.url+q.path, body)
	if err != nil {
		return nil, 0, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if q.cookie != "" {
		r.Header.Set("Cookie", q.cookie)
	}
	if q.from != "" {
		r.Header.Set("X-Forwarded-For", q.from)
	}
	begun := time.Now()
	resp, err := s.client.Do(r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	if q.stream {
		answer = make([]byte, 1)
		_, err = io.ReadFull(resp.Body, answer)
	} else {
		answer, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	}
	took = time.Since(begun)
	if err == nil && resp.StatusCode/100 != 2 {
		err = errors.New(resp.Status)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("%s %s: %w: %.300s", q.method, q.path, err, answer)
	}
	return answer, took, nil
}
