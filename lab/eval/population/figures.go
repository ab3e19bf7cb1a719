package population

// Figures are what a real unit did: the numbers that simulated devices live by. A test makes each row again from the capture that it
// names (CARDEA_DATA), so that the table is facts and nothing else.
type Figures struct {
	Unit, Source string
	MAC          string  // in flow records its address; "" where the captures' folder tells it
	Days, Known  int     // days, and different endpoints in all of them
	Ends         float64 // endpoints a day
	Bare         float64 // share of these without a name
	New          float64 // endpoints a day that it had not used before, after the first day
	NewBare      float64 // share of the new ones without a name
	NewOdd       float64 // share of the new ones on other ports than 443, 853, 123 and 53
	NewKin       float64 // share of the new ones in a domain or block that it knew
	Flows        float64 // flows to an endpoint in an hour in which there are any
	Windows      float64 // hours of the day with flows to it, per endpoint
	Hours        float64 // hours of the day in which it does anything
	Up           float64 // bytes a day to the internet
	UpSpread     float64 // standard deviation of the logarithm to the base of 2 of a day's bytes
	Calibrates   bool    // its figures are lived by in homes that calibrate; the others' in homes that are judged
}

// units are the table. A unit's captures of IoT Sentinel are minutes each, from its factory reset on; each counts as a day, so that
// their rate of new endpoints is no ordinary day's and is not lived by (see temper). Flow records know no names: their share of
// bare ones is not used either.
var units = []Figures{
	{Unit: "blink-cam", Source: "benign-long/fit-7day/pcaps/blink-cam-01.pcap", MAC: "f4:b8:5e:ff:2b:1b", Days: 6, Known: 1, Ends: 1, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 3.8, Windows: 1.667, Hours: 1.667, Up: 3430204, UpSpread: 0.924},
	{Unit: "schlage-lock", Source: "benign-long/fit-7day/pcaps/schlage-lock-01.pcap", MAC: "78:db:2f:db:43:48", Days: 8, Known: 8, Ends: 3.75, Bare: 0.4, New: 0.714, NewBare: 0.8, NewOdd: 1, NewKin: 0, Flows: 7.296, Windows: 6.533, Hours: 21.625, Up: 110455, UpSpread: 0.528},
	{Unit: "lockly-hub", Source: "benign-long/fit-7day/pcaps/lockly-hub-01.pcap", MAC: "24:6f:28:d9:a7:64", Days: 8, Known: 2, Ends: 1.25, Bare: 0.2, New: 0, NewBare: 0, NewKin: 0, Flows: 1.278, Windows: 1.8, Hours: 2.25, Up: 21719, UpSpread: 0.802, Calibrates: true},
	{Unit: "philips-hue", Source: "attack/iot-23/CTU-Honeypot-Capture-4-1-labeled.csv", MAC: "192.168.1.132", Days: 2, Known: 13, Ends: 11, Bare: 1, New: 3, NewBare: 1, NewOdd: 0.667, NewKin: 0, Flows: 1, Windows: 11.182, Hours: 11, Up: 72666, UpSpread: 0.032, Calibrates: true},
	{Unit: "somfy-lock", Source: "attack/iot-23/CTU-Honeypot-Capture-7-1-labeled.csv", MAC: "192.168.1.158", Days: 1, Known: 3, Ends: 3, Bare: 1, New: 0, NewBare: 0, NewKin: 0, Flows: 1, Windows: 1, Hours: 2, Up: 179299},
	{Unit: "Aria", Source: "device-id/iot-sentinel/Aria", Days: 10, Known: 1, Ends: 1, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 2, Windows: 1, Hours: 1, Up: 1276, UpSpread: 0.018, Calibrates: true},
	{Unit: "D-LinkCam", Source: "device-id/iot-sentinel/D-LinkCam", Days: 10, Known: 3, Ends: 2.8, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 1.357, Windows: 1, Hours: 1, Up: 6352, UpSpread: 0.163, Calibrates: true},
	{Unit: "D-LinkDoorSensor", Source: "device-id/iot-sentinel/D-LinkDoorSensor", Days: 10, Known: 5, Ends: 2.2, Bare: 0.818, New: 0.333, NewBare: 0.667, NewKin: 0, Flows: 2.455, Windows: 1, Hours: 1, Up: 23820, UpSpread: 0.221, Calibrates: true},
	{Unit: "D-LinkHomeHub", Source: "device-id/iot-sentinel/D-LinkHomeHub", Days: 5, Known: 7, Ends: 7, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 3.083, Windows: 1.029, Hours: 1, Up: 32586, UpSpread: 0.235, Calibrates: true},
	{Unit: "D-LinkSensor", Source: "device-id/iot-sentinel/D-LinkSensor", Days: 5, Known: 7, Ends: 7, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 1.944, Windows: 1.029, Hours: 1, Up: 20931, UpSpread: 0.008, Calibrates: true},
	{Unit: "D-LinkSwitch", Source: "device-id/iot-sentinel/D-LinkSwitch", Days: 5, Known: 7, Ends: 7, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 2.026, Windows: 1.086, Hours: 1, Up: 31903, UpSpread: 0.35, Calibrates: true},
	{Unit: "D-LinkWaterSensor", Source: "device-id/iot-sentinel/D-LinkWaterSensor", Days: 5, Known: 7, Ends: 7, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 1.842, Windows: 1.086, Hours: 1.2, Up: 19050, UpSpread: 0.361, Calibrates: true},
	{Unit: "EdimaxPlug1101W", Source: "device-id/iot-sentinel/EdimaxPlug1101W", Days: 10, Known: 4, Ends: 3.9, Bare: 0.231, New: 0, NewBare: 0, NewKin: 0, Flows: 1.59, Windows: 1, Hours: 1, Up: 5562, UpSpread: 0.793},
	{Unit: "EdimaxPlug2101W", Source: "device-id/iot-sentinel/EdimaxPlug2101W", Days: 10, Known: 4, Ends: 3.7, Bare: 0.189, New: 0.111, NewBare: 1, NewOdd: 1, NewKin: 0, Flows: 1.459, Windows: 1, Hours: 1, Up: 3505, UpSpread: 0.911},
	{Unit: "HueBridge", Source: "device-id/iot-sentinel/HueBridge", Days: 5, Known: 4, Ends: 4, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 11, Windows: 1.75, Hours: 1, Up: 67932, UpSpread: 0.056, Calibrates: true},
	{Unit: "MAXGateway", Source: "device-id/iot-sentinel/MAXGateway", Days: 10, Known: 1, Ends: 1, Bare: 0, New: 0, NewBare: 0, NewKin: 0, Flows: 1, Windows: 1, Hours: 1, Up: 108, UpSpread: 0.397},
	{Unit: "TP-LinkPlugHS100", Source: "device-id/iot-sentinel/TP-LinkPlugHS100", Days: 10, Known: 10, Ends: 2.6, Bare: 0, New: 0.889, NewBare: 0, NewKin: 0.625, Flows: 1.037, Windows: 1.038, Hours: 1.1, Up: 5296, UpSpread: 0.551, Calibrates: true},
	{Unit: "TP-LinkPlugHS110", Source: "device-id/iot-sentinel/TP-LinkPlugHS110", Days: 10, Known: 11, Ends: 2.5, Bare: 0, New: 1, NewBare: 0, NewKin: 0.778, Flows: 1, Windows: 1, Hours: 1, Up: 6283, UpSpread: 0.119, Calibrates: true},
	{Unit: "WeMoInsightSwitch", Source: "device-id/iot-sentinel/WeMoInsightSwitch", Days: 10, Known: 20, Ends: 10.5, Bare: 0.343, New: 1.222, NewBare: 0.182, NewOdd: 0.364, NewKin: 0.182, Flows: 2.286, Windows: 1, Hours: 1, Up: 66314, UpSpread: 0.337},
	{Unit: "WeMoLink", Source: "device-id/iot-sentinel/WeMoLink", Days: 5, Known: 22, Ends: 12.2, Bare: 0.393, New: 1.75, NewBare: 0.714, NewOdd: 0.857, NewKin: 0.143, Flows: 2.738, Windows: 1, Hours: 1, Up: 141069, UpSpread: 0.156},
	{Unit: "WeMoSwitch", Source: "device-id/iot-sentinel/WeMoSwitch", Days: 10, Known: 15, Ends: 4.6, Bare: 0.543, New: 1.222, NewBare: 0.909, NewOdd: 1, NewKin: 0, Flows: 1.5, Windows: 1, Hours: 1, Up: 110943, UpSpread: 0.093},
}
