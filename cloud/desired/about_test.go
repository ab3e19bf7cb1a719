package desired

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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
			{Verb: "mode", About: &pb.Order{Mode: "profile-only"}},
			{Verb: "try", About: &pb.Order{Mode: "update-only"}},
			{Verb: "step", Incident: "i1", About: &pb.Order{Step: "reboot", Answer: "done"}},
			{Verb: "undo", Incident: "i1", About: &pb.Order{Deed: "deed 1"}},
			{Verb: "dismiss", Incident: "i1", About: &pb.Order{Answer: "false-alarm"}},
			{Verb: "remedy", About: &pb.Order{Remedy: "fair"}},
			{Verb: "release", Incident: "i1", About: &pb.Order{Until: 1_800_000_000_000}},
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
			if other.About.Until != 0 { // reckoned anew when it is sent again
				other.About.Until++
				if again, err := w.Ask(ctx, other); err != nil || again.ID != first.ID {
					t.Errorf("%s: the same key again, later: %v", o.Verb, err)
				}
				other.About.Until = 0
			}
			other.About.Other, other.About.Mac = "d9", "02:00:00:00:00:09"
			if _, err := w.Ask(ctx, other); !errors.Is(err, ErrKey) && !(o.Verb == "release" && errors.Is(err, ErrOrder)) {
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
				o.GetMode() != a.GetMode() || o.GetStep() != a.GetStep() || o.GetAnswer() != a.GetAnswer() || o.GetDeed() != a.GetDeed() || o.GetRemedy() != a.GetRemedy() || o.GetUntil() != a.GetUntil() || !proto.Equal(o.GetProtection(), a.GetProtection()) {
				t.Errorf("the gateway is told %v", o)
			}
		}
		for what, o := range map[string]Order{
			"identify as nothing":   {Verb: "identify", Device: "d1"},
			"merge with nothing":    {Verb: "merge", Device: "d1", About: &pb.Order{Mac: "02:00:00:00:00:01"}},
			"protect no device":     {Verb: "protect", About: &pb.Order{Protection: &pb.Protection{Kind: "close"}}},
			"a mode that is none":   {Verb: "mode", Device: "d1", About: &pb.Order{Mode: "half"}},
			"to try a quarantine":   {Verb: "try", Device: "d1", About: &pb.Order{Mode: "quarantine"}},
			"a step without answer": {Verb: "step", Incident: "i1", About: &pb.Order{Step: "reboot"}},
			"a remedy that is none": {Verb: "remedy", About: &pb.Order{Remedy: "dance"}},
			"quarantine about":      {Verb: "quarantine", Device: "d1", About: &pb.Order{Other: "d2"}},
			"release as a mode":     {Verb: "release", Incident: "i1", About: &pb.Order{Until: 1, Mode: "off"}},
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

// What a phone shows for the gateway's page is shown for minutes, and then nowhere any more.
func TestACodeIsShownForMinutes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, w := context.Background(), open(t, d)
		o, err := w.Ask(ctx, Order{Place: homeA, Verb: "code", Incident: "i1", By: "owner", Who: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		w.result(t, homeA, &pb.OrderResult{Id: o.ID, InForce: true, Code: "12345678"})
		if got, _ := w.Get(ctx, homeA, o.ID); got.Code != "12345678" {
			t.Errorf("the code is %q", got.Code)
		}
		w.now = w.now.Add(CodeLife)
		if got, _ := w.Get(ctx, homeA, o.ID); got.Code != "" {
			t.Errorf("after its time it is %q", got.Code)
		}
		w.now = w.now.Add(time.Second)
		if err := w.Trim(ctx); err != nil {
			t.Fatal(err)
		}
		w.now = w.now.Add(-time.Hour)
		if got, _ := w.Get(ctx, homeA, o.ID); got.Code != "" {
			t.Error("it is still stored")
		}
		o, err = w.Ask(ctx, Order{Place: homeA, Verb: "code", Incident: "i1", By: "owner", Who: "r1"})
		if err != nil {
			t.Fatal(err)
		}
		w.result(t, homeA, &pb.OrderResult{Id: o.ID, InForce: true, Code: "<b>1</b>"})
		if got, _ := w.Get(ctx, homeA, o.ID); got.Code != "" {
			t.Errorf("a code that is none: %q", got.Code)
		}
		for by, ok := range map[string]bool{"owner": true, "support": false} {
			if _, err := w.Ask(ctx, Order{Place: homeA, Verb: "erase", By: by, Who: "r1", Why: "Asked."}); (err == nil) != ok {
				t.Errorf("erase by %s: %v", by, err)
			}
		}
	})
}
