package home

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestABrandIsTextThatCanBeShown(t *testing.T) {
	good := Brand{Name: "North Net & Söhne", Accent: "#ffcc00", Phone: "+49 30 (1)23/4-5", Support: "https://help.example.net/a?b=c", HintEN: "Call us.", HintDE: "Rufen Sie an."}
	sent := good
	sent.Accent, sent.Name = " #FFCC00 ", "  "+good.Name+" "
	if out, faults := sent.Clean(); out != good || faults != nil {
		t.Fatalf("%+v %v", out, faults)
	}
	for field, list := range map[string][]Brand{
		"name": {{Name: "a\nb"}, {Name: "North <b>Net</b>"}, {Name: "&lt;>"}, {Name: strings.Repeat("n", 61)}, {Name: "\xff"}, {Name: "a\u202eb"}, {Name: "a\u200bb"}, {Name: "a\u2028b"},
			{Name: "a" + strings.Repeat("\u0301", 4)}, {Name: "\ue000"}, {Name: "a\x00b"}},
		"accent": {{Accent: "red"}, {Accent: "#fff"}, {Accent: "#0000001"}, {Accent: "#00000g"}, {Accent: "#0;}a{b"}, {Accent: "url(x)"}},
		"phone":  {{Phone: "call us"}, {Phone: strings.Repeat("1", 31)}, {Phone: "1\u202e2"}},
		"support": {{Support: "http://help.example.net"}, {Support: "javascript:alert(1)"}, {Support: "https://u:p@help.example.net"}, {Support: "https://x/\"><script>"},
			{Support: "https://"}, {Support: "https://" + strings.Repeat("h", 200)}},
		"hint_en": {{HintEN: "\u202ehidden"}, {HintEN: "<img src=x>"}},
		"hint_de": {{HintDE: strings.Repeat("h", 201)}},
	} {
		for _, b := range list {
			if out, faults := b.Clean(); out != (Brand{}) || len(faults) != 1 || faults[0].Field != field || faults[0].Why == "" {
				t.Errorf("%+v: %+v %+v, want a fault of %s", b, out, faults, field)
			}
			mixed := good
			mixed.HintEN, mixed.HintDE = b.HintEN, b.HintDE
			if out, _ := mixed.Clean(); out.Name != good.Name || out.Phone != good.Phone {
				t.Errorf("%+v takes the rest along: %+v", b, out)
			}
		}
	}
	if good.Hint("de") != "Rufen Sie an." || good.Hint("fr") != "Call us." || (Brand{HintEN: "x"}).Hint("de") != "x" {
		t.Error("the sentence is in another language")
	}
}

// On any accent the text that is chosen can be read, and the accent on the pages.
func TestAnyColourCanBeRead(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := Brand{Accent: fmt.Sprintf("#%06x", rapid.IntRange(0, 1<<24-1).Draw(t, "colour"))}
		read := func(s string) rgb {
			c, ok := rgbOf(s)
			if !ok {
				t.Fatalf("%s makes %q", b.Accent, s)
			}
			return c
		}
		if contrast(read(b.Accent), read(b.Ink())) < MinContrast {
			t.Fatalf("%s with %s", b.Accent, b.Ink())
		}
		light, dark := b.Shades()
		for s, pages := range map[Shade][]string{light: {"#ffffff", "#f7f8f7", "#edf0ee", light.Tint}, dark: {"#0e1412", "#161e1b", "#121212", "#222c28", dark.Tint}} {
			for _, page := range append(pages, s.On) {
				if got := contrast(read(s.Accent), read(page)); got < MinContrast {
					t.Fatalf("%s: %+v on %s has %v", b.Accent, s, page, got)
				}
			}
		}
	})
	if l, d := (Brand{Accent: "#0b57d0"}).Shades(); l.Accent != "#0b57d0" || d.Accent == "#0b57d0" {
		t.Errorf("a colour that can be read is changed: %v %v", l, d)
	}
	if l, d := (Brand{Accent: "red"}).Shades(); l != (Shade{}) || d != (Shade{}) || (Brand{}).Ink() != "" {
		t.Error("no colour becomes one")
	}
	for colour, want := range map[string]float64{"#000000": 0, "#ffffff": 1, "#ff0000": 0.2126} {
		c, ok := rgbOf(colour)
		if l := c.luminance(); !ok || l < want-1e-9 || l > want+1e-9 {
			t.Errorf("%s: %v", colour, l)
		}
	}
}

func FuzzBrand(f *testing.F) {
	f.Add("North Net", "#0b57d0", "+49 30 1", "https://help.example.net/", "Call us.")
	f.Add("<script>", "#0;}", "x", "javascript:1", "\u202e")
	f.Fuzz(func(t *testing.T, name, accent, phone, support, hint string) {
		out, _ := Brand{name, accent, phone, support, hint, hint}.Clean()
		if again, faults := out.Clean(); again != out || faults != nil {
			t.Fatalf("%+v is cleaned again to %+v, %v", out, again, faults)
		}
		if strings.ContainsAny(out.Name+out.Accent+out.Phone+out.Support+out.HintEN, "<>\n\u202e") || strings.ContainsAny(out.Accent+out.Phone+out.Support, "\"{}") {
			t.Fatalf("%+v", out)
		}
	})
}
