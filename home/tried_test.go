package home

import "testing"

func TestInWhatTwoJudgementsDiffer(t *testing.T) {
	cam, tv := Identity{Model: "A Cam", Vendor: "A", Class: ClassCamera}, Identity{Model: "B TV", Vendor: "B", Class: ClassTV}
	for _, c := range []struct {
		now, then Identity
		want      Difference
	}{
		{cam, cam, WouldKeep}, {Identity{}, Identity{Confidence: 1}, WouldKeep}, {Identity{}, cam, WouldName}, {cam, Identity{Class: ClassCamera}, WouldUnname}, {cam, tv, WouldRename},
		{cam, Identity{Model: "A Cam", Vendor: "A", Class: ClassTV}, WouldClass}, {Identity{Vendor: "A"}, Identity{Vendor: "B"}, WouldClass},
	} {
		if got := DifferenceOf(c.now, c.then); got != c.want || got.Of() != "models" {
			t.Errorf("%+v, then %+v: %q of %q, want %q", c.now, c.then, got, got.Of(), c.want)
		}
	}
	if WouldHold.Of() != "profiles" || Difference("c2.example").Known() || !WouldFind.Known() {
		t.Error("words")
	}
}
