package intel

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"cardea/home"
)

// clean is home.CleanName for names in feeds, which also write names in letters beyond ASCII.
func clean(s string) (string, bool) {
	name, ok := home.CleanName(s)
	if ok || isASCII(s) || len(s) > 4*home.MaxName {
		return name, ok
	}
	ascii, ok := toASCII(s)
	if !ok {
		return "", false
	}
	return home.CleanName(ascii)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// toASCII writes a name as devices ask for it (RFC 5891): small letters, each label that needs it in Punycode. It takes letters, digits and
// the marks that follow letters, and changes none but their case: a name in another form of Unicode is another name.
func toASCII(s string) (string, bool) {
	s = strings.NewReplacer("\u3002", ".", "\uff0e", ".", "\uff61", ".").Replace(s) // the dots of RFC 3490 section 3.1
	labels := strings.Split(s, ".")
	for i, label := range labels {
		if isASCII(label) {
			continue
		}
		runes := []rune(strings.ToLower(label))
		for _, r := range runes {
			if r == utf8.RuneError || r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
				return "", false
			}
		}
		labels[i] = "xn--" + punycode(runes)
	}
	return strings.Join(labels, "."), true
}

// The parameters of RFC 3492 section 5.
const (
	pBase, pMin, pMax, pSkew, pDamp = 36, 1, 26, 38, 700
	pBias, pFirst                   = 72, 128
)

// punycode encodes a label (RFC 3492 section 6.3).
func punycode(label []rune) string {
	var out []byte
	for _, r := range label {
		if r < utf8.RuneSelf {
			out = append(out, byte(r))
		}
	}
	basic := len(out)
	done := basic
	if basic > 0 {
		out = append(out, '-')
	}
	code, delta, bias := rune(pFirst), 0, pBias
	for done < len(label) {
		next := rune(unicode.MaxRune)
		for _, r := range label {
			if r >= code {
				next = min(next, r)
			}
		}
		delta += int(next-code) * (done + 1)
		code = next
		for _, r := range label {
			if r < code {
				delta++
			}
			if r == code {
				out = pDigits(out, delta, bias)
				bias = pAdapt(delta, done+1, done == basic)
				delta = 0
				done++
			}
		}
		delta++
		code++
	}
	return string(out)
}

// pDigits writes a delta as a number of variable length.
func pDigits(out []byte, delta, bias int) []byte {
	for k := pBase; ; k += pBase {
		t := min(max(k-bias, pMin), pMax)
		if delta < t {
			return append(out, pDigit(delta))
		}
		out = append(out, pDigit(t+(delta-t)%(pBase-t)))
		delta = (delta - t) / (pBase - t)
	}
}

func pDigit(n int) byte {
	if n < 26 {
		return byte('a' + n)
	}
	return byte('0' + n - 26)
}

func pAdapt(delta, count int, first bool) int {
	if first {
		delta /= pDamp
	} else {
		delta /= 2
	}
	delta += delta / count
	k := 0
	for delta > (pBase-pMin)*pMax/2 {
		delta /= pBase - pMin
		k += pBase
	}
	return k + (pBase-pMin+1)*delta/(delta+pSkew)
}
