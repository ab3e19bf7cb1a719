package zeek

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Label is what a data set says of a connection.
type Label struct {
	Given     bool   // there is a label
	Malicious bool   // it is part of an attack
	Kind      string // in the data set's words: PartOfAHorizontalPortScan, C&C; "" where there are none
	Unknown   string // the label, where it is no word that is known: whether it is part of an attack was said, and not understood
}

// The words of IoT-23 (PartOfAHorizontalPortScan, C&C-HeartBeat, Okiru …), of the CTU's captures (From-Botnet, From-Normal, Background), of
// other public sets (KDD, CIC, UNSW, Edge-IIoT) and of everybody's own.
var (
	// badParts say so wherever they are in a label.
	badParts = []string{
		"malicious", "malware", "botnet", "attack", "anomal", "abnormal", "scan", "ddos", "brute", "c&c", "exploit", "infect", "intrusion", "filedownload",
		"heartbeat", "okiru", "mirai", "torii", "gafgyt", "bashlite", "hajime", "muhstik", "hakai", "kenjiro", "trojan", "backdoor", "ransom", "injection",
		"flood", "spoof", "phish", "sweep", "recon", "exfil", "theft", "keylog", "hijack", "spam", "shellcode", "slowloris", "fuzzer",
	}
	// badWords say so as a word of their own.
	badWords = []string{"dos", "c2", "cc", "cnc", "bot", "worm", "worms", "virus", "xss", "sqli", "mitm", "probe", "probing", "r2l", "u2r", "bad", "evil"}
	// yes and no are the whole label.
	yes = []string{"true", "yes", "t", "y"}
	no  = []string{"false", "no", "f", "n", "none", "clean", "good"}
	// goodStarts begin a label of what is none.
	goodStarts = []string{"benign", "normal", "background", "legit"}
	// plainWords tell nothing of the kind of an attack.
	plainWords = []string{"malicious", "malware", "attack", "attacks", "anomaly", "anomalous", "abnormal", "infected", "intrusion", "bot", "bad", "evil", "true", "yes", "t", "y", "traffic", "1"}
	// leads come before what a label says: flow=From-Botnet.
	leads = []string{"flow", "label", "from", "to", "is"}
)

// wordsOf are a label's words, in lower case, without what leads to it.
func wordsOf(v string) []string {
	list := strings.FieldsFunc(strings.ToLower(v), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '.' && r != '&' })
	for len(list) > 1 && slices.Contains(leads, list[0]) {
		list = list[1:]
	}
	return list
}

// verdict reads a label: whether it calls a connection part of an attack, and whether it is a label that is known.
func verdict(v string) (bad, known bool) {
	list := wordsOf(v)
	if len(list) == 0 {
		return false, strings.Trim(v, "- ") == ""
	}
	if f, err := strconv.ParseFloat(list[0], 64); err == nil && len(list) == 1 {
		return f == 1, f == 0 || f == 1
	}
	first := list[0]
	if rest, ok := negated(list); ok {
		bad, known = verdict(rest)
		return !bad, known
	}
	if starts(first, goodStarts) || len(list) == 1 && slices.Contains(no, first) {
		return false, true
	}
	if len(list) == 1 && slices.Contains(yes, first) {
		return true, true
	}
	all := strings.Join(list, " ")
	joined := strings.Join(list, "") // Brute Force, port-scan
	for _, part := range badParts {
		if strings.Contains(all, part) || strings.Contains(joined, part) {
			return true, true
		}
	}
	for _, w := range list {
		if slices.Contains(badWords, w) {
			return true, true
		}
	}
	return false, slices.ContainsFunc(list, func(w string) bool { return starts(w, goodStarts) })
}

// negated takes a leading non or not off, as of Non-Malicious.
func negated(list []string) (rest string, ok bool) {
	switch first := list[0]; {
	case len(list) > 1 && (first == "non" || first == "not" || first == "no"):
		return strings.Join(list[1:], " "), true
	case len(list) == 1 && strings.HasPrefix(first, "non") && len(first) > 4:
		return first[len("non"):], true
	case len(list) == 1 && strings.HasPrefix(first, "not") && len(first) > 4:
		return first[len("not"):], true
	}
	return "", false
}

func starts(w string, list []string) bool {
	return slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(w, s) })
}

// read takes what the column of labels says; "" where it says nothing, and what it is called in detail may tell.
func (l *Label) read(word string) {
	detail, told := verdict(l.Kind)
	told = told && l.Kind != ""
	if word == "" {
		l.Given, l.Malicious = l.Given || told, told && detail
		return
	}
	bad, known := verdict(word)
	switch {
	case known:
		l.Malicious = bad
	case told:
		l.Malicious = detail
	default:
		l.Unknown = cut(word, 64)
	}
	if l.Malicious && l.Kind == "" && kindOf(word) {
		l.Kind = cut(word, 64)
	}
}

// kindOf says whether a label tells what kind of attack it is.
func kindOf(word string) bool {
	if strings.Contains(strings.ToLower(word), "botnet") { // the CTU numbers each of them
		return false
	}
	return slices.ContainsFunc(wordsOf(word), func(w string) bool { return !slices.Contains(plainWords, w) && w != "1.0" })
}
