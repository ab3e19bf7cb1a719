package say

// lines are what is said of a home's line, and of what may help it.
var lines = map[Pattern]string{
	"Slow since {0}, because your home fills its line.":                "Langsam seit {0}, weil Ihr Zuhause die Leitung ausfüllt.",
	"Slow since {0}, on the line between your home and your provider.": "Langsam seit {0}, auf der Leitung zwischen Ihrem Zuhause und Ihrem Anbieter.",
	"Slow since {0}, at the provider's side.":                          "Langsam seit {0}, auf der Seite Ihres Anbieters.",
	"Slow since {0}: names are looked up slowly.":                      "Langsam seit {0}: Namen werden langsam nachgeschlagen.",
	"Your line works as it usually does.":                              "Ihre Leitung arbeitet wie gewöhnlich.",
	"Your gateway has not told how your line works yet.":               "Ihr Gateway hat noch nicht gemeldet, wie Ihre Leitung arbeitet.",

	"The line is quicker since then. It stays in force.":                                              "Die Leitung ist seitdem schneller. Es bleibt in Kraft.",
	"The line is quicker since then.":                                                                 "Die Leitung ist seitdem schneller.",
	"Slow since {0}, somewhere beyond your gateway.":                                                  "Langsam seit {0}, irgendwo hinter Ihrem Gateway.",
	"Meanwhile your home used the line much less, so whether it helps cannot be told. It was undone.": "Inzwischen hat Ihr Zuhause die Leitung viel weniger genutzt. Ob es hilft, lässt sich daher nicht sagen. Es wurde zurückgenommen.",
	"It did not help. It was undone.":                                                                 "Es hat nicht geholfen. Es wurde zurückgenommen.",
	"It did not help.":                                                                                "Es hat nicht geholfen.",
	"Somebody ended it before it was measured.":                                                       "Jemand hat es beendet, bevor es gemessen war.",

	"The gateway knows no such remedy.":                                                        "Dieses Mittel kennt das Gateway nicht.",
	"Another remedy is being tried now: it is measured for two minutes.":                       "Gerade wird ein anderes Mittel versucht: Es wird zwei Minuten lang gemessen.",
	"Too little was measured in the last two minutes to see whether it helps.":                 "In den letzten zwei Minuten wurde zu wenig gemessen, um zu sehen, ob es hilft.",
	"It is not known yet how much your line carries.":                                          "Es ist noch nicht bekannt, wie viel Ihre Leitung trägt.",
	"Something else on this gateway already shares the line out. It is left as it is.":         "Etwas anderes auf diesem Gateway teilt die Leitung schon auf. Es bleibt, wie es ist.",
	"This gateway's system cannot share the line out.":                                         "Das System dieses Gateways kann die Leitung nicht aufteilen.",
	"No other server for names is configured.":                                                 "Es ist kein anderer Server für Namen eingerichtet.",
	"This gateway cannot be restarted from afar: its configuration names no command for that.": "Dieses Gateway kann nicht aus der Ferne neu gestartet werden: Seine Einstellungen nennen keinen Befehl dafür.",
	"This gateway does not measure its line: its configuration says so.":                       "Dieses Gateway misst seine Leitung nicht: So steht es in seinen Einstellungen.",
}
