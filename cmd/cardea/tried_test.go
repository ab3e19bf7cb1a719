package main

import (
	"testing"

	"cardea/cloud/intel"
)

// What was tried is told in a line: of contacts, or of devices and what they would be taken for.
func TestWhatWasTriedIsTold(t *testing.T) {
	many := intel.Count{N: 40}
	for want, tried := range map[string]intel.Tried{
		"  tried: hold Maker Cam: in 40 homes, 12 contacts":                                        {Model: "Maker Cam", What: "hold", Homes: many, Count: 12},
		"  tried: stop devices of no known model: in few homes":                                    {What: "stop", Homes: intel.Count{Few: true}},
		"  tried: same as they are: in 40 homes, 400 devices":                                      {What: "same", Homes: many, Count: 400},
		"  tried: named no known model → New Plug (plug), protected more: in 40 homes, 41 devices": {What: "named", To: "New Plug", ToClass: "plug", Protection: "more", Homes: many, Count: 41},
		"  tried: renamed medical → medical: in few homes":                                         {What: "renamed", Model: "medical", Class: "medical", To: "medical", ToClass: "medical", Homes: intel.Count{Few: true}},
		"  tried: renamed A Cam (camera) → B TV (tv), protected less: in 40 homes, 50 devices":     {What: "renamed", Model: "A Cam", Class: "camera", To: "B TV", ToClass: "tv", Protection: "less", Homes: many, Count: 50},
	} {
		if got := triedText(tried); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
