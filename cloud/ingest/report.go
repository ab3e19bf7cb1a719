package ingest

import (
	"errors"
	"fmt"
	"math"
	"time"

	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// report is a message that could be read.
type report struct {
	place home.Place
	data  []byte
	body  *pb.Report
	shift time.Duration // what its sender's clock is ahead by, 0 or negative
}

// read parses a message. The place is the subject's: the broker let only that gateway publish there.
func read(m Msg, now time.Time) (report, error) {
	r := report{data: m.Data}
	var err error
	if r.place, _, err = wire.ParseSubject(m.Subject); err != nil {
		return r, err
	}
	if len(m.Data) > wire.MaxReport {
		return r, fmt.Errorf("report of %d bytes: want at most %d", len(m.Data), wire.MaxReport)
	}
	r.body = &pb.Report{}
	if err := proto.Unmarshal(m.Data, r.body); err != nil {
		return r, fmt.Errorf("report: %w", err)
	}
	switch {
	case r.body.GetProtocol() < wire.Oldest:
		return r, fmt.Errorf("protocol %d is too old: want %d or later", r.body.GetProtocol(), wire.Oldest)
	case len(r.body.GetItems()) > wire.MaxItems:
		return r, fmt.Errorf("report of %d items: want at most %d", len(r.body.GetItems()), wire.MaxItems)
	}
	if sent := time.UnixMilli(r.body.GetSent()); sent.After(now.Add(ahead)) {
		r.shift = now.Sub(sent)
	}
	return r, nil
}

const ahead = 2 * time.Minute // a clock may be so far ahead of ours

// unset is when no gateway can have sent anything: a clock that says so was never set.
var unset = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// when bounds an item's time: never in the future, and the time of arrival when the gateway's clock was not set.
func (r report) when(item *pb.Item, now time.Time) time.Time {
	at := time.UnixMilli(item.GetTime()).Add(r.shift)
	if at.After(now) || at.Before(unset) {
		return now
	}
	return at.UTC()
}

var (
	errSequence = errors.New("item without a sequence number")
	errOrder    = errors.New("items of a report are not in the order of their sequence numbers")
)

// checkSequence says whether an item's number can be one; before is that of the item before it in the report, 0 for none.
func checkSequence(sequence, before uint64) error {
	switch {
	case sequence == 0 || sequence > math.MaxInt64:
		return errSequence
	case sequence <= before:
		return errOrder
	}
	return nil
}
