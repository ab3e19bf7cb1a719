package evidence

import "cardea/home"

// Headless says whether devices of a class do only what their makers thought of: there is no browser, and nobody installs programs.
func Headless(class home.DeviceClass) bool {
	switch class {
	case home.ClassCamera, home.ClassDoorbell, home.ClassPlug, home.ClassLight, home.ClassSensor, home.ClassThermostat, home.ClassHub,
		home.ClassLock, home.ClassAlarm, home.ClassMedical, home.ClassScale, home.ClassAppliance, home.ClassPrinter, home.ClassGadget:
		return true
	}
	return false
}
