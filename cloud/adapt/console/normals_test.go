package console

import (
	"testing"

	"cardea/behavior/profile"
	"cardea/cloud/normal"
)

func TestFactsOfFewHomesAreNotTold(t *testing.T) {
	level := profile.Level{Class: "camera", Vendor: "Example", Model: "Example Cam"}
	f := &normal.Facts{ID: "0a", Level: level, Asked: level, Rare: 7, Fresh: 0.25, Days: 12, Floor: 1.0 / 13, Hours: [24]float64{1},
		Wrong: []normal.Wrong{{Detector: "novelty", Homes: 24}, {Detector: "novelty", Endpoint: 5, Homes: 24}, {Detector: "beacon"}, {Detector: "beacon", Endpoint: 6}}}
	v := factsView(f)
	if v.Rare != 0 || v.Fresh != 0 || len(v.Hours) != 0 || v.Calibration.Days != 0 || v.Calibration.Floor != 1 || v.Voted.Count != nil || v.Homes.Count != nil {
		t.Errorf("of few homes: %+v", v)
	}
	if len(v.Wrong) != 3 || v.Wrong[1].Hash != "0000000000000005" || v.Wrong[2].Hash != "" {
		t.Errorf("what people said: %+v", v.Wrong)
	}
	f.Voted, f.Healthy, f.Homes = 40, 30, 41
	if v := factsView(f); v.Rare != 7 || v.Fresh != 0.25 || len(v.Hours) != 24 || v.Calibration.Floor != 1.0/13 || *v.Voted.Count != 40 || *v.Homes.Count != 41 {
		t.Errorf("of many homes: %+v", v)
	}
}

func TestSmallNumbersOfHomesAreNotInSentences(t *testing.T) {
	for said, want := range map[string]string{
		"7 homes with camera Example Cam 3 on 4 access networks within a day, where 0.2 are usual; 3 of 7 looked at have hard evidence besides: an outbreak.": "fewer than 20 homes with camera Example Cam 3 on 4 access networks within a day, where 0.2 are usual; some of those looked at have hard evidence besides: an outbreak.",
		"120 homes with a camera; 3 of 120 looked at show other evidence besides (beacon): an outbreak.":                                                      "120 homes with a camera; fewer than 20 of 120 looked at show other evidence besides (beacon): an outbreak.",
		"120 homes with a camera; 30 of 120 looked at have hard evidence besides.":                                                                            "120 homes with a camera; 30 of 120 looked at have hard evidence besides.",
		"Hard findings in 6 homes on 3 access networks agree on it, but 4 homes without findings used it":                                                     "Hard findings in fewer than 20 homes on 3 access networks agree on it, but fewer than 20 homes without findings used it",
		"": "",
	} {
		if got := blurred(said); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
