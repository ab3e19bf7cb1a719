package calibrate

// Family is a kind of evidence. Only different families count as independent of one another.
type Family uint8

// Families.
const (
	FamilyNone     Family = iota
	FamilyNovelty         // endpoints never used by device or model
	FamilyBeacon          // regular calls to one endpoint
	FamilyNames           // names that do not exist
	FamilyVolume          // more sent than ever
	FamilyHours           // at a time of day when it never is busy
	FamilyAccess          // passwords tried, ports opened or mapped
	FamilyScan            // hosts or ports tried
	FamilyFlood           // packets that serve to deny service
	FamilySpoof           // speaks in another's name
	FamilyInbound         // the internet reaches it
	FamilyListed          // a listed endpoint
	FamilyIdentity        // is suddenly another device
	Families
)

func (f Family) String() string {
	if f < Families {
		return [Families]string{"none", "new endpoints", "regular calls", "generated names", "volume sent", "time of day",
			"access", "scan", "flood", "spoofing", "inbound", "listed endpoint", "identity"}[f]
	}
	return "none"
}
