package uplink

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

const many = 200

// manyLinks is the child of TestManyLinksInOneProcess: it tells bytes and goroutines of a link.
func manyLinks(dir string) {
	id, err := LoadIdentity(dir)
	if err != nil {
		panic(err)
	}
	cfg := quick()
	cfg.Heartbeat, cfg.Retry = time.Hour, time.Hour
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	goroutines := runtime.NumGoroutine()
	var links []*Link
	for range many {
		l := New(cfg, id, newMemory(), agent{}, quiet())
		links = append(links, l)
		go l.Run(context.Background())
	}
	for _, l := range links {
		for !l.Status().Connected {
			time.Sleep(5 * time.Millisecond)
		}
	}
	time.Sleep(500 * time.Millisecond) // what connecting needed goes
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	fmt.Println((after.HeapAlloc+after.StackInuse-before.HeapAlloc-before.StackInuse)/many, (runtime.NumGoroutine()-goroutines)/many)
	runtime.KeepAlive(links)
	os.Exit(0)
}

// TestManyLinksInOneProcess: thousands of homes can be simulated in one process.
func TestManyLinksInOneProcess(t *testing.T) {
	c := newCloud(t)
	dir := t.TempDir()
	id := c.ca.identity(t, c.place, c.addr)
	if err := id.Save(dir); err != nil {
		t.Fatal(err)
	}
	p := exec.Command(os.Args[0])
	p.Env = append(os.Environ(), "UPLINK_TEST_MANY="+dir)
	p.Stderr = os.Stderr
	out, err := p.Output()
	if err != nil {
		t.Fatal(err)
	}
	var bytes, goroutines int
	if _, err := fmt.Sscan(string(out), &bytes, &goroutines); err != nil {
		t.Fatal(string(out))
	}
	t.Logf("%d bytes and %d goroutines a link, with its connection", bytes, goroutines)
	if bytes > 160<<10 || goroutines > 10 {
		t.Error("that is too much")
	}
}
