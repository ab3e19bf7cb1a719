package report

import (
	"testing"

	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// In what profiles and models that are tried differ names no contact: it is told in Privacy Mode, too. A word of theirs is none on a list.
func TestPrivacyModeTellsInWhatTriedVersionsDiffer(t *testing.T) {
	item := func(bundle string, h *pb.ShadowHit) *pb.Item {
		return &pb.Item{Body: &pb.Item_ShadowHits{ShadowHits: &pb.ShadowHits{Bundle: bundle, Version: 3, Hits: []*pb.ShadowHit{h}}}}
	}
	for _, told := range []*pb.Item{
		item("profiles", &pb.ShadowHit{Device: "d", Model: "Maker Cam", What: "hold", Count: 1}),
		item("models", &pb.ShadowHit{Model: "Maker Cam", What: "renamed", To: "Other TV", Class: "camera", ToClass: "tv", Count: 1}),
	} {
		if got := Private(told); !proto.Equal(got, told) {
			t.Errorf("%v, want %v", got, told)
		}
	}
	if got := Private(item("lists", &pb.ShadowHit{Device: "d", What: "named", Count: 1})).GetShadowHits().GetHits()[0].GetWhat(); got != Unsaid {
		t.Errorf("an entry of a list: %q", got)
	}
}
