package say

// services are what known services are for, as intel's table of them says.
var services = map[Pattern]string{
	"files and backups": "Dateien und Sicherungen", "push notifications": "Push-Nachrichten", "error and usage reports": "Fehler- und Nutzungsberichte",
	"cloud computers, used by many companies": "Cloud-Rechner, die viele Firmen nutzen", "advertising and measurement": "Werbung und Messung",
	"messages and calls": "Nachrichten und Anrufe", "software development": "Softwareentwicklung",
	"tells a device its public address": "nennt einem Gerät seine öffentliche Adresse", "software updates": "Updates",
	"app services, used by many companies": "App-Dienste, die viele Firmen nutzen", "shopping": "Einkaufen", "Adobe's programs": "Programme von Adobe",
	"virus protection": "Virenschutz", "Apple's services": "Dienste von Apple", "name resolution": "Namensauflösung",
	"delivers content for many companies": "liefert Inhalte für viele Firmen aus", "customer service software": "Software für den Kundendienst",
	"encyclopaedia": "Enzyklopädie", "payment": "Bezahlen", "finds a home's changing address": "findet die wechselnde Adresse eines Haushalts",
	"connects devices of several makers": "verbindet Geräte mehrerer Hersteller", "search and other services": "Suche und andere Dienste",
	"voice assistant": "Sprachassistent", "mail and office": "E-Mail und Büro", "browser services": "Browser-Dienste", "social network": "soziales Netzwerk",
	"collects measurements": "sammelt Messwerte", "helps two devices to find each other": "hilft zwei Geräten, einander zu finden",
	"checks certificates": "prüft Zertifikate", "sport": "Sport", "checks whether the internet works": "prüft, ob das Internet funktioniert",
	"connects its devices to their maker": "verbindet seine Geräte mit dem Hersteller", "television apps and programme guide": "TV-Apps und Programmführer",
	"links services of several makers": "verknüpft Dienste mehrerer Anbieter", "music streaming": "Musikstreaming", "remote access": "Fernzugriff",
	"measures the connection": "misst den Anschluss", "Huawei's services": "Dienste von Huawei", "Microsoft's services": "Dienste von Microsoft",
	"connects cameras to phones, used by many makers": "verbindet Kameras mit Telefonen, für viele Hersteller", "weather": "Wetter",
	"sets the clock": "stellt die Uhr", "video streaming": "Videostreaming", "meetings and calls": "Besprechungen und Anrufe", "games": "Spiele",
	"Samsung's services": "Dienste von Samsung", "artificial intelligence": "künstliche Intelligenz",
	"switches features of programs": "schaltet Funktionen von Programmen",
}
