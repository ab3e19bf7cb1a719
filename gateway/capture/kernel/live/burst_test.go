package live_test

import (
	"net/netip"
	"testing"
	"time"

	"cardea/gateway/capture/kernel"

	"golang.org/x/sys/unix"
)

// BenchmarkBurst sends a packet of a new flow each time, as fast as one device can or so many a second; run it with
// -benchtime 50000x. It tells
// what of it was proven, lost and shed, and the processor time of it all, kernel included.
func BenchmarkBurst(b *testing.B) {
	for _, c := range []struct {
		name string
		cfg  kernel.Config
		rate int // flows a second; 0: all it can
	}{
		{"as-set", kernel.Config{}, 0},
		{"no-limit", kernel.Config{PerPort: kernel.Rate{PerSecond: 1 << 20}, MaxFlows: 1 << 18, FlowsPerPort: 1 << 18}, 0},
		{"100-a-second", kernel.Config{}, 100},
		{"3000-a-second", kernel.Config{}, 3000},
		{"10000-a-second", kernel.Config{}, 10_000},
	} {
		b.Run(c.name, func(b *testing.B) {
			r := newRig(b)
			k, s := r.capture(b, c.cfg)
			s.mu.Lock()
			s.count = true
			s.mu.Unlock()
			from, err := r.cam.ListenPacket("udp4", camAddr.String()+":5555", "")
			if err != nil {
				b.Fatal(err)
			}
			defer from.Close()
			var before, after unix.Rusage
			unix.Getrusage(unix.RUSAGE_SELF, &before)
			b.ResetTimer()
			start := time.Now()
			for i := range b.N {
				if c.rate > 0 {
					time.Sleep(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(c.rate))))
				}
				to := netip.AddrFrom4([4]byte{203, 1, byte(i >> 8), byte(i)})
				if _, err := from.WriteToUDPAddrPort([]byte("x"), netip.AddrPortFrom(to, uint16(1+i>>16))); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			time.Sleep(time.Second) // the last batches, and the flows that are held
			unix.Getrusage(unix.RUSAGE_SELF, &after)
			st := k.Stats()
			s.mu.Lock()
			proven := s.proven
			s.mu.Unlock()
			cpu := time.Duration(after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano())
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "flows/s")
			b.ReportMetric(float64(proven), "proven")
			b.ReportMetric(float64(st.Unproven), "unproven")
			b.ReportMetric(float64(st.LostPackets), "lost")
			b.ReportMetric(float64(st.Shed), "shed")
			b.ReportMetric(float64(st.Overruns), "overruns")
			b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-us/flow")
		})
	}
}
