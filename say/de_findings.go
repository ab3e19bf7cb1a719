package say

// general are the words that many sentences are made of.
var general = map[Pattern]string{
	"":                                "",
	"{0} {1}":                         "{0} {1}",
	"{0} {1} {2}":                     "{0} {1} {2}",
	"{0} and {1}":                     "{0} und {1}",
	"{0}, {1} and {2}":                "{0}, {1} und {2}",
	"{0}, {1}, {2} and {3}":           "{0}, {1}, {2} und {3}",
	"{0}, {1}, {2}, {3} and {4}":      "{0}, {1}, {2}, {3} und {4}",
	"{0}, {1}, {2}, {3}, {4} and {5}": "{0}, {1}, {2}, {3}, {4} und {5}",
	" on port {0}":                    " an Port {0}",
	" on ports {0}":                   " an den Ports {0}",
	" on ports {0} and {1}":           " an den Ports {0} und {1}",
	" on ports {0} and {1} more":      " an den Ports {0} und {1} weiteren",
	"malware":                         "Schadsoftware",

	"camera": "Kamera", "doorbell": "Türklingel", "plug": "Steckdose", "light": "Lampe", "sensor": "Sensor", "thermostat": "Thermostat", "hub": "Zentrale",
	"lock": "Türschloss", "alarm": "Alarmanlage", "medical": "Medizingerät", "scale": "Waage", "appliance": "Haushaltsgerät", "speaker": "Lautsprecher",
	"tv": "Fernseher", "console": "Spielkonsole", "printer": "Drucker", "nas": "Netzwerkspeicher", "router": "Router", "phone": "Telefon", "tablet": "Tablet",
	"computer": "Computer", "watch": "Uhr", "vehicle": "Fahrzeug", "gadget": "Gerät", "device": "Gerät", "{0} device": "Gerät von {0}",
}

// findings are what the detectors tell, of a device that is named before.
var findings = map[Pattern]string{
	"{0}; the sender is known by its address only, which can be forged":      "{0}; der Absender ist nur an seiner Adresse erkannt, und die lässt sich fälschen",
	"{0}; its MAC is in use on two ports, so it may have been somebody else": "{0}; seine MAC-Adresse ist an zwei Anschlüssen in Gebrauch, es kann also ein anderes Gerät gewesen sein",

	"tried {0} internet addresses{1} in {2}; {3}":    "hat in {2} {0} Adressen im Internet{1} angesprochen; {3}",
	"tried {0} addresses of the home{1} in {2}; {3}": "hat in {2} {0} Adressen im Heimnetz{1} angesprochen; {3}",
	"tried {0} ports of {1} in {2}; {3}":             "hat in {2} {0} Ports von {1} durchprobiert; {3}",
	"none answered":                                  "nichts hat geantwortet",
	"{0} answered":                                   "{0} {0?hat|haben} geantwortet",
	" by ping":                                       " per Ping",

	"sent {0} new {1} connections to {2} in {3}; {4} were answered":  "hat in {3} {0} neue {1}-Verbindungen zu {2} geöffnet; {4} {4?wurde|wurden} beantwortet",
	"sent {0} {1} packets to {2} in {3}; nothing came back":          "hat in {3} {0} {1}-Pakete an {2} geschickt; nichts kam zurück",
	"sent packets from {0} forged addresses in {1}, the last to {2}": "hat in {1} Pakete mit {0} gefälschten Absenderadressen geschickt, das letzte an {2}",

	"sent a password to {0} {1} times by {2} on port {3} in {4}": "hat in {4} {1}-mal ein Passwort an {0} geschickt, über {2} an Port {3}",
	"tried to log in to {0} {1} times on port {2} in {3}":        "hat in {3} {1}-mal versucht, sich bei {0} an Port {2} anzumelden",
	"{0} hosts": "{0} Geräten",
	"was tried from the internet on port {0} {1} {1?time|times} in {2} by {3} {3?host|hosts}, without having contacted them": "wurde in {2} {1}-mal aus dem Internet an Port {0} angesprochen, von {3} {3?Absender|Absendern}, zu denen es selbst keinen Kontakt aufgenommen hatte",
	"asked the router to lead the internet to {0} on port {1}, {2}":                                                          "hat den Router gebeten, für {0} den Port {1} zum Internet zu öffnen, {2}",
	"itself": "sich selbst",
	"which a device of its kind ({0}) never does": "was Geräte dieser Art ({0}) nie tun",
	"which is not its own to open":                "der ihm nicht gehört",
	"by which others control machines":            "über den andere Geräte fernsteuern",

	"asked for {0} names that do not exist in {1}, as {2}; none that it asked for exist": "hat in {1} nach {0} Namen gefragt, die es nicht gibt, zum Beispiel {2}; kein Name, nach dem es fragte, existiert",
	"asked for {0} names that do not exist in {1}, as {2}; {3} that it asked for exist":  "hat in {1} nach {0} Namen gefragt, die es nicht gibt, zum Beispiel {2}; {3} der gefragten Namen {3?existiert|existieren}",

	"its MAC {0} sends on the ports {1} and {2} in turn: one of them forges it": "seine MAC-Adresse {0} sendet abwechselnd an den Anschlüssen {1} und {2}: An einem davon ist sie gefälscht",
	"answers DHCP though it is not the home's server{0}{1}":                     "antwortet auf DHCP-Anfragen, obwohl es nicht der DHCP-Server Ihres Netzes ist{0}{1}",
	"announces itself as an IPv6 router though it is not the home's{0}":         "gibt sich als IPv6-Router aus, obwohl es nicht der Router Ihres Netzes ist{0}",
	" and names {0} as the router":                                              " und nennt {0} als Router",
	"; that is {0}":                                                             "; der richtige ist {0}",
	"claims by {0} that {1} is its own address; it belongs to {2} ({3})":        "behauptet per {0}, dass {1} seine eigene Adresse sei; sie gehört {2} ({3})",
	"neighbour discovery":                                                       "Nachbarsuche (IPv6)",
	"another device that is still using it":                                     "einem anderen Gerät, das sie noch benutzt",
	"the home's gateway":                                                        "dem Gateway Ihres Netzes",
	"the home's gateway, as routed frames show":                                 "dem Gateway Ihres Netzes, wie weitergeleitete Pakete zeigen",
	"likely the home's gateway, as routed frames show; nobody had asked":        "wahrscheinlich dem Gateway Ihres Netzes, wie weitergeleitete Pakete zeigen; niemand hatte danach gefragt",
	"answers DNS in the name of {0}, which is not its address: it told {1} where {2} is, though {3} was asked{4}": "beantwortet DNS-Anfragen im Namen von {0}, obwohl das nicht seine Adresse ist: Es hat {1} gesagt, wo {2} zu finden sei, obwohl {3} gefragt war{4}",
	"; the right answer says something else": "; die richtige Antwort lautet anders",

	"sent {0} to the internet today; devices of its kind send far less":                                             "hat heute {0} ins Internet geschickt; Geräte dieser Art senden viel weniger",
	"sent {0} to the internet today; on a usual day it sends {1}":                                                   "hat heute {0} ins Internet geschickt; an einem gewöhnlichen Tag sind es {1}",
	"was busy between {0} and {1} o'clock, when neither it nor its kind ever is":                                    "war zwischen {0} und {1} Uhr aktiv; zu dieser Zeit sind weder dieses Gerät noch andere seiner Art sonst aktiv",
	"contacted {0} on port {1}; it never did before, and nothing like it is known of any {2}":                       "hat {0} an Port {1} kontaktiert; das hat es noch nie getan, und von keinem Gerät dieser Art ({2}) ist so etwas bekannt",
	"contacted {0} on port {1} by its address alone; until now it asked for names, and no {2} is known to go there": "hat {0} an Port {1} allein über die Adresse kontaktiert; bisher hat es nach Namen gefragt, und von keinem Gerät dieser Art ({2}) ist das bekannt",
	"contacted more that is new to it and to its kind within {0} than such devices do, lately {1} on port {2}":      "hat innerhalb von {0} mehr kontaktiert, das für dieses Gerät und seine Art neu ist, als solche Geräte es sonst tun, zuletzt {1} an Port {2}",
	"a week": "einer Woche",
	"behaves unlike itself and its kind in several ways at once: {0}": "verhält sich in mehrerlei Hinsicht zugleich anders als bisher und anders als Geräte seiner Art: {0}",

	"answers on port {0} ({1}), {2}": "antwortet an Port {0} ({1}), {2}",
	"from the home":                  "aus dem Heimnetz",
	"from the internet":              "aus dem Internet",
	"where it never answered before": "wo es bisher nie geantwortet hat",
	"which was closed before":        "der bisher geschlossen war",

	"calls {0}{1}{2}{3}":                                "meldet sich bei {0}{1}{2}{3}",
	", an address that no name is known for":            " (einer Adresse, zu der kein Name bekannt ist)",
	", and keeps the connection open":                   " und hält die Verbindung offen",
	", once":                                            ", einmal",
	" again and again: {0} times in {1}, none answered": " immer wieder: {0}-mal in {1}, ohne Antwort",
	" again and again: {0} times in {1}, each answered and given up at once": " immer wieder: {0}-mal in {1}, jedes Mal beantwortet und sofort aufgegeben",
	" again and again: {0} times in {1}, {2} not answered":                   " immer wieder: {0}-mal in {1}, davon {2} unbeantwortet",

	"suddenly speaks as another device with the same hardware address: another device, or another system on this one.{0}": "verhält sich plötzlich wie ein anderes Gerät mit derselben Hardware-Adresse: Es ist ein anderes Gerät, oder auf diesem läuft ein anderes System.{0}",
	" It called itself \"{0}\", now it is \"{1}\".":                                                                       " Es nannte sich „{0}“, jetzt „{1}“.",
	"its hardware address {0} is used by two that speak differently: one of them is not it{1}":                            "seine Hardware-Adresse {0} wird von zwei Geräten benutzt, die sich verschieden verhalten: Eines davon ist ein fremdes{1}",
	"sends with the hardware address {0} of another device, which is here as well{1}":                                     "sendet mit der Hardware-Adresse {0} eines anderen Geräts, das ebenfalls im Netz ist{1}",
	" (ports {0} and {1})": " (Anschlüsse {0} und {1})",
	"asks for its address with the identifier of another device, which is here as well: it speaks as one that it is not": "fragt mit der Kennung eines anderen Geräts nach seiner Adresse, das ebenfalls im Netz ist: Es gibt sich für ein Gerät aus, das es nicht ist",
	"It calls itself what a {0} does, but its address and what it contacts are not those of one.":                        "Es nennt sich so wie das Modell „{0}“, aber seine Adresse und seine Kontakte passen nicht dazu.",
	"Its hardware address {0} is used on two ports at once, {1} and {2}: one of them is not it.":                         "Seine Hardware-Adresse {0} wird an zwei Anschlüssen zugleich benutzt, {1} und {2}: An einem davon ist es ein fremdes Gerät.",

	"contacted {0}, which list {1} names as {2}{3}{4}":                                                                     "hat {0} kontaktiert; die Liste {1} führt das als {2}{3}{4}",
	"was contacted by {0}, which list {1} names as {2}{3}{4}":                                                              "wurde von {0} kontaktiert; die Liste {1} führt das als {2}{3}{4}",
	"; {0} times since {1}":                                                                                                "; {0}-mal seit dem {1}",
	"; the sender is known by its address only, which can be forged":                                                       "; der Absender ist nur an seiner Adresse erkannt, und die lässt sich fälschen",
	"; one contact can come from a web page or a message, so it is watched for now":                                        "; ein einzelner Kontakt kann von einer Webseite oder einer Nachricht kommen, darum wird es vorerst nur beobachtet",
	"contacted {0} on port {1} on {2:day} at {2:clock} UTC; as was learnt since then, nothing like it is known of any {3}": "hat am {2:day} um {2:clock} Uhr (UTC) {0} an Port {1} kontaktiert; wie seitdem gelernt wurde, ist von keinem Gerät dieser Art ({3}) so etwas bekannt",
	"contacted {0} on {1:day} at {1:clock} UTC, which list {2} names as {3} since then":                                    "hat {0} am {1:day} um {1:clock} Uhr (UTC) kontaktiert; die Liste {2} führt das seitdem als {3}",
}

// families are the kinds of evidence that a finding of several sums up.
var families = map[Pattern]string{
	"new endpoints": "neue Ziele", "regular calls": "regelmäßige Kontakte", "generated names": "ausgedachte Namen", "volume sent": "gesendete Datenmenge", "time of day": "Tageszeit",
	"access": "Zugriffe", "scan": "Suche nach anderen Geräten", "flood": "Überflutung", "spoofing": "falsche Identität", "inbound": "Zugriffe aus dem Internet",
	"listed endpoint": "Ziel auf einer Sperrliste", "identity": "Identität", "none": "nichts",
}
