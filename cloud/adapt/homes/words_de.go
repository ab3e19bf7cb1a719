package homes

const elsewhereDE = "Mit wem Ihre Geräte sprachen, ist nur auf dem Gateway zu Hause gespeichert, für einige Tage. Die Cloud hat Hashes von Zielen zum Zählen, und Namen nur von dem, was gestoppt wurde, worum es in einem Fall geht und was viele Haushalte nutzen."

// fieldsDE are the fields and their values in German.
var fieldsDE = map[string]string{
	"nothing": "nichts", "a time": "einer Zeit", "account": "Anmeldung", "admission": "Antwort", "approve": "neue Geräte", "block": "Ungewöhnliches", "contain": "Angriffe", "days": "Tage", "devices": "Geräte",
	"essential": "besondere Vorsicht", "from": "Beginn", "group": "Gruppe", "guest": "Gast", "help": "Hilfe für andere", "level": "Seiten", "name": "Bezeichnung", "off": "aus", "on": "an", "open": "für alle sichtbar",
	"private": "Privatmodus", "tidy": "offene Türen", "to": "Ende", "until": "bis", "whose": "für wen", "zone": "Zeitzone",
	"everything": "alles", "family": "keine Seiten für Erwachsene", "auto": "von selbst", "ask": "erst fragen", "never": "nur melden", "tell": "melden", "hold": "auf ein Ja warten", "home": "wie das Zuhause",
	"none": "keine Antwort", "admitted": "hereingelassen", "refused": "ausgesperrt", "medical": "medizinisch", "alarm": "Alarmanlage", "internet": "nur Internet",
}
