package home

// Difference is in what a version of the profiles that is only tried differs from the one in force, about one contact.
type Difference string

// Differences. The words travel: report them as they are.
const (
	WouldFind  Difference = "find"  // it would find new what the one in force does not
	WouldMiss  Difference = "miss"  // it would not find what the one in force does
	WouldHold  Difference = "hold"  // profile-only would refuse it, and does not by the one in force
	WouldAllow Difference = "allow" // profile-only would let it through, and does not by the one in force
)

// Known says whether a word is one of these.
func (d Difference) Known() bool {
	return d == WouldFind || d == WouldMiss || d == WouldHold || d == WouldAllow
}
