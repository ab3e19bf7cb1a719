package breaker

import (
	"cardea/behavior/calibrate"
	"cardea/home"
)

// FamilyOf is the family of evidence that a detector's findings are of. DetectUsual combines several and is of none.
func FamilyOf(d home.Detector) calibrate.Family {
	switch d {
	case home.DetectNovelty:
		return calibrate.FamilyNovelty
	case home.DetectBeacon:
		return calibrate.FamilyBeacon
	case home.DetectNames:
		return calibrate.FamilyNames
	case home.DetectVolume:
		return calibrate.FamilyVolume
	case home.DetectHours:
		return calibrate.FamilyHours
	case home.DetectMapping, home.DetectPort, home.DetectBruteForce:
		return calibrate.FamilyAccess
	case home.DetectScanWAN, home.DetectScanLAN, home.DetectScanPorts:
		return calibrate.FamilyScan
	case home.DetectFlood:
		return calibrate.FamilyFlood
	case home.DetectARPSpoof, home.DetectNDSpoof, home.DetectDNSSpoof, home.DetectRogueDHCP, home.DetectRogueRouter, home.DetectForgedMAC, home.DetectDuplicate:
		return calibrate.FamilySpoof
	case home.DetectInbound:
		return calibrate.FamilyInbound
	case home.DetectIndicator:
		return calibrate.FamilyListed
	case home.DetectIdentity:
		return calibrate.FamilyIdentity
	}
	return calibrate.FamilyNone
}
