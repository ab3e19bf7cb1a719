package help

func german(p Provider) Text {
	return Text{Title: "Was {CSP} für Ihr Netz tut, und was nur Sie tun können", Sections: []Section{
		{ID: "why", Title: "Warum wir darauf achten", Paragraphs: []string{
			"Kameras, Steckdosen und Computer werden unbemerkt infiziert. Dann greifen sie andere an, spähen aus oder stehlen Passwörter, über Ihren Anschluss.",
			"Ihr Gateway vergleicht, was ein Gerät tut, mit dem, was als schädlich bekannt ist, und mit dem, was solche Geräte sonst tun. Das geschieht bei Ihnen zu Hause.",
		}},
		{ID: "what-we-do", Title: "Was {CSP} tut", Paragraphs: []string{
			"Zuerst beenden wir den Schaden: Wir trennen, was das Gerät steuert, schließen Ports, die Schadsoftware geöffnet hat, und halten das Gerät von Ihren anderen fern.",
			"Nur das eine Gerät wird festgehalten, nie Ihr ganzes Zuhause. Telefonie, Spiele und Ihre anderen Geräte laufen weiter. Ein eingesperrtes Gerät erreicht nur die Hilfeseite Ihres Gateways. Verlangt ein Schritt ein Update oder einen Virenscan, erreicht es solange seine Updates, und ein Computer, Telefon oder Tablet die Hersteller von Virenscannern.",
			"Medizinische Geräte, Alarmanlagen und Ihr einziger Weg ins Internet werden nie von selbst abgetrennt.",
			"Wir lesen nicht, was Sie senden. Wir sehen, mit wem ein Gerät spricht, nicht, was es sagt. Wir suchen Ihre Geräte nie von außen ab.",
		}},
		{ID: "what-only-you-can-do", Title: "Was nur Sie tun können", Paragraphs: []string{
			"In ein Gerät können wir nicht hineingreifen. Diese Schritte sind Ihre, und die App führt Sie hindurch, einen nach dem anderen. Ihr Gateway prüft nach jedem.",
		}, Steps: []string{
			"Finden Sie das Gerät. Die App nennt es; nennt sie nur die Art des Geräts, vergleichen Sie den Hersteller und was eingeschaltet ist.",
			"Sichern Sie, was darauf ist und Ihnen wichtig ist, bevor Sie etwas zurücksetzen.",
			"Installieren Sie die Updates und schalten Sie automatische Updates ein.",
			"Vergeben Sie ein neues Passwort, das Sie nirgends sonst benutzen. Wenn jemand Passwörter darauf gelesen haben kann, ändern Sie auch diese, von einem anderen Gerät aus.",
			"Starten Sie es neu oder setzen Sie es auf den Zustand bei Lieferung zurück, wie die App es sagt.",
			"Sagen Sie in der App, dass es getan ist. Ihr Gateway achtet darauf, ob es still bleibt, und lässt es Schritt für Schritt zurück.",
		}},
		{ID: "leave", Title: "Wenn Sie es früher freilassen wollen", Paragraphs: []string{
			"Sie können immer anders entscheiden: in der App, oder auf der Hilfeseite mit dem Code auf dem Etikett des Gateways. Schadsoftware auf dem Gerät kann das nicht für Sie tun.",
			"Medizin, ein Alarm, Arbeit, die nicht warten kann: Lassen Sie es frei und sagen Sie es uns. Wir halten fest, wer was wann entschieden hat, und Sie können es lesen.",
		}},
		{ID: "genuine", Title: "Ist eine Nachricht wirklich von {CSP}?", Paragraphs: []string{
			"Jede unserer Nachrichten trägt einen Prüfcode. Geben Sie ihn auf {genuine} oder in der App unter Hilfe ein: Dort steht, wann und auf welchem Weg wir sie gesendet haben. Passt die Zeit nicht, wurde die Nachricht abgeschrieben.",
			"Wir fragen nie nach Ihrem Passwort, nie nach Geld, und keine unserer Kurznachrichten hat einen Link. Sie müssen überhaupt keinem Link folgen: Öffnen Sie die App selbst, oder rufen Sie an: {phone}.",
		}},
		{ID: "prevention", Title: "Damit es nicht geschieht", Steps: []string{
			"Lassen Sie Geräte sich selbst aktualisieren, und ersetzen Sie die, die keine Updates mehr bekommen.",
			"Geben Sie jedem Gerät ein eigenes Passwort, und schalten Sie für Ihre Konten einen zweiten Faktor ein.",
			"Öffnen Sie keinen Port zum Internet, den Sie nicht brauchen. Die App zeigt, welche offen sind.",
			"Sichern Sie Ihre Daten, eine Sicherung davon nicht angeschlossen.",
			"Installieren Sie Programme nur von ihren Herstellern oder aus dem Store Ihres Systems.",
		}},
		{ID: "help", Title: "Wenn Sie mehr Hilfe brauchen", Paragraphs: []string{
			"Rufen Sie an ({phone}) und nennen Sie die vier Zeichen, die die App bei Ihrem Fall zeigt. Diese Hilfe gehört zu dem, was Sie schon bezahlen.",
			"Auch ein Computerladen oder jemand, dem Sie vertrauen, kann ein Gerät reinigen. Wir verkaufen keine Reinigung, wir verdienen nichts daran, wenn Sie anderswo Hilfe kaufen, und nichts, was Sie zahlen, ändert, wie Sie geschützt sind.",
		}, Links: []Link{{"Hilfe von {CSP}", p.Support}}},
		{ID: "police", Title: "Wenn Ihnen jemand geschadet hat", Paragraphs: []string{
			"Wurden Geld, Passwörter oder Bilder gestohlen, zeigen Sie es bei der Polizei an. Bewahren Sie auf, was Sie haben: Nachrichten, Zeiten, den Fall in der App.",
		}, Links: []Link{{"Wo man Straftaten im Internet anzeigt, nach Land", or(p.Police, police)}}},
		{ID: "privacy", Title: "Was aus dem wird, was wir wissen", Paragraphs: []string{
			"Mit wem Ihre Geräte sprechen, bleibt auf Ihrem Gateway. Was zu {CSP} geht, wozu, und für wie viele Tage, zeigt die App unter Datenschutz. Dort können Sie alles auch bekommen oder löschen.",
			"Haushalte, die einander helfen, lernen zusammen, was für eine Art von Gerät üblich ist. Ob Ihrer das tut, zeigt die App unter Datenschutz, auch was dabei mitgeteilt wird und wer es bekommt. Wenn die Bedingungen von {CSP} nichts anderes sagen, beginnt es mit Ihrem Ja, und Sie können es jederzeit zurücknehmen.",
			"Sonst wird nichts mit anderen geteilt. Der Kundendienst sieht, mit wem Ihre Geräte sprechen, wenn Sie zustimmen, für höchstens einen Tag.",
		}},
		{ID: "survey", Title: "Sagen Sie uns, wie es war", Paragraphs: []string{
			"Wenn ein Fall abgeschlossen ist, sagen Sie uns, ob die Schritte klar waren, in der Umfrage, wenn unten eine steht, oder am Telefon. Das steht Ihnen frei.",
		}, Links: []Link{{"Umfrage", p.Survey}}},
	}}
}
