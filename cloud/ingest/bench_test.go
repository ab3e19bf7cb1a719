package ingest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"cardea/home"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// item is one of the kinds that homes send, about as often as they send it.
func item(sequence uint64, now time.Time) *pb.Item {
	ms := now.UnixMilli()
	i := &pb.Item{Sequence: sequence, Time: ms}
	device := func() string { return fmt.Sprintf("018f0000-0000-7000-8000-%012d", rand.IntN(18)) }
	switch n := rand.IntN(100); {
	case n < 45: // six devices' hour
		r := &pb.RollUp{Scheme: home.CollapseScheme}
		for range 6 {
			h := &pb.DeviceHour{Device: device(), Hour: ms, Up: rand.Uint64N(1 << 20), Down: rand.Uint64N(1 << 24)}
			for range 4 {
				h.Usage = append(h.Usage, &pb.Usage{Endpoint: rand.Uint64N(400), Flows: 3, Up: 1000, Down: 100000})
			}
			r.Hours = append(r.Hours, h)
		}
		i.Body = &pb.Item_RollUp{RollUp: r}
	case n < 75:
		f := &pb.FirstTimes{Scheme: home.CollapseScheme}
		for range 2 {
			f.FirstTimes = append(f.FirstTimes, &pb.FirstTime{Device: device(), Endpoint: rand.Uint64N(400), Week: wire.Week(now)})
		}
		i.Body = &pb.Item_FirstTimes{FirstTimes: f}
	case n < 90:
		i.Body = &pb.Item_Stopped{Stopped: &pb.Stopped{Trackers: 5, Stops: []*pb.Stop{{Device: device(), Endpoint: "tracker.example", Class: "tracker", Count: 2, First: ms, Last: ms}}}}
	case n < 96:
		i.Body = &pb.Item_Devices{Devices: &pb.Devices{Devices: []*pb.Device{{Id: device(), Name: "Camera", Vendor: "Vendor", Macs: []string{"02:00:00:00:00:01"}, Addresses: []string{"192.168.1.20"}, Last: ms}}}}
	case n < 98:
		i.Body = &pb.Item_Finding{Finding: &pb.Finding{Id: fmt.Sprint("f", sequence), Device: device(), Incident: "i1", Detector: "scan-wan", Strength: "hard", Sentence: "It scans."}}
	default:
		i.Body = &pb.Item_Incident{Incident: &pb.Incident{Id: "i1", Code: "K7QM", Device: device(), State: "contained", Mode: "quarantine", Opened: ms, Changed: ms,
			History: []*pb.Transition{{Time: 1, From: "open", To: "contained", By: "gateway"}}}}
	}
	return i
}

// BenchmarkBatch stores reports of one item of 6,000 homes: one operation is one report.
func BenchmarkBatch(b *testing.B) {
	w := open(b, dbtest.SQLite(b), time.Now, nil)
	w.hold(b)
	const homes, batch = 6000, 500
	gateways := make([]home.Place, homes)
	for i := range gateways {
		gateways[i] = place(fmt.Sprint(i%5), fmt.Sprint(i), fmt.Sprint(i))
	}
	next := make([]uint64, homes)
	store := func(n int) {
		for part := 0; n > 0; part = (part + 1) % wire.Partitions {
			var msgs []Msg
			for range min(n, batch) {
				i := rand.IntN(homes/wire.Partitions)*wire.Partitions + part
				next[i]++
				data, err := proto.Marshal(&pb.Report{Protocol: wire.Protocol, Epoch: 1, Sent: time.Now().UnixMilli(), Items: []*pb.Item{item(next[i], time.Now())}})
				if err != nil {
					b.Fatal(err)
				}
				msgs = append(msgs, Msg{Subject: wire.Up(gateways[i]), Data: data})
			}
			n -= len(msgs)
			b.StartTimer()
			before := cpu()
			if err := w.Store(context.Background(), part, msgs); err != nil {
				b.Fatal(err)
			}
			used += cpu() - before
			b.StopTimer()
		}
	}
	b.StopTimer()
	store(4 * homes) // a fleet that has been there before
	b.ResetTimer()
	used = 0
	store(b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "reports/s")
	b.ReportMetric(float64(used.Microseconds())/float64(b.N), "CPU-µs/report")
	if s := w.Stats(); s.Refused > 0 || s.Skipped > 0 || s.Missing > 0 {
		b.Fatalf("%+v", s)
	}
}

var used time.Duration

// cpu is the time that this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
