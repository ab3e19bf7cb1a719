package privacy

var readmeDE = readmeWords{
	owner: "Was über Ihr Zuhause gespeichert ist, Stand %s. Sie sind Eigentümer dieses Zuhauses: Die Geräte aller, die dort wohnen, sind enthalten.",
	staff: "Was über ein Zuhause gespeichert ist, Stand %s, vom Anbieter erstellt, nachdem jemand dort darum gebeten und jemand anderes zugestimmt hatte.",
	is:    "Was enthalten ist", isNot: "Was nicht enthalten ist",
	files: []named{
		{"home.json", "das Zuhause, wie die App es zeigt: Geräte und ihre letzten sieben Tage, Fälle, was vom Gateway verlangt wurde, was Personen entschieden haben, wer hinsehen darf, und woraus andere lernen"},
		{"reports.json", "Wochenberichte"},
		{"kept.json", "alles, was gespeichert ist, ob hier enthalten oder nicht: was, warum und für wie viele Tage"},
		{"devices.csv", "Geräte"},
		{"incidents.csv", "was geschah und was daraus wurde"},
		{"stopped.csv", "was in den letzten 90 Tagen abgewiesen wurde, und warum"},
		{"changes.csv", "wer was geändert hat"},
		{"notifications.csv", "Nachrichten an die Person, die das Archiv erstellt hat"},
		{"reports.csv", "Wochenberichte, nur die Zahlen"},
		{"looks.csv", "wer sich das Zuhause angesehen hat, und warum"},
		{"contacts.csv", "mit wem Geräte sprachen, vom Gateway: Die Cloud hat das nicht"},
	},
	contacts: map[reached]string{
		reachedAll:       "In contacts.csv ist alles, woran sich das Gateway erinnert (Zeilen: %d).",
		reachedNewest:    "Das Gateway erinnert sich an mehr, als in contacts.csv steht; dort ist das Neueste (Zeilen: %d).",
		reachedNothing:   "Das Gateway hat nicht geantwortet, oder nicht bis zum Ende: In contacts.csv ist nur ein Teil (Zeilen: %d). Versuchen Sie es wieder, wenn es online ist.",
		reachedNoGateway: "Das Zuhause hat kein Gateway, das sagen könnte, mit wem Geräte sprachen (Zeilen in contacts.csv: %d).",
		reachedNotAsked:  "contacts.csv ist leer: Mit wem Geräte sprachen, gehört allein dem Haushalt, der es sich in der App holt.",
	},
	missing: []string{
		"Womit Personen sich anmelden und wie sie benachrichtigt werden wollen: Namen, Adressen, Passkeys, wo sie angemeldet sind, Telefonnummern. Das Eigene sieht jede Person in der App, unter „Anmeldung“ und „Benachrichtigungen“.",
		"Geheimes: Von Codes, Etiketten und Einladungen gibt es nur Hashes.",
		"Was die Cloud zum Zählen und zum Arbeiten speichert: Ziele als Hashes und Bytes je Stunde, wie der Anschluss ging, und wie weit Mitteilungen gespeichert sind. kept.json nennt es.",
		"Was das Gateway außer den Kontakten speichert: was für jedes Gerät üblich ist.",
		"Namen und Adressen, mit denen Geräte von Gästen sprachen: Sie werden nirgends gespeichert.",
	},
	ownerMissing: []string{"Nachrichten an andere Personen des Zuhauses: Sie gehören ihnen."},
	staffMissing: []string{"Nachrichten an die Personen des Zuhauses, die ihnen gehören: notifications.csv ist leer."},
	private: "Der Privatmodus ist an: Namen und Adressen derer, mit denen Geräte sprechen, bleiben auf dem Gateway; seine eigene Seite und der Befehl cardea-agent contacts zeigen sie. Weder home.json noch die Tabellen haben sie, außer was " +
		"davor mitgeteilt und nicht gelöscht wurde.",
	form: "Alle Dateien sind Text in UTF-8. Zeiten sind UTC, RFC 3339. Eine Zelle, die ein Tabellenprogramm für eine Formel halten könnte, beginnt mit '.",
}
