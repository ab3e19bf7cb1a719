package homes

import (
	"context"
	"errors"

	"cardea/cloud/adapt/base"
	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/feed"
	"cardea/cloud/rooms/faults"
	"cardea/home"
)

type feedPart struct{ *base.Adapter }

func (a feedPart) Watch(p home.Place) (<-chan struct{}, func()) { return a.Adapter.Watch(p) }

func (a feedPart) Last(ctx context.Context, p home.Place) (uint64, error) {
	seq, err := a.Rooms.Feed.Last(ctx, p.OfHome())
	return uint64(seq), faults.Tell(err)
}

func (a feedPart) After(ctx context.Context, p home.Place, seq uint64, limit int) (out []api.FeedEvent, whole bool, err error) {
	events, err := a.Rooms.Feed.After(ctx, p.OfHome(), int64(seq), limit)
	if errors.Is(err, feed.ErrTooOld) {
		return nil, false, nil
	}
	for _, e := range events {
		out = append(out, api.FeedEvent{Kind: e.Kind, Event: view.Event{ID: e.ID, Seq: uint64(e.Seq), At: base.UTC(e.Time)}})
	}
	return out, true, faults.Tell(err)
}
