package facts

import (
	"testing"

	"cardea/home"
)

func TestLabel(t *testing.T) {
	for _, c := range []struct {
		name, model, vendor string
		class               home.DeviceClass
	}{
		{"D-LinkHomeHub", "D-Link Home Hub", "D-Link", home.ClassHub},
		{"D-LinkDoorSensor", "D-Link Door Sensor", "D-Link", home.ClassSensor},
		{"D-LinkDayCam", "D-Link Day Cam", "D-Link", home.ClassCamera},
		{"D-LinkSwitch", "D-Link Switch", "D-Link", home.ClassPlug},
		{"D-LinkSiren", "D-Link Siren", "D-Link", home.ClassGadget},
		{"TP-LinkPlugHS110", "TP-Link Plug HS110", "TP-Link", home.ClassPlug},
		{"WeMoInsightSwitch", "WeMo Insight Switch", "Belkin", home.ClassPlug},
		{"WeMoLink", "WeMo Link", "Belkin", home.ClassHub},
		{"EdnetCam1", "Ednet Cam1", "Ednet", home.ClassCamera},
		{"EdnetGateway", "Ednet Gateway", "Ednet", home.ClassHub},
		{"EdimaxPlug1101W", "Edimax Plug1101W", "Edimax", home.ClassPlug},
		{"HueBridge", "Hue Bridge", "Philips", home.ClassHub},
		{"HueSwitch", "Hue Switch", "Philips", home.ClassPlug},
		{"MAXGateway", "MAX Gateway", "eQ-3", home.ClassHub},
		{"HomeMaticPlug", "Home Matic Plug", "eQ-3", home.ClassPlug},
		{"SmarterCoffee", "Smarter Coffee", "Smarter", home.ClassAppliance},
		{"iKettle2", "iKettle2", "Smarter", home.ClassAppliance},
		{"Aria", "Aria", "Fitbit", home.ClassScale},
		{"Withings", "Withings", "Withings", home.ClassScale},
		{"Lightify", "Lightify", "Osram", home.ClassHub},
		// as other laboratories write
		{"ring-doorbell", "ring-doorbell", "Ring", home.ClassDoorbell},
		{"t-wemo-plug", "t-wemo-plug", "Belkin", home.ClassPlug},
		{"samsungtv-wired", "samsungtv-wired", "Samsung", home.ClassTV},
		{"google-home-mini", "google-home-mini", "Google", home.ClassSpeaker},
		{"amcrest-cam-wired", "amcrest-cam-wired", "Amcrest", home.ClassCamera},
		{"blink-security-hub", "blink-security-hub", "Blink", home.ClassHub},
		{"nest-tstat", "nest-tstat", "Google Nest", home.ClassThermostat},
		{"Amazon Echo", "Amazon Echo", "Amazon", home.ClassSpeaker},
		{"Nintendo Switch", "Nintendo Switch", "Nintendo", home.ClassConsole},
		{"echodot", "echodot", "Amazon", home.ClassSpeaker},
		{"yi-camera", "yi-camera", "YI", home.ClassCamera},
		{"xiaodu_plug", "xiaodu plug", "Baidu", home.ClassPlug},
		{"netatmo-weather-station", "netatmo-weather-station", "Netatmo", home.ClassSensor},
		{"appletv", "appletv", "Apple", home.ClassTV},
		{"lefun-cam-wired", "lefun-cam-wired", "Lefun", home.ClassCamera},
		{"philips-bulb", "philips-bulb", "Philips", home.ClassLight},
		{"lifxbulb", "lifxbulb", "LIFX", home.ClassLight},
		{"tplinkplug", "tplinkplug", "TP-Link", home.ClassPlug},
		{"dropcam", "dropcam", "Google Nest", home.ClassCamera},
		{"Netatmo Welcome", "Netatmo Welcome", "Netatmo", home.ClassCamera},
		{"Somebody's Thing", "Somebody s Thing", "", ""},
		{"", "", "", ""},
	} {
		model, vendor, class := Default().Label(c.name)
		if model != c.model || vendor != c.vendor || class != c.class {
			t.Errorf("%q: %q %q %q, want %q %q %q", c.name, model, vendor, class, c.model, c.vendor, c.class)
		}
	}
}
