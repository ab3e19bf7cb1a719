package say

// private are sentences that name nobody, for homes in Privacy Mode.
var private = map[Pattern]string{
	"Privacy Mode is on: whom it was about stays on your gateway.": "Der Privatmodus ist an: Um wen es ging, bleibt auf Ihrem Gateway.",

	"It is a guest's device: whom it was about is not kept.": "Es ist das Gerät eines Gasts: Um wen es ging, wird nicht aufbewahrt.",

	"It tried many addresses on the internet.": "Es hat viele Adressen im Internet angesprochen.", "It tried many addresses in your home.": "Es hat viele Adressen in Ihrem Heimnetz angesprochen.",
	"It tried many doors of one other device.": "Es hat viele Zugänge eines anderen Geräts ausprobiert.", "It sent far more than any use of it needs.": "Es hat weit mehr gesendet, als irgendeine Nutzung braucht.",
	"It tried one password after another.": "Es hat ein Passwort nach dem anderen ausprobiert.", "It was reached from the internet.": "Es wurde aus dem Internet erreicht.",
	"It contacted an address that is known to be bad.": "Es hat eine Adresse kontaktiert, die als schädlich bekannt ist.", "It contacted something that devices like it do not use.": "Es hat etwas kontaktiert, das Geräte dieser Art nicht nutzen.",
	"It calls one address again and again.": "Es meldet sich immer wieder bei derselben Adresse.", "It asks for many names that do not exist.": "Es fragt nach vielen Namen, die es nicht gibt.",
	"It sent far more than it ever does.": "Es hat weit mehr gesendet als je zuvor.", "It did several unusual things at once.": "Es hat mehreres Ungewöhnliche zugleich getan.",
	"It did something unusual.": "Es hat etwas Ungewöhnliches getan.",

	"It can no longer reach one address.": "Es kann eine Adresse nicht mehr erreichen.",
	"What was here was erased.":           "Was hier stand, wurde gelöscht.",
	"It is done.":                         "Das ist erledigt.", "It is not done yet.": "Das ist noch nicht erledigt.",
	"Clean: it did not do it again.": "Sauber: Es hat das nicht wieder getan.", "Not clean yet.": "Noch nicht sauber.",
	"It no longer does its normal work.": "Es erfüllt seine normale Aufgabe nicht mehr.",
}
