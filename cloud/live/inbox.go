package live

import (
	"context"
	"fmt"
	"time"

	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// inbox takes an answer's parts from the bus and gives them to the caller.
type inbox struct {
	// parts: owner: take, which closes over when it is full; capacity waiting.
	parts chan *pb.Answer
	over  chan struct{} // closed by take: no more parts come
	why   error         // set before over is closed

	next  uint32
	bytes int
	done  bool // of take
	ended bool // of give: the gateway itself has ended the answer
}

var errSlow = fmt.Errorf("%w: it came faster than it was taken", ErrLost)

// take is called by the bus, one at a time. What a gateway sends is its own and bounded like anything from outside.
func (in *inbox) take(id string, data []byte) {
	if in.done {
		return
	}
	fail := func(err error) { in.done, in.why = true, err; close(in.over) }
	var a pb.Answer
	in.bytes += len(data)
	switch err := proto.Unmarshal(data, &a); {
	case len(data) > wire.MaxAnswer || in.bytes > maxBytes:
		fail(fmt.Errorf("%w: it is too long", ErrLost))
		return
	case err != nil || a.GetId() != id:
		fail(fmt.Errorf("%w: it cannot be read", ErrLost))
		return
	case a.GetPart() != in.next || in.next >= maxParts:
		fail(fmt.Errorf("%w: part %d is missing", ErrLost, in.next))
		return
	}
	in.next++
	select {
	case in.parts <- &a:
	default:
		fail(errSlow)
		return
	}
	if a.GetLast() {
		in.done = true
	}
}

func (in *inbox) give(ctx context.Context, follow bool, yield func(*pb.Answer) error) error {
	wait := time.NewTimer(Begin)
	defer wait.Stop()
	for begun := false; ; begun = true {
		var a *pb.Answer
		select {
		case a = <-in.parts:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-wait.C:
			if !begun {
				return ErrOffline
			}
			return fmt.Errorf("%w any more", ErrOffline)
		case <-in.over:
			select {
			case a = <-in.parts: // what came before is whole
			default:
				return in.why
			}
		}
		in.ended = a.GetLast()
		if a.GetError() != "" {
			in.ended = true
			return &Refused{a.GetError()}
		}
		if err := yield(a); err != nil {
			return err
		}
		if a.GetLast() {
			return nil
		}
		if follow {
			wait.Reset(Quiet)
		} else {
			wait.Reset(Silence)
		}
	}
}

// Quiet is how long a gateway that is followed may say nothing. It sends an empty part each 5 s when its home is asleep.
const Quiet = 15 * time.Second
