package desired

import (
	"context"
	"errors"
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

func TestWhatAnOrderIsAboutReachesTheGateway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		orders := []Order{
			{Verb: "identify", About: &pb.Order{Identity: &pb.Correction{Model: "Example Cam", Class: "camera"}}},
			{Verb: "identify", About: &pb.Order{Identity: &pb.Correction{}}}, // takes it back
			{Verb: "merge", About: &pb.Order{Other: "d2"}},
			{Verb: "split", About: &pb.Order{Mac: "02:00:00:00:00:01"}},
			{Verb: "protect", About: &pb.Order{Protection: &pb.Protection{Kind: "close", Proto: "tcp", Port: 80}}},
			{Verb: "unprotect", About: &pb.Order{Protection: &pb.Protection{Kind: "no-lan"}}},
		}
		for i, o := range orders {
			o.Place, o.Device, o.By, o.Who = homeA, "d1", "owner", "r1"
			o.Key = "key " + string(rune('a'+i))
			first, err := w.Ask(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := w.Ask(ctx, o); err != nil || again.ID != first.ID {
				t.Errorf("%s: the same key again: %v", o.Verb, err)
			}
			other := o
			other.About = proto.CloneOf(o.About)
			other.About.Other, other.About.Mac = "d9", "02:00:00:00:00:09"
			if _, err := w.Ask(ctx, other); !errors.Is(err, ErrKey) {
				t.Errorf("%s: the same key about something else: %v", o.Verb, err)
			}
			if got, err := w.Get(ctx, homeA, first.ID); err != nil || !proto.Equal(got.About, o.About) {
				t.Errorf("%s: kept as %v, %v", o.Verb, got.About, err)
			}
		}
		want, err := w.Desired.Desired(ctx, homeA)
		if err != nil || len(want.GetOrders()) != len(orders) {
			t.Fatalf("%v, %v", want, err)
		}
		for i, o := range want.GetOrders() {
			a := orders[i].About
			if o.GetVerb() != orders[i].Verb || o.GetOther() != a.GetOther() || o.GetMac() != a.GetMac() || !proto.Equal(o.GetIdentity(), a.GetIdentity()) ||
				!proto.Equal(o.GetProtection(), a.GetProtection()) {
				t.Errorf("the gateway is told %v", o)
			}
		}
		for what, o := range map[string]Order{
			"identify as nothing":   {Verb: "identify", Device: "d1"},
			"merge with nothing":    {Verb: "merge", Device: "d1", About: &pb.Order{Mac: "02:00:00:00:00:01"}},
			"protect no device":     {Verb: "protect", About: &pb.Order{Protection: &pb.Protection{Kind: "close"}}},
			"quarantine about":      {Verb: "quarantine", Device: "d1", About: &pb.Order{Other: "d2"}},
			"a model without end":   {Verb: "identify", Device: "d1", About: &pb.Order{Identity: &pb.Correction{Model: strings.Repeat("m", 65)}}},
			"a MAC that is no text": {Verb: "split", Device: "d1", About: &pb.Order{Mac: "\xff"}},
		} {
			o.Place, o.By = homeA, "owner"
			if _, err := w.Ask(ctx, o); !errors.Is(err, ErrOrder) {
				t.Errorf("%s: %v", what, err)
			}
		}
	})
}
