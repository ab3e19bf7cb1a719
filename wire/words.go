package wire

import (
	"cardea/home"
	"cardea/wire/pb"
)

// Words are a sentence's words as they travel; nil for none, and for what does not fit: the English sentence stands in for them.
func Words(w home.Words) *pb.Words {
	if w.Pattern == "" || !w.Fits() {
		return nil
	}
	return &pb.Words{Pattern: w.Pattern, Args: w.Args}
}

// WordsOf are words that came; zero where there are none that fit. Whether their pattern means anything is say's to know.
func WordsOf(p *pb.Words) home.Words {
	w := home.Words{Pattern: p.GetPattern(), Args: p.GetArgs()}
	if w.Pattern == "" || !w.Fits() {
		return home.Words{}
	}
	return w
}

// Bounded are words that came, fit to be kept; nil where there are none.
func Bounded(p *pb.Words) *pb.Words { return Words(WordsOf(p)) }
