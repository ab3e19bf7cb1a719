package say

// cards are what evidence cards say: what would stop working, and what their figures are called.
var cards = map[Pattern]string{
	"The whole device: nothing that it does over the network would work.":    "Das ganze Gerät: Nichts, was es über das Netz tut, würde noch funktionieren.",
	"It would no longer reach {0}.":                                          "Es würde {0} nicht mehr erreichen.",
	"It would no longer reach {0} ({1}).":                                    "Es würde {0} ({1}) nicht mehr erreichen.",
	"Most homes with this model use it, so part of what it does would stop.": "Die meisten Haushalte mit diesem Modell nutzen das; ein Teil seiner Funktionen würde ausfallen.",
	"It was used on {0} days before, and whatever that was for would stop.":  "Es wurde bisher an {0} {0?Tag|Tagen} genutzt; wozu auch immer, das würde ausfallen.",
	"Some homes with this model use it, so a feature may stop.":              "Einige Haushalte mit diesem Modell nutzen das; eine Funktion könnte ausfallen.",
	"Nothing that this model usually does.":                                  "Nichts, was dieses Modell gewöhnlich tut.",
	"Nothing that this device did before.":                                   "Nichts, was dieses Gerät bisher getan hat.",
}

// cardWords are what the figures of cards are called, and their units.
var cardWords = map[Pattern]string{
	"forged answers": "gefälschte Antworten", "log-ins": "Anmeldungen", "time": "Dauer", "requests": "Anfragen",
	"names that do not exist": "Namen, die es nicht gibt", "of these look made up": "davon sehen ausgedacht aus", "names that exist": "Namen, die es gibt",
	"evidence": "Gewicht der Hinweise", "evidence needed": "nötiges Gewicht", "sent today": "heute gesendet", "usually a day": "sonst am Tag",
	"chance a day": "Wahrscheinlichkeit am Tag", "surprise": "Überraschung", "new endpoints of its model": "neue Ziele dieses Modells",
	"surprise within 10 minutes": "Überraschung in 10 Minuten", "surprise within 6 hours": "Überraschung in 6 Stunden", "surprise within a week": "Überraschung in einer Woche",
	"score": "Wert", "port": "Port", "days watched": "beobachtete Tage", "calls": "Kontakte", "unanswered": "unbeantwortet",
	"time between calls": "Zeit zwischen Kontakten",
	"answers":            "Antworten", "attempts": "Versuche", "seconds": "Sekunden", "names": "Namen", "nats": "nat", "bytes": "Byte", "bits": "Bit", "a day": "am Tag", "days": "Tage",
}
