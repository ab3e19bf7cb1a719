package exposure

import (
	"fmt"

	"cardea/home"
	"cardea/say"
)

func tlsName(v uint16) string {
	switch v {
	case 0x0302:
		return "TLS 1.1"
	case 0x0301:
		return "TLS 1.0"
	}
	return "SSL 3"
}

// subject begins a sentence about the device.
func (l *lister) subject() say.Arg {
	if w, ok := subjects[l.who.Class]; ok {
		return say.Word(w)
	}
	return say.Word("This device")
}

// subjects are what people call a thing of a class. Classes that are no thing by their name are left out.
var subjects = map[home.DeviceClass]say.Pattern{
	home.ClassCamera: "Your camera", home.ClassDoorbell: "Your doorbell", home.ClassPlug: "Your plug", home.ClassLight: "Your light", home.ClassSensor: "Your sensor",
	home.ClassThermostat: "Your thermostat", home.ClassHub: "Your hub", home.ClassLock: "Your lock", home.ClassAlarm: "Your alarm",
	home.ClassMedical: "Your medical device", home.ClassScale: "Your scale", home.ClassSpeaker: "Your speaker", home.ClassTV: "Your TV",
	home.ClassConsole: "Your console", home.ClassPrinter: "Your printer", home.ClassNAS: "Your network storage", home.ClassRouter: "Your router",
	home.ClassPhone: "Your phone", home.ClassTablet: "Your tablet", home.ClassComputer: "Your computer", home.ClassWatch: "Your watch",
	home.ClassVehicle: "Your car",
}

func plural(c home.DeviceClass) say.Arg {
	if w, ok := plurals[c]; ok {
		return say.Word(w)
	}
	return say.Word("devices")
}

var plurals = map[home.DeviceClass]say.Pattern{
	home.ClassCamera: "cameras", home.ClassDoorbell: "doorbells", home.ClassPlug: "plugs", home.ClassLight: "lights", home.ClassSensor: "sensors",
	home.ClassThermostat: "thermostats", home.ClassHub: "hubs", home.ClassLock: "locks", home.ClassAlarm: "alarms", home.ClassMedical: "medical devices",
	home.ClassScale: "scales", home.ClassSpeaker: "speakers", home.ClassTV: "TVs", home.ClassConsole: "consoles", home.ClassPrinter: "printers",
	home.ClassNAS: "network storage devices", home.ClassRouter: "routers", home.ClassPhone: "phones", home.ClassTablet: "tablets",
	home.ClassComputer: "computers", home.ClassWatch: "watches", home.ClassVehicle: "cars",
}

// serviceOf says in plain words what a port is used for; "" when it could be anything.
func serviceOf(proto string, number uint16) say.Pattern {
	return services[fmt.Sprint(proto, " ", number)]
}

// services are what IANA's registry or common use give a port, in words for people.
var services = map[string]say.Pattern{
	"tcp 21": "file transfer, FTP", "tcp 22": "remote login, SSH", "tcp 23": "remote login, telnet", "tcp 2323": "remote login, telnet", "tcp 25": "mail",
	"tcp 53": "names", "udp 53": "names", "udp 67": "addresses", "udp 69": "file transfer", "tcp 80": "web page", "udp 123": "clock time", "udp 137": "Windows names",
	"tcp 139": "shared files", "udp 161": "management", "tcp 443": "web page, encrypted", "tcp 445": "shared files", "tcp 515": "printing", "tcp 548": "shared files",
	"tcp 554": "video", "tcp 631": "printing", "udp 631": "printing", "tcp 873": "file copies", "udp 1900": "finding devices", "tcp 1400": "music control",
	"tcp 1883": "messages, MQTT", "tcp 8883": "messages, MQTT", "tcp 2049": "shared files", "tcp 3306": "a database", "tcp 3389": "remote screen", "tcp 3689": "music",
	"udp 3702": "finding devices", "tcp 5000": "web page", "tcp 5001": "web page, encrypted", "udp 5060": "telephone", "tcp 5060": "telephone", "tcp 5353": "names", "udp 5353": "names",
	"tcp 5432": "a database", "tcp 5555": "debugging", "tcp 5900": "remote screen", "tcp 7000": "AirPlay", "tcp 8008": "casting", "tcp 8009": "casting",
	"tcp 8080": "web page", "tcp 8443": "web page, encrypted", "tcp 8554": "video", "tcp 9100": "printing", "tcp 9999": "plug control", "udp 9999": "plug control",
	"udp 5683": "device control", "tcp 6668": "device control", "tcp 37777": "camera control", "tcp 34567": "camera control", "tcp 32400": "media library",
}
