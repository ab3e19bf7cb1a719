package cloud

import (
	"context"
	"errors"

	"cardea/cloud/api"
	"cardea/cloud/api/view"
	"cardea/cloud/feed"
	"cardea/home"
)

type feedPart struct{ *adapter }

func (a feedPart) Watch(p home.Place) (<-chan struct{}, func()) { return a.watch(p) }

func (a feedPart) Last(ctx context.Context, p home.Place) (uint64, error) {
	seq, err := a.Rooms.Feed.Last(ctx, p.OfHome())
	return uint64(seq), tell(err)
}

func (a feedPart) After(ctx context.Context, p home.Place, seq uint64, limit int) (out []api.FeedEvent, whole bool, err error) {
	events, err := a.Rooms.Feed.After(ctx, p.OfHome(), int64(seq), limit)
	if errors.Is(err, feed.ErrTooOld) {
		return nil, false, nil
	}
	for _, e := range events {
		out = append(out, api.FeedEvent{Kind: e.Kind, Event: view.Event{ID: e.ID, Seq: uint64(e.Seq), At: utc(e.Time)}})
	}
	return out, true, tell(err)
}
