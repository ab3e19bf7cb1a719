package base

import (
	"strings"

	"cardea/cloud/api/view"
	"cardea/home"
	saying "cardea/say"
	"cardea/wire"
	"cardea/wire/pb"
)

// CardText is how many bytes of a gateway's own text a card shows.
const CardText = 300

// Short cuts a gateway's own text to CardText.
func Short(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), CardText)], "")
}

// SaidIn is a gateway's sentence in a language as far as its words are known here, else as the gateway wrote it, in English; and the
// language that it is in. An empty sentence has none.
func SaidIn(lang string, w *pb.Words, sentence string) (text, in string) {
	if sentence == "" {
		return "", ""
	}
	return saying.Tell(lang, wire.WordsOf(w), sentence)
}

// FigureIn is a number of a card with its name and unit in a language.
func FigureIn(lang string, n home.Number) view.Number {
	name, _ := saying.Tell(lang, home.Words{Pattern: n.Name}, n.Name)
	unit, _ := saying.Tell(lang, home.Words{Pattern: n.Unit}, n.Unit)
	return view.Number{Name: Short(name), Value: n.Value, Unit: Short(unit)}
}

// ListIn is a list of sentences in a language if all of them can be told in it, else as the gateway wrote them. None of it is nil but
// an empty list.
func ListIn(lang string, words []*pb.Words, list []string) (out []string, in string) {
	for n, s := range list {
		var w *pb.Words
		if n < len(words) {
			w = words[n]
		}
		s, l := SaidIn(lang, w, s)
		if l != lang {
			return list, "en"
		}
		out = append(out, s)
	}
	return out, lang
}

// ExposureIn is an exposure's sentence, advice and evidence in a language, all or nothing.
func ExposureIn(lang string, e *pb.Exposure) (sentence, advice string, evidence []string, in string) {
	sentence, of := SaidIn(lang, e.GetSaid(), e.GetSentence())
	advice, also := SaidIn(lang, e.GetAdvised(), e.GetAdvice())
	evidence, all := ListIn(lang, e.GetShown(), e.GetEvidence())
	if of == lang && (also == lang || advice == "") && all == lang {
		return sentence, advice, evidence, lang
	}
	return e.GetSentence(), e.GetAdvice(), e.GetEvidence(), "en"
}
