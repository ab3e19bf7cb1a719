package file

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"cardea/gateway/capture/dissect"
	"cardea/home"
)

// syns notes the state of each flow event with what its SYN said.
type syns struct{ lines []string }

func (s *syns) Handle(e *home.Event) {
	if e.Kind != home.EventFlow {
		return
	}
	line := e.Flow.State.String()
	if y := e.Flow.SYN; y != nil {
		line += " with " + y.Options
		if y.Hops != 64 || y.Window != 0xffff || y.MSS != 1460 {
			line += " wrong"
		}
	}
	s.lines = append(s.lines, line)
}

// Only the event of a flow that began with a SYN tells of it; that of a flow met later does not.
func TestSYNOfNewFlows(t *testing.T) {
	first := tcpFrame(cam, server, 1, 0, syn, nil)
	first = append(first, 2, 4, 5, 180, 4, 2, 1, 1)
	first[14+2], first[14+3] = 0, 48
	first[14+20+12] = 0x70
	s := &syns{}
	frames := [][]byte{first, first, tcpFrame(server, cam, 9, 2, synAck, nil), tcpFrame(cam, server, 2, 10, ack, nil),
		tcpFrame(cam, server, 900, 0, syn, nil)}
	if _, err := Replay(context.Background(), bytes.NewReader(pcapOf(dissect.LinkEthernet, 1, frames...)), s, Options{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"new with MSNN", "answered", "end", "new with  wrong", "end"}; !slices.Equal(s.lines, want) {
		t.Errorf("%q, want %q", s.lines, want)
	}
	s = &syns{}
	if _, err := Replay(context.Background(), bytes.NewReader(pcapOf(dissect.LinkEthernet, 1, frames[2:4]...)), s, Options{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"new", "answered", "end"}; !slices.Equal(s.lines, want) {
		t.Errorf("%q, want %q", s.lines, want)
	}
}
