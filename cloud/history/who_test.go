package history

import (
	"context"
	"math"
	"strings"
	"testing"

	"cardea/internal/platform/db"
	"cardea/internal/platform/db/dbtest"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

func TestWhoADeviceIsIsKeptWithinBounds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := open(t, d)
		ms := t0.UnixMilli()
		who := &pb.Device{Id: "d1", First: ms, Last: ms, Model: "Example Cam", Class: "camera", Confidence: 0.97, Evidence: []string{"asks for cam.example"},
			IdentifiedBy: "rules", Maker: "Example Inc.", Strictest: "camera",
			Exposures: []*pb.Exposure{{Id: "e1", Kind: "telnet", Proto: "tcp", Port: 23, Sentence: "It offers telnet.", Advice: "Close it.", Evidence: []string{"port 23"},
				Protect: []string{"no-lan"}, First: ms, Last: ms, Certain: true}},
			Behind:      []*pb.Behind{{Name: "bulb", Class: "light"}},
			Aliases:     []*pb.Alias{{Device: "d0", Macs: []string{"02:00:00:00:00:01"}, Confidence: 0.9, By: "gateway", Merged: ms}},
			Protections: []*pb.Protection{{Kind: "close", Proto: "tcp", Port: 80}},
			Held:        true, Paused: ms + 1, PausedBy: "bedtime", Essential: "medical", Firmware: "1.2.3",
			Trial: &pb.Trial{Mode: "profile-only", Since: ms, Kept: 3, Stops: 1, Stopped: []string{"a.example"}, Share: 0.5}}
		hostile := proto.CloneOf(who)
		hostile.Id, hostile.Confidence, hostile.Model = "d2", math.NaN(), "\xff\x00"+strings.Repeat("m", 10_000)
		hostile.Trial.Share, hostile.Paused = math.Inf(1), math.MaxInt64
		for range 500 {
			hostile.Trial.Stopped = append(hostile.Trial.Stopped, strings.Repeat("t", 9999))
			hostile.Exposures = append(hostile.Exposures, &pb.Exposure{Sentence: strings.Repeat("s", 10_000), Port: 1 << 20, Last: ms * 2, Evidence: []string{strings.Repeat("e", 9999)}})
			hostile.Aliases = append(hostile.Aliases, &pb.Alias{Why: []string{strings.Repeat("w", 9999)}, Confidence: math.Inf(1)})
			hostile.Behind = append(hostile.Behind, &pb.Behind{Name: strings.Repeat("n", 9999)})
		}
		w.tell(t, homeA, &pb.Item{Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{who, hostile}}}})
		got, err := w.Device(context.Background(), homeA, "d1")
		if err != nil || !proto.Equal(got.Device, who) {
			t.Errorf("%v %v", got.Device, err)
		}
		got, err = w.Device(context.Background(), homeA, "d2")
		if err != nil || got.GetConfidence() != 0 || proto.Size(got.Device) > maxDeviceData || len(got.GetModel()) > maxID || got.GetExposures()[1].GetLast() > ms ||
			got.GetTrial().GetShare() != 0 || got.GetPaused() > ms+400*86_400_000 {
			t.Errorf("%d bytes, %v", proto.Size(got.Device), err)
		}
	})
}
