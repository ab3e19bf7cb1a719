// Package profile learns what is normal for a model of device, a vendor, a class and for all: which endpoints its homes use, how
// often it meets new ones, at what hours it is busy and how much it sends. Counts are what the cloud adds up, home by home; a Set
// is what is made of them for one week and pushed to the gateways; a Profile in it answers for one level. It is pure: the caller
// says what week it is. It may import home, behavior/endpoint and behavior/calibrate.
//
// The mathematics and its sources are in docs/detection.md; each formula is tested against a worked example.
package profile

import (
	"cmp"
	"strings"

	"cardea/home"
)

// Level says whose devices are meant. Fields that are empty make it coarser; Level{} is all devices.
type Level struct {
	Class  home.DeviceClass
	Vendor string
	Model  string
}

// MaxText bounds each of a level's texts, in bytes. Longer ones are not learned from.
const MaxText = 96

// depths of the hierarchy: global, class, vendor, model.
const depths = 4

// LevelOf is the finest level that is known of a device. Free text of its owner is the caller's to keep out.
func LevelOf(id home.Identity) Level {
	return Level{Class: id.Class, Vendor: id.Vendor, Model: id.Model}
}

// Parent is the next coarser level: of a model its vendor within the class, of a vendor the class, of a class all devices.
func (l Level) Parent() (Level, bool) {
	switch {
	case l.Model != "":
		l.Model = ""
	case l.Vendor != "":
		l.Vendor = ""
	case l.Class != "":
		l.Class = ""
	default:
		return l, false
	}
	return l, true
}

// depth is 0 for all devices, 1 for a class, 2 for a vendor's, 3 for a model's.
func (l Level) depth() int {
	switch {
	case l.Model != "":
		return 3
	case l.Vendor != "":
		return 2
	case l.Class != "":
		return 1
	}
	return 0
}

// String names it for people.
func (l Level) String() string {
	var parts []string
	for _, s := range []string{string(l.Class), l.Vendor, l.Model} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	if len(parts) == 0 {
		return "all devices"
	}
	return strings.Join(parts, " / ")
}

// Product is what people call it: a model with its maker's name, once; what is coarser as String has it.
func (l Level) Product() string {
	switch {
	case l.Model == "":
		return l.String()
	case l.Vendor == "" || strings.HasPrefix(strings.ToLower(l.Model), strings.ToLower(l.Vendor)):
		return l.Model
	}
	return l.Vendor + " " + l.Model
}

func (l Level) fits() bool {
	return len(l.Class) <= MaxText && len(l.Vendor) <= MaxText && len(l.Model) <= MaxText
}

func (l Level) compare(o Level) int {
	return cmp.Or(cmp.Compare(l.Class, o.Class), cmp.Compare(l.Vendor, o.Vendor), cmp.Compare(l.Model, o.Model))
}
