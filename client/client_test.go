package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestWhereATokenMayGo(t *testing.T) {
	for base, good := range map[string]bool{"https://home.example.net": true, "http://127.0.0.1:8080": true, "http://localhost:8080": true, "http://[::1]:1": true,
		"http://home.example.net": false, "home.example.net": false, "": false, "ftp://home.example.net": false, "https://": false} {
		if _, err := New(base, "x"); (err == nil) != good {
			t.Errorf("%q: %v", base, err)
		}
	}
}

// What answers need not be a cloud: a page of a proxy, a redirect, an endless one.
func TestAnswersThatAreNone(t *testing.T) {
	var answer func(http.ResponseWriter)
	var asked int
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.Header.Get("Authorization") != "Bearer tok" {
			t.Errorf("%v", r.Header)
		}
		answer(w)
	}))
	defer s.Close()
	c, err := New(s.URL, "tok")
	if err != nil {
		t.Fatal(err)
	}
	problem := func(f func(http.ResponseWriter)) *Problem {
		t.Helper()
		answer = f
		_, err := c.GetStaffSessionWithResponse(t.Context())
		var p *Problem
		if !errors.As(err, &p) {
			t.Fatalf("%v", err)
		}
		return p
	}
	p := problem(func(w http.ResponseWriter) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusBadGateway)
		_, _ = w.Write([]byte("<h1>Bad</h1>"))
	})
	if p.Status != http.StatusBadGateway || p.Kind != "" || p.After != 7*time.Second || p.Title != "Bad Gateway" {
		t.Errorf("%+v", p)
	}
	before := asked
	if p := problem(func(w http.ResponseWriter) { w.Header().Set("Location", s.URL+"/x"); w.WriteHeader(http.StatusFound) }); p.Status != http.StatusFound || asked != before+1 {
		t.Errorf("%+v: the redirect was followed %d times", p, asked-before-1)
	}
	p = problem(func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"type":"/problems/invalid","title":"T","status":422,"detail":"D","errors":[{"location":"body.name","message":"M"}]}`))
	})
	if p.Kind != "invalid" || p.Detail != "D" || len(p.Fields) != 1 || !Is(p, "invalid") || Is(p, "not-found") || !strings.Contains(p.Error(), "GET /v1/staff/session: 422 T: D; body.name: M") {
		t.Errorf("%v", p)
	}
	b := &bounded{http.NoBody, 0}
	if _, err := b.Read(make([]byte, 1)); err == nil {
		t.Error("an answer without end is read for ever")
	}
}

func TestPages(t *testing.T) {
	last := errors.New("the line broke")
	for _, c := range []struct {
		name string
		fail int // the page that fails; -1 none
		loop bool
		want int
		err  bool
	}{{"all", -1, false, 6, false}, {"first fails", 0, false, 0, true}, {"third fails", 2, false, 4, true}, {"a loop", -1, true, 2, true}} {
		n, got := 0, 0
		var failed error
		for _, err := range Pages(func(cursor *string) ([]int, *string, error) {
			if (cursor == nil) != (n == 0) {
				t.Errorf("%s: page %d has the cursor %v", c.name, n, cursor)
			}
			if n == c.fail {
				return nil, nil, last
			}
			n++
			next := strings.Repeat("x", n)
			if c.loop {
				next = "x"
			}
			if n == 3 && !c.loop {
				return []int{1, 2}, nil, nil
			}
			return []int{1, 2}, &next, nil
		}) {
			if err != nil {
				failed = err
				continue
			}
			got++
		}
		if got != c.want || (failed != nil) != c.err {
			t.Errorf("%s: %d items, %v", c.name, got, failed)
		}
	}
	for range Pages(func(*string) ([]int, *string, error) { next := "x"; return []int{1, 2}, &next, nil }) {
		break // whoever has seen enough asks no more
	}
}
