package exposure

import (
	"fmt"
	"time"

	"cardea/home"
)

// date writes a day out, in English: other languages make their own of the field's value.
func date(t time.Time) string { return t.UTC().Format("2 January 2006") }

func month(t time.Time) string { return t.UTC().Format("January 2006") }

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
func (l *lister) subject() string {
	if w, ok := classWords[l.who.Class]; ok {
		return "Your " + w
	}
	return "This device"
}

// classWords are what people call things of a class. Classes that are no thing by their name are left out.
var classWords = map[home.DeviceClass]string{
	home.ClassCamera: "camera", home.ClassDoorbell: "doorbell", home.ClassPlug: "plug", home.ClassLight: "light", home.ClassSensor: "sensor",
	home.ClassThermostat: "thermostat", home.ClassHub: "hub", home.ClassLock: "lock", home.ClassAlarm: "alarm", home.ClassMedical: "medical device",
	home.ClassScale: "scale", home.ClassSpeaker: "speaker", home.ClassTV: "TV", home.ClassConsole: "console", home.ClassPrinter: "printer",
	home.ClassNAS: "network storage", home.ClassRouter: "router", home.ClassPhone: "phone", home.ClassTablet: "tablet", home.ClassComputer: "computer",
	home.ClassWatch: "watch", home.ClassVehicle: "car",
}

func plural(c home.DeviceClass) string {
	switch w, ok := classWords[c]; {
	case c == home.ClassNAS:
		return "network storage devices"
	case ok:
		return w + "s"
	}
	return "devices"
}

// serviceOf says in plain words what a port is used for; "" when it could be anything.
func serviceOf(proto string, number uint16) string { return services[fmt.Sprint(proto, " ", number)] }

// services are what IANA's registry or common use give a port, in words for people.
var services = map[string]string{
	"tcp 21": "file transfer, FTP", "tcp 22": "remote login, SSH", "tcp 23": "remote login, telnet", "tcp 2323": "remote login, telnet", "tcp 25": "mail",
	"tcp 53": "names", "udp 53": "names", "udp 67": "addresses", "udp 69": "file transfer", "tcp 80": "web page", "udp 123": "time", "udp 137": "Windows names",
	"tcp 139": "shared files", "udp 161": "management", "tcp 443": "web page, encrypted", "tcp 445": "shared files", "tcp 515": "printing", "tcp 548": "shared files",
	"tcp 554": "video", "tcp 631": "printing", "udp 631": "printing", "tcp 873": "file copies", "udp 1900": "finding devices", "tcp 1400": "music control",
	"tcp 1883": "messages, MQTT", "tcp 8883": "messages, MQTT", "tcp 2049": "shared files", "tcp 3306": "a database", "tcp 3389": "remote screen", "tcp 3689": "music",
	"udp 3702": "finding devices", "tcp 5000": "web page", "tcp 5001": "web page, encrypted", "udp 5060": "telephone", "tcp 5060": "telephone", "tcp 5353": "names", "udp 5353": "names",
	"tcp 5432": "a database", "tcp 5555": "debugging", "tcp 5900": "remote screen", "tcp 7000": "AirPlay", "tcp 8008": "casting", "tcp 8009": "casting",
	"tcp 8080": "web page", "tcp 8443": "web page, encrypted", "tcp 8554": "video", "tcp 9100": "printing", "tcp 9999": "plug control", "udp 9999": "plug control",
	"udp 5683": "device control", "tcp 6668": "device control", "tcp 37777": "camera control", "tcp 34567": "camera control", "tcp 32400": "media library",
}
