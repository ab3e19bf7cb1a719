package problem

import "fmt"

// In is the problem in a language: as it is where there are no words of that language for it. It changes nothing of the problem.
func (p *Problem) In(language string) *Problem {
	if language != "de" {
		return p
	}
	out := *p
	if t, ok := titlesDE[Kind(p.Type[min(len(Prefix), len(p.Type)):])]; ok {
		out.Title = t
	}
	if p.args == nil {
		if t, ok := detailsDE[p.Detail]; ok {
			out.Detail = t
		}
		return &out
	}
	args := make([]any, len(p.args))
	for i, a := range p.args {
		args[i] = a
		if s, ok := a.(string); ok && detailsDE[s] != "" {
			args[i] = detailsDE[s]
		}
	}
	if t, ok := detailsDE[p.pattern]; ok {
		out.Detail = fmt.Sprintf(t, args...)
	} else if p.pattern == "%s" {
		out.Detail = fmt.Sprint(args[0])
	}
	return &out
}

var titlesDE = map[Kind]string{
	BadRequest: "Die Anfrage ist nicht lesbar", Invalid: "Etwas in der Anfrage ist nicht, wie es sein muss", SignIn: "E-Mail-Adresse oder Passwort stimmen nicht", Unauthorized: "Bitte melden Sie sich an",
	CrossOrigin: "Die Anfrage kam von einer anderen Seite", Forbidden: "Das ist nicht erlaubt", Role: "Ihre Rolle in diesem Zuhause reicht dafür nicht", Right: "Ihre Rolle umfasst das nicht",
	Private: "Dieses Gerät gehört jemand anderem im Zuhause", Confirm: "Geben Sie dafür Ihr Passwort ein oder melden Sie sich neu an", Look: "Nennen Sie einen Grund, bevor Sie dieses Zuhause ansehen",
	Consent: "Niemand zu Hause hat dem zugestimmt", Plan: "Das gehört nicht zu Ihrem Tarif", NotFound: "Das gibt es nicht", Method: "Das geht damit nicht", Conflict: "Das passt nicht zu dem, was da ist",
	Reused: "Der Idempotency-Key wurde für etwas anderes verwendet", Changed: "Jemand anders hat es inzwischen geändert", TooLarge: "Die Anfrage ist zu groß", MediaType: "Die Anfrage hat eine Form, die hier nicht verstanden wird",
	TooMany: "Zu viele Anfragen", Streams: "Zu viele Live-Ansichten sind offen", Claim: "Der Code wurde abgelehnt", Internal: "Hier ist etwas schiefgegangen", Offline: "Das Gateway zu Hause antwortet nicht", NotReady: "Noch nicht bereit",
}

// detailsDE are the details that residents may read, by their English words or pattern. A test finds those that have none.
var detailsDE = map[string]string{
	"validation failed": "Etwas in der Anfrage ist nicht, wie es sein muss.",

	"Only an owner of this home can do that.":                                        "Das können nur Eigentümer dieses Zuhauses.",
	"You can look at this home, but not change anything in it.":                      "Sie können dieses Zuhause ansehen, aber nichts darin ändern.",
	"There is no such home.":                                                         "So ein Zuhause gibt es nicht.",
	"Give e-mail address and password, or the token of a link.":                      "Geben Sie E-Mail-Adresse und Passwort an, oder den Schlüssel eines Links.",
	"This cloud does not learn of models.":                                           "Diese Cloud lernt nichts über Modelle.",
	"You belong to no home.":                                                         "Sie gehören zu keinem Zuhause.",
	"Your home is protected all the same. Ask your provider for a plan that has it.": "Ihr Zuhause ist trotzdem geschützt. Fragen Sie Ihren Anbieter nach einem Tarif, der es hat.",
	"Say either until or minutes.":                                                   "Geben Sie entweder until oder minutes an.",
	"Say the model, the vendor or the class.":                                        "Nennen Sie Modell, Hersteller oder Art.",
	"A device cannot be merged with itself.":                                         "Ein Gerät lässt sich nicht mit sich selbst zusammenlegen.",
	"Only close is about a port.":                                                    "Nur beim Schließen geht es um einen Port.",
	"since has to be before until.":                                                  "since muss vor until liegen.",
	"from has to be before until.":                                                   "from muss vor until liegen.",
	"Staff have to say why.":                                                         "Personal des Anbieters muss sagen, warum.",
	"Order %s was asked for with this key.":                                          "Mit diesem Schlüssel wurde der Auftrag %s erteilt.",
	"Type the home's name to erase what is stored about it.":                         "Geben Sie den Namen des Zuhauses ein, um zu löschen, was darüber gespeichert ist.",
	"The home has no gateway yet.":                                                   "Das Zuhause hat noch kein Gateway.",
	"The gateway cannot tell: it may be too old.":                                    "Das Gateway kann das nicht sagen: Es ist vielleicht zu alt.",
	"The device has no other address beside this one.":                               "Das Gerät hat außer dieser keine andere Adresse.",
	"That is no cursor of this list, or it has changed. Begin at the first page.":    "Das ist keine Stelle dieser Liste, oder sie hat sich geändert. Beginnen Sie bei der ersten Seite.",
	"That is no cursor of this list. Begin at the first page.":                       "Das ist keine Stelle dieser Liste. Beginnen Sie bei der ersten Seite.",
	"That is no enrolment.":                                                          "Das ist keine Anmeldung eines Gateways.",
	"That passkey was refused.":                                                      "Dieser Passkey wurde abgelehnt.",
	"That passkey is not known here.":                                                "Dieser Passkey ist hier nicht bekannt.",
	"That is no answer of a browser.":                                                "Das ist keine Antwort eines Browsers.",

	"Too many attempts to sign in.":                                                   "Zu viele Versuche, sich anzumelden.",
	"Too many people are signing in.":                                                 "Gerade melden sich zu viele Personen an.",
	"That is there already.":                                                          "Das gibt es schon.",
	"It was used, is too old, or was mistyped.":                                       "Er wurde schon benutzt, ist zu alt oder falsch eingegeben.",
	"This gateway may not speak for the home.":                                        "Dieses Gateway darf nicht für das Zuhause sprechen.",
	"A home keeps an owner. Make somebody else one first.":                            "Ein Zuhause behält jemanden als Eigentümer. Machen Sie zuerst jemand anderen dazu.",
	"This invitation was used, taken back, or is too old.":                            "Diese Einladung wurde schon benutzt, zurückgenommen oder ist zu alt.",
	"This label's code is not good, or was mistyped.":                                 "Der Code dieses Etiketts gilt nicht oder wurde falsch eingegeben.",
	"The gateway has not been online yet. Plug it in and try again in a few minutes.": "Das Gateway war noch nicht online. Schließen Sie es an und versuchen Sie es in ein paar Minuten wieder.",
	"This home has an owner. Ask them for an invitation.":                             "Dieses Zuhause hat schon Eigentümer. Bitten Sie um eine Einladung.",
	"This link or code was used, is too old, or was mistyped.":                        "Dieser Link oder Code wurde schon benutzt, ist zu alt oder falsch eingegeben.",
	"That took too long or was done before. Begin again.":                             "Das hat zu lange gedauert oder geschah schon. Beginnen Sie von vorn.",
	"There are no passkeys at this address.":                                          "Unter dieser Adresse gibt es keine Passkeys.",
	"There is no sign-in with the provider's account.":                                "Eine Anmeldung mit dem Konto beim Anbieter gibt es nicht.",
	"This account belongs to no home here.":                                           "Dieses Konto gehört hier zu keinem Zuhause.",
	"The provider has not verified an e-mail address of this account.":                "Der Anbieter hat keine E-Mail-Adresse dieses Kontos geprüft.",
	"The signature is not one that this home accepts.":                                "Diese Unterschrift nimmt das Zuhause nicht an.",
	"The gateway has not confirmed what it was asked for before.":                     "Das Gateway hat noch nicht bestätigt, was davor verlangt wurde.",
	"That cannot be asked of a gateway.":                                              "Das lässt sich von einem Gateway nicht verlangen.",
	"That is no push subscription.":                                                   "Das ist keine Anmeldung für Mitteilungen.",
	"Such settings there are not.":                                                    "Solche Einstellungen gibt es nicht.",
	"There is no report of that week.":                                                "Für diese Woche gibt es keinen Bericht.",
	"At least one way has to stay for what is critical.":                              "Für das, was kritisch ist, muss mindestens ein Weg bleiben.",
	"That is no phone number with its country, as +49 30 123456.":                     "Das ist keine Telefonnummer mit Landesvorwahl, wie +49 30 123456.",
	"This provider sends no text messages.":                                           "Dieser Anbieter verschickt keine Kurznachrichten.",
	"That was asked for too often.":                                                   "Das wurde zu oft verlangt.",
	"That is not the code, or it is too old.":                                         "Das ist nicht der Code, oder er ist zu alt.",
	"The text message could not be handed in. Try again later.":                       "Die Kurznachricht ließ sich nicht abgeben. Versuchen Sie es später wieder.",
	"Its answer did not get through.":                                                 "Die Antwort kam nicht durch.",
	"Several homes have this account number. Give all but one another first.":         "Mehrere Haushalte haben diese Kundennummer. Geben Sie zuerst allen bis auf einen eine andere.",
	"Homes have this plan, or it is the standard one. Give them another first.":       "Haushalte haben diesen Tarif, oder es ist der übliche. Geben Sie ihnen zuerst einen anderen.",

	"The gateway refused: %s": "Das Gateway hat abgelehnt: %s",
	"The question does not say whether a resident or support asks.": "Die Frage sagt nicht, ob jemand von zu Hause oder der Support fragt.",
	"The gateway does not know this question: it may be too old.":   "Das Gateway kennt diese Frage nicht: Es ist vielleicht zu alt.",
	"The gateway answers too many questions already.":               "Das Gateway beantwortet schon zu viele Fragen.",
	"The gateway cannot keep its log of who looks, so nobody may.":  "Das Gateway kann nicht festhalten, wer hinsieht; deshalb darf es niemand.",
}
