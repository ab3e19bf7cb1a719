package file

import (
	"bytes"
	"context"
	"encoding/binary"
	"testing"

	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// at writes frames with the given times, in seconds, into a pcap file.
func at(seconds []int64, frames ...[]byte) []byte {
	b := pcapOf(dissect.LinkEthernet, 0)
	for i, s := range seconds {
		f := frames[i%len(frames)]
		b = binary.LittleEndian.AppendUint32(b, uint32(s))
		b = append(b, 0, 0, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	return b
}

// Ticks come once a second, stay bounded in gaps of years, and are in step with the flows' timeouts.
func TestTicks(t *testing.T) {
	const year = 365 * 24 * 3600
	for name, c := range map[string]struct {
		seconds     []int64
		ticks, ends int
	}{
		"one packet":             {[]int64{1000}, 1, 1},
		"one second":             {[]int64{1000, 1000, 1001}, 2, 1},
		"a minute":               {[]int64{1000, 1059}, 60, 1},
		"a timeout":              {[]int64{1000, 1100}, 101, 2},
		"a year":                 {[]int64{1000, 1000 + year}, maxGap + 2, 2},
		"reordered":              {[]int64{1000, 999, 970, 1001}, 2, 1},
		"set back":               {[]int64{1000 + year, 1000, 1001}, 3, 1},
		"to and fro":             {[]int64{1000, year, 1000, year, 1000}, 2*(maxGap+1) + 2 + 1, 3},
		"back by less than idle": {[]int64{1000, 900, 1001}, 1 + 101 + 1, 2},
	} {
		ticks, ends := 0, 0
		_, err := Replay(context.Background(), bytes.NewReader(at(c.seconds, probe)), sinkFunc(func(e *home.Event) {
			switch {
			case e.Kind == home.EventTick:
				ticks++
			case e.Kind == home.EventFlow && e.Flow.State == home.FlowEnd:
				ends++
			}
		}), Options{})
		if err != nil || ticks != c.ticks || ends != c.ends {
			t.Errorf("%s: %v, %d ticks, want %d; %d flows ended, want %d", name, err, ticks, c.ticks, ends, c.ends)
		}
	}
}

// A file cannot buy hours of work by jumping to and fro.
func TestTickBudget(t *testing.T) {
	var seconds []int64
	for i := range 4000 {
		seconds = append(seconds, int64(i%2)*1_000_000_000)
	}
	ticks := 0
	_, err := Replay(context.Background(), bytes.NewReader(at(seconds, probe)), sinkFunc(func(e *home.Event) {
		if e.Kind == home.EventTick {
			ticks++
		}
	}), Options{})
	if err != nil || ticks > tickBudget+len(seconds)*(tickEarned+2) {
		t.Errorf("%v, %d ticks", err, ticks)
	}
}
