package say

// stopped is why something was refused.
var stopped = map[Pattern]string{
	"{0} is on list {1} as {2}.":                                  "{0} steht auf der Liste {1} als {2}.",
	"{0} is on list {1} as {2} ({3}).":                            "{0} steht auf der Liste {1} als {2} ({3}).",
	"{0} is on list {1} as {2}. The entry is {3}.":                "{0} steht auf der Liste {1} als {2}. Der Eintrag lautet {3}.",
	"{0} is on list {1} as {2} ({3}). The entry is {4}.":          "{0} steht auf der Liste {1} als {2} ({3}). Der Eintrag lautet {4}.",
	"The name {0} is blocked by the home's own list ({1}).":       "Der Name {0} ist durch die eigene Liste des Haushalts gesperrt ({1}).",
	"The name {0} is blocked by this device's own list ({1}).":    "Der Name {0} ist durch die eigene Liste dieses Geräts gesperrt ({1}).",
	"The address {0} is blocked by the home's own list ({1}).":    "Die Adresse {0} ist durch die eigene Liste des Haushalts gesperrt ({1}).",
	"The address {0} is blocked by this device's own list ({1}).": "Die Adresse {0} ist durch die eigene Liste dieses Geräts gesperrt ({1}).",

	"Since you blocked {0}, this device no longer does its normal work.":                                "Seit Sie {0} gesperrt haben, tut dieses Gerät seine normale Arbeit nicht mehr.",
	"Without {0} this device no longer did its normal work, so it reaches it again. It is on list {1}.": "Ohne {0} tat dieses Gerät seine normale Arbeit nicht mehr, darum erreicht es das wieder. Es steht auf der Liste {1}.",
}

// refusals are reasons as they stand, and kinds of lists.
var refusals = map[Pattern]string{
	"phishing": "Phishing", "tracking": "Tracking", "services that hide what a device does": "Dienst, der verbirgt, was ein Gerät tut", "bypass": "Umgehung",
	"What this name leads to is on a list.":                     "Wohin dieser Name führt, steht auf einer Liste.",
	"Too much was refused at once to tell it one by one.":       "Es wurde zu viel auf einmal abgewiesen, um es einzeln zu nennen.",
	"It is kept to what devices of its model are known to use.": "Ihm ist nur erlaubt, was Geräte seines Modells bekanntermaßen nutzen.",
	"It is kept to the services of its maker.":                  "Ihm sind nur die Dienste seines Herstellers erlaubt.",
	"It is kept to what brings its updates.":                    "Ihm ist nur erlaubt, was seine Updates bringt.",
}
