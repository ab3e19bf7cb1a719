package broker_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/freeport"
	"cardea/internal/platform/bus"
	"cardea/wire"
)

// use is what the broker's program has used: processor time and memory.
func (b *process) use(t testing.TB) (cpu time.Duration, rss int64) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", b.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	f := strings.Fields(after) // from the third field on
	number := func(i int) int64 {
		n, err := strconv.ParseInt(f[i], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return time.Duration(number(11)+number(12)) * 10 * time.Millisecond, number(21) * int64(os.Getpagesize())
}

// BenchmarkBroker measures a broker in a program of its own: what a connected home costs, and an acknowledged report of 300
// bytes. BUS_HOMES says how many homes connect.
func BenchmarkBroker(b *testing.B) {
	homes := 500
	if n, err := strconv.Atoi(os.Getenv("BUS_HOMES")); err == nil {
		homes = n
	}
	a := newAuthority(b)
	srv := newBroker(b, a, childConfig{Name: "one", Listen: freeport.Must(b)})
	srv.start(b)
	cloud := dial(b, config(b, a, nil, srv.conf.Listen))
	if err := cloud.EnsureStream(context30(b), bus.StreamConfig{}); err != nil {
		b.Fatal(err)
	}
	places, conns := make([]home.Place, homes), make([]*bus.Conn, homes)
	cpu, rss := srv.use(b)
	var g sync.WaitGroup
	for w := range 16 {
		g.Go(func() {
			for i := w; i < homes; i += 16 {
				places[i] = newPlace()
				conns[i] = dial(b, config(b, a, &places[i], srv.conf.Listen))
				if _, err := conns[i].Subscribe(wire.Down(places[i]), "", func(bus.Msg) {}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	g.Wait()
	cpu2, rss2 := srv.use(b)
	connect := float64((cpu2 - cpu).Microseconds()) / float64(homes)
	data := make([]byte, 300)
	n := 0
	for b.Loop() {
		for w := range 64 {
			g.Go(func() {
				i := (n + w) % homes
				if err := conns[i].PublishAck(b.Context(), wire.Up(places[i]), "", data); err != nil {
					b.Error(err)
				}
			})
		}
		g.Wait()
		n += 64
	}
	cpu3, _ := srv.use(b)
	b.ReportMetric(float64(rss2-rss)/float64(homes), "B/home")
	b.ReportMetric(connect, "cpu-µs/connect")
	b.ReportMetric(float64((cpu3-cpu2).Microseconds())/float64(n), "cpu-µs/report")
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "reports/s")
}
