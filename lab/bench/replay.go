package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"cardea/lab/bench/synth"
)

// replayer is a program that reads a capture.
type replayer struct {
	name string
	what string
	argv func(file string) []string
}

var replayPeers = []replayer{
	{"ndpiReader", "flows and application protocols, names (Debian libndpi-bin)", func(f string) []string { return []string{"ndpiReader", "-q", "-i", f} }},
	{"tcpdump", "each packet printed, no flows, no state", func(f string) []string { return []string{"tcpdump", "-nn", "-q", "-r", f} }},
}

// Replay measures `cardea replay --json` on a capture that it makes: packets per second of processor time and peak memory,
// beside other programs that read captures.
func Replay(ctx context.Context, o Options) (*Report, error) {
	o.defaults(60)
	end := time.Now().Add(time.Duration(o.Seconds) * time.Second)
	r := newReport("replay", o)
	dir, err := os.MkdirTemp("", "cardea-bench-")
	if err != nil {
		return nil, fmt.Errorf("temporary folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a temporary folder
	file := filepath.Join(dir, "generated.pcap")
	made, err := generate(file, synth.Options{Flows: o.scaled(96_000)})
	if err != nil {
		return nil, err
	}
	r.Input = made
	o.Say("generated %d packets, %d flows with different 5-tuples", made.Packets, made.Flows)
	programs := []replayer{{"cardea replay", "", func(f string) []string {
		return append(append([]string(nil), o.Cardea...), "replay", "--json", f)
	}}}
	for _, p := range replayPeers {
		if _, err := exec.LookPath(p.name); err != nil {
			r.note(p.name + " is not installed: not compared")
			continue
		}
		programs = append(programs, p)
		r.note(p.name + ": " + p.what)
	}
	rate, rss, err := readers(ctx, o, programs, file, made.Packets, end)
	if err != nil {
		return nil, err
	}
	speed := measure("packets per CPU-second, all detectors, JSON written", "packets/CPU-s", rate[0]).atLeast(2e6)
	memory := measure("peak resident memory", "bytes", rss[0]).atMost(64 << 20)
	for i, p := range programs[1:] {
		speed, memory = speed.beside(p.name, rate[i+1]), memory.beside(p.name, rss[i+1])
	}
	r.add(speed)
	r.add(memory)
	r.note("the capture is generated (seeded): every flow has a 5-tuple of its own, TLS and QUIC flows begin with a real ClientHello")
	return r.done(), nil
}

// readers lets the programs read the file in turns, at least once. It gives packets a second of processor time and the
// peak of memory, by program and round.
func readers(ctx context.Context, o Options, programs []replayer, file string, packets uint64, end time.Time) (rate, rss [][]float64, err error) {
	rate, rss = make([][]float64, len(programs)), make([][]float64, len(programs))
	var longest time.Duration
	for round := 0; round < 9 && (round == 0 || time.Now().Add(longest).Before(end)); round++ {
		began := time.Now()
		for i, p := range programs {
			u, err := watch(ctx, p.argv(file)...)
			if err != nil {
				return nil, nil, err
			}
			speed := float64(packets) / max(u.CPU, 1e-3) // the kernel may round a tiny run to nothing
			rate[i], rss[i] = append(rate[i], speed), append(rss[i], u.RSS)
			o.Say("round %d: %-14s %6.0f k packets per CPU-second, %4.0f MiB", round+1, p.name, speed/1e3, u.RSS/(1<<20))
		}
		longest = max(longest, time.Since(began))
	}
	return rate, rss, nil
}

func generate(file string, o synth.Options) (synth.Stats, error) {
	f, err := os.Create(file)
	if err != nil {
		return synth.Stats{}, fmt.Errorf("capture file: %w", err)
	}
	defer f.Close()
	made, err := synth.Write(f, o)
	if err != nil {
		return made, err
	}
	return made, f.Close()
}
