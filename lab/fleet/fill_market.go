package fleet

import "cardea/home"

// model is a made-up product. No maker here exists.
type model struct {
	vendor, name string
	class        home.DeviceClass
	called       string  // by its owner, or by itself
	share        float64 // of devices
	ill          float64 // how much more often than others it is infected
	oui          uint32  // first three bytes of its MAC addresses, locally administered
}

func (m model) product() string { return m.vendor + " " + m.name }

var market = []model{
	{"Aldervik", "Cam 3", home.ClassCamera, "Garden camera", 5, 9, 0x06a101}, {"Aldervik", "Cam Mini", home.ClassCamera, "Hall camera", 3, 6, 0x06a101},
	{"Norrbo", "Plug S", home.ClassPlug, "Plug", 8, 0.2, 0x06a102}, {"Norrbo", "Strip 4", home.ClassPlug, "Power strip", 2, 0.2, 0x06a102},
	{"Lumenfall", "Bulb A60", home.ClassLight, "Lamp", 9, 0.1, 0x06a103}, {"Lumenfall", "Bridge 2", home.ClassHub, "Light bridge", 3, 0.2, 0x06a103},
	{"Ostra", "Doorbell Pro", home.ClassDoorbell, "Doorbell", 3, 1.5, 0x06a104}, {"Ostra", "Lock One", home.ClassLock, "Front door", 1, 0.1, 0x06a104},
	{"Telvanna", "Vision 55", home.ClassTV, "Television", 8, 0.8, 0x06a105}, {"Telvanna", "Stick 4K", home.ClassTV, "Stick", 4, 2, 0x06a105},
	{"Hearthline", "Thermo 2", home.ClassThermostat, "Heating", 3, 0.1, 0x06a106}, {"Hearthline", "Sense", home.ClassSensor, "Sensor", 3, 0.1, 0x06a106},
	{"Quill", "LaserJot 200", home.ClassPrinter, "Printer", 4, 0.7, 0x06a107}, {"Strata", "NAS 2", home.ClassNAS, "Storage", 1.5, 5, 0x06a108},
	{"Meshwork", "Repeater AX", home.ClassRouter, "Repeater", 3, 4, 0x06a109}, {"Meshwork", "DVR 8", home.ClassCamera, "Recorder", 1, 12, 0x06a109},
	{"Cantata", "Speaker Go", home.ClassSpeaker, "Speaker", 5, 0.2, 0x06a10a}, {"Cantata", "Bar 300", home.ClassSpeaker, "Sound bar", 2, 0.2, 0x06a10a},
	{"Pixelforge", "Console X", home.ClassConsole, "Console", 3, 0.2, 0x06a10b}, {"Sundry", "Robot V5", home.ClassAppliance, "Vacuum", 2, 0.4, 0x06a10c},
	{"Sundry", "Washer W9", home.ClassAppliance, "Washing machine", 1.5, 0.1, 0x06a10c}, {"Vitalis", "Scale B", home.ClassScale, "Scale", 1, 0.1, 0x06a10d},
	{"Vitalis", "Monitor M1", home.ClassMedical, "Monitor", 0.2, 0.1, 0x06a10d}, {"Guardhus", "Alarm Hub", home.ClassAlarm, "Alarm", 1, 0.1, 0x06a10e},
	{"Handel", "Phone 12", home.ClassPhone, "Phone", 16, 0.3, 0x06a10f}, {"Orvik", "Phone S", home.ClassPhone, "Phone", 12, 0.3, 0x06a110},
	{"Handel", "Tab 8", home.ClassTablet, "Tablet", 5, 0.2, 0x06a10f}, {"Ferrum", "Book 14", home.ClassComputer, "Laptop", 11, 1.2, 0x06a111},
	{"Ferrum", "Desk 3", home.ClassComputer, "Desktop", 3, 1.4, 0x06a111}, {"Tempo", "Watch 6", home.ClassWatch, "Watch", 2, 0.1, 0x06a112},
	{"Voltaro", "Charger 11", home.ClassVehicle, "Charger", 1, 0.2, 0x06a113}, {"", "", home.ClassGadget, "Device", 4, 2, 0x06a1ff},
}

// version is a program that gateways run.
type version struct {
	name  string
	share float64
}

var versions = []version{{"0.7.2", 71}, {"0.7.1", 20}, {"0.6.9", 5}, {"0.8.0-rc1", 1}, {"0.6.2", 3}}

// platform is a kind of gateway.
var platforms = []version{{"linux-arm64", 54}, {"linux-mipsle", 25}, {"linux-armv7", 15}, {"linux-amd64", 6}}

// fault is a way in which devices misbehave.
type fault struct {
	detector string
	kind     home.Infection
	share    float64
	hard     bool
	wrong    float64 // how often it is a false alarm
	sentence string  // with the place of what it called
	campaign bool    // several homes call the same server
	port     uint32
}

var faults = []fault{
	{"indicator", home.InfectionTelnet, 26, true, 0.01, "It contacted %s, which is on a list of command servers.", true, 6667},
	{"scan-wan", home.InfectionTelnet, 22, true, 0.01, "It tried 214 computers on the internet on port 23 in 40 seconds; none answered.", false, 23},
	{"scan-lan", home.InfectionPersistent, 9, true, 0.04, "It tried 37 addresses at home that did not answer.", false, 445},
	{"brute-force", home.InfectionLogin, 8, true, 0.02, "It tried 120 passwords on another device.", false, 22},
	{"flood", home.InfectionTelnet, 6, true, 0.02, "It sent 90,000 packets a second to %s.", false, 80},
	{"beacon", home.InfectionProgram, 12, false, 0.14, "It called %s every 300 seconds, as nothing of its kind does.", true, 443},
	{"novelty", home.InfectionUnknown, 10, false, 0.31, "It contacted %s, which no home with this model ever did.", false, 8443},
	{"generated-names", home.InfectionProgram, 5, false, 0.09, "It asked for 180 names that do not exist.", false, 53},
	{"inbound", home.InfectionUnpatchable, 5, true, 0.06, "It was contacted from the internet on port 8080 without having asked.", false, 8080},
	{"volume", home.InfectionUnknown, 4, false, 0.38, "It sent 9 GB in a night, forty times as much as it ever does.", false, 443},
}

// campaigns are servers that devices of many homes call; the names are of documentation (RFC 2606).
var campaigns = []string{"update-cdn.example", "c2.harbour.example", "sync.tideway.example", "node7.marlow.example", "api.quietfield.example"}

var places = []string{"Mill Lane", "High Street", "Orchard Road", "Station Road", "Church Lane", "Park View", "Kirkegate", "Lindenweg", "Bergstrasse", "Am Anger", "Birkenallee", "Feldweg",
	"Quay Street", "Meadow Close", "Hill Rise", "Canal Walk"}

var rooms = []string{"", "", "", " kitchen", " upstairs", " office", " bedroom", " living room", " garage", " 2"}
