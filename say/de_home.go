package say

import (
	"maps"
	"slices"
)

// homes are how a home is, what is the matter with it, and what its people changed.
var homes = map[Pattern]string{
	"A device":                  "Ein Gerät",
	"{0} is shut in":            "{0} ist eingesperrt",
	"{0} is being cleaned":      "{0} wird gereinigt",
	"{0} is watched closely":    "{0} wird genau beobachtet",
	"{0} is fine again":         "{0} ist wieder in Ordnung",
	"{0} needs a look":          "{0} braucht Aufmerksamkeit",
	"Everything looks fine.":    "Alles sieht gut aus.",
	"The gateway is offline":    "Das Gateway ist nicht erreichbar",
	"Something was changed.":    "Etwas wurde geändert.",
	"{0} was added.":            "{0} wurde hinzugefügt.",
	"{0} was taken away.":       "{0} wurde entfernt.",
	"{0} was changed: {1}.":     "{0} wurde geändert: {1}.",
	"{0} was let in.":           "{0} wurde hereingelassen.",
	"{0} was refused.":          "{0} wurde abgewiesen.",
	"{0} from {1} to {2}":       "{0} von {1} auf {2}",
	"{0} was paused until {1}.": "{0} ist bis {1} pausiert.",

	"Let in after it was refused.": "Hereingelassen, nachdem es abgewiesen war.",
	"Refused as a new device.":     "Als neues Gerät abgewiesen.",
	"Backups of the cloud still have it until the provider's next cycle replaces them.":                           "Sicherungen der Cloud haben es noch, bis die nächsten des Anbieters sie ersetzen.",
	"The gateway has not been heard of yet.":                                                                      "Das Gateway hat sich noch nicht gemeldet.",
	"The gateway was last heard of {0} ago.":                                                                      "Das Gateway hat sich zuletzt vor {0} gemeldet.",
	"It was last heard of {0} ago. What it shut in stays shut in. Check its power and its cable to the internet.": "Es hat sich zuletzt vor {0} gemeldet. Was es eingesperrt hat, bleibt eingesperrt. Prüfen Sie seinen Strom und sein Kabel zum Internet.",
	"A new gateway wants to join":                                                                                 "Ein neues Gateway möchte dazukommen",
	"Confirm it if you have just installed it.":                                                                   "Bestätigen Sie es, wenn Sie es gerade eingerichtet haben.",
	"A new gateway wants to take the old one's place.":                                                            "Ein neues Gateway möchte das alte ersetzen.",
	"The gateway cannot do all of its work":                                                                       "Das Gateway kann nicht alles tun, was es soll",
	"The gateway cannot do all of its work.":                                                                      "Das Gateway kann nicht alles tun, was es soll.",
	"The home's rules were changed: {0}.":                                                                         "Die Regeln des Zuhauses wurden geändert: {0}.",
	"The rules for {0} were changed: {1}.":                                                                        "Die Regeln für {0} wurden geändert: {1}.",
	"Everybody was paused until {0}.":                                                                             "Alle sind bis {0} pausiert.",
	"The pause of everybody was ended before its time.":                                                           "Die Pause aller wurde vor der Zeit beendet.",
	"The pause of {0} was ended before its time.":                                                                 "Die Pause von {0} wurde vor der Zeit beendet.",
	"{0} is a guest's device now.":                                                                                "{0} gehört jetzt einem Gast.",
	"{0} is not a guest's device any more.":                                                                       "{0} gehört keinem Gast mehr.",
	"Privacy Mode was switched on.":                                                                               "Der Privatmodus wurde eingeschaltet.",
	"Privacy Mode was switched off.":                                                                              "Der Privatmodus wurde ausgeschaltet.",
	"Helping other homes was switched on.":                                                                        "Die Hilfe für andere Haushalte wurde eingeschaltet.",
	"Helping other homes was switched off.":                                                                       "Die Hilfe für andere Haushalte wurde ausgeschaltet.",
}

// shortages are what a gateway says of itself when it does less than usual. It says them in English only: Read finds their words.
var shortages = map[Pattern]string{
	"One port sends so much that {0} of its first packets were not looked at.":                             "Ein Anschluss sendet so viel, dass {0} seiner ersten Pakete nicht angesehen wurden.",
	"The kernel had more to tell than could be read, {0} times; what was missed was looked up afterwards.": "Der Kern hatte mehr zu sagen, als gelesen werden konnte, {0}-mal; was fehlte, wurde danach nachgesehen.",
	"{0} first packets could not be delivered: some flows have no name.":                                   "{0} erste Pakete kamen nicht an: Einige Verbindungen haben keinen Namen.",
	"One device talks to so many places that {0} contacts were counted together.":                          "Ein Gerät spricht mit so vielen Stellen, dass {0} Kontakte zusammengezählt wurden.",
	"There were more flows than can be followed: {0} were only counted.":                                   "Es gab mehr Verbindungen, als sich verfolgen lassen: {0} wurden nur gezählt.",
	"One device asks for so many names that {0} questions were not answered.":                              "Ein Gerät fragt nach so vielen Namen, dass {0} Fragen nicht beantwortet wurden.",
	"{0} tasks were dropped because too much happened at once.":                                            "{0} Aufgaben wurden verworfen, weil zu viel auf einmal geschah.",
	"Memory ran short {0} times: kept answers of DNS were dropped.":                                        "Der Speicher wurde {0}-mal knapp: Gemerkte Antworten von DNS wurden verworfen.",
	"The rules are not in force: {0}":                                                                      "Die Regeln gelten nicht: {0}",
}

// Shortages are the patterns of what a gateway says of itself, for Read.
func Shortages() []Pattern { return slices.Sorted(maps.Keys(shortages)) }
