package home

// Difference is in what a version of profiles or of models that is only tried differs from the one in force: of profiles about one contact, of
// models about one device.
type Difference string

// Differences of profiles. The words travel: report them as they are.
const (
	WouldFind  Difference = "find"  // it would find new what the one in force does not
	WouldMiss  Difference = "miss"  // it would not find what the one in force does
	WouldHold  Difference = "hold"  // profile-only would refuse it, and does not by the one in force
	WouldAllow Difference = "allow" // profile-only would let it through, and does not by the one in force
)

// Differences of models. The words travel, too.
const (
	WouldName   Difference = "named"   // its model is not known, and would be
	WouldUnname Difference = "unnamed" // its model is known, and would not be any more
	WouldRename Difference = "renamed" // it would be taken for another model
	WouldClass  Difference = "classed" // for the same model, or still for none, but for another class or of another maker
	WouldKeep   Difference = "same"    // for what it is taken for
)

// Of is the bundle that a word is about; "" for a word that is none of these.
func (d Difference) Of() string {
	switch d {
	case WouldFind, WouldMiss, WouldHold, WouldAllow:
		return "profiles"
	case WouldName, WouldUnname, WouldRename, WouldClass, WouldKeep:
		return "models"
	}
	return ""
}

// Known says whether a word is one of these.
func (d Difference) Known() bool { return d.Of() != "" }

// DifferenceOf says in what one judgement of who a device is differs from another.
func DifferenceOf(now, then Identity) Difference {
	switch {
	case now.Model == then.Model && now.Vendor == then.Vendor && now.Class == then.Class:
		return WouldKeep
	case now.Model == then.Model:
		return WouldClass
	case now.Model == "":
		return WouldName
	case then.Model == "":
		return WouldUnname
	}
	return WouldRename
}
