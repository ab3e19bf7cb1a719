package intel

import (
	"strings"
	"testing"

	"golang.org/x/net/idna"
	"pgregory.net/rapid"
)

func TestNamesBeyondASCII(t *testing.T) {
	for s, want := range map[string]string{
		"bücher.example": "xn--bcher-kva.example", "BÜCHER.Example.": "xn--bcher-kva.example", "пример.испытание": "xn--e1afmkfd.xn--80akhbyknj4f",
		"例え。テスト": "xn--r8jz45g.xn--zckzah", "straße.example": "xn--strae-oqa.example", "a.example": "a.example",
		"xn--bcher-kva.example": "xn--bcher-kva.example",
	} {
		if got, ok := clean(s); !ok || got != want {
			t.Errorf("%q: %q %v, want %q", s, got, ok, want)
		}
	}
	for _, s := range []string{"☃.example", "a\u202eb.example", "a\ufffd.example", "a b\u00fc.example", "\u00fc..example", strings.Repeat("ü", 64) + ".example", "a\xff.example"} {
		if got, ok := clean(s); ok {
			t.Errorf("%q: %q", s, got)
		}
	}
}

// It is Punycode as others write it.
func TestPunycodeIsThatOfOthers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		label := strings.ToLower(rapid.StringMatching(`[a-z0-9]{0,6}[äöüéñçøåžабвгд例えテスト]{1,6}[a-z0-9]{0,6}`).Draw(t, "label"))
		want, err := idna.Punycode.ToASCII(label)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := toASCII(label); !ok || got != want {
			t.Fatalf("%q: %q, want %q", label, got, want)
		}
	})
}

func TestWhatIsWrittenSoThatNobodyFollowsIt(t *testing.T) {
	got, r := collect(t, List{Format: FormatPlain}, "hxxp://evil[.]example/\nhxxps://evil2(.)example\n198[.]51[.]100[.]7:23\nevil3[.]example\n")
	if strings.Join(got, " ") != "evil.example evil2.example 198.51.100.7/32 port 23 evil3.example" || r.Bad > 0 {
		t.Errorf("%v %+v", got, r)
	}
}
