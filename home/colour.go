package home

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// MinContrast is that of WCAG 2.2, 1.4.3, for text.
const MinContrast = 4.5

// Shade is a brand's colour on pages of one kind, light or dark: all empty for a brand that has none.
type Shade struct {
	Accent string `json:"accent"` // for text and buttons; readable on the page and on Tint
	On     string `json:"on"`     // text on Accent
	Tint   string `json:"tint"`   // behind text in Accent
}

// Pages that a brand's colour is put on: the one of theirs on which it is read worst, and what tints are made from.
var (
	lightPage = paper{worst: rgb{0xe6, 0xea, 0xe8}, base: rgb{0xff, 0xff, 0xff}, towards: rgb{0, 0, 0}, share: 0.12}
	darkPage  = paper{worst: rgb{0x22, 0x2c, 0x28}, base: rgb{0x16, 0x1e, 0x1b}, towards: rgb{0xff, 0xff, 0xff}, share: 0.18}
)

type rgb [3]uint8

type paper struct {
	worst, base, towards rgb
	share                float64 // of the accent in its tint
}

// Shades are the brand's colour for light pages and for dark ones: as it is where it can be read, else so much darker or lighter that it can.
func (b Brand) Shades() (light, dark Shade) {
	c, ok := rgbOf(b.Accent)
	if !ok {
		return Shade{}, Shade{}
	}
	return lightPage.shade(c), darkPage.shade(c)
}

// Ink is the text that can be read on the accent: black or white, "" without one.
func (b Brand) Ink() string {
	if c, ok := rgbOf(b.Accent); ok {
		return c.ink().String()
	}
	return ""
}

func (p paper) shade(c rgb) Shade {
	const steps = 64
	for i := range steps + 1 {
		a := c.mix(p.towards, float64(i)/steps)
		tint := p.base.mix(a, p.share)
		if contrast(a, p.worst) >= MinContrast && contrast(a, tint) >= MinContrast {
			return Shade{a.String(), a.ink().String(), tint.String()}
		}
	}
	return Shade{} // not reached: black and white are read on these
}

func (c rgb) String() string { return fmt.Sprintf("#%02x%02x%02x", c[0], c[1], c[2]) }

// mix is c with a share of another.
func (c rgb) mix(o rgb, share float64) (out rgb) {
	for i := range c {
		out[i] = uint8(math.Round(float64(c[i])*(1-share) + float64(o[i])*share))
	}
	return out
}

func (c rgb) ink() rgb {
	black, white := rgb{}, rgb{0xff, 0xff, 0xff}
	if contrast(c, black) > contrast(c, white) {
		return black
	}
	return white
}

// contrast of two colours, 1 to 21 (WCAG 2.2, "contrast ratio").
func contrast(a, b rgb) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is 0 to 1 (WCAG 2.2, "relative luminance").
func (c rgb) luminance() (l float64) {
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		v := float64(c[i]) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		l += weight * v
	}
	return l
}

// rgbOf reads #rrggbb in small letters.
func rgbOf(s string) (c rgb, ok bool) {
	if len(s) != 7 || s[0] != '#' || strings.Trim(s[1:], "0123456789abcdef") != "" {
		return c, false
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	return rgb{uint8(n >> 16), uint8(n >> 8), uint8(n)}, err == nil
}
