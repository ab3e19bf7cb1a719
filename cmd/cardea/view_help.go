package main

import (
	"strings"

	"cardea/internal/show"
)

// help explains the view: keys, or signs, with what they mean.
var help = [][2]string{
	{"", "A home in network namespaces on this machine, with the real agent on its gateway."},
	{"", ""},
	{"i", "Infects the device of the story. The agent is not told."},
	{"c", "Asks the gateway whether the selected device is clean."},
	{"p", "Takes it off the mains for a moment. Malware in its memory is gone then."},
	{"r", "Lets it out, as its owner. It is on probation then."},
	{"b", "Shuts it in, as its owner."},
	{"↑ ↓ k j", "Select a device."},
	{"q Ctrl-C", "End the demo. Nothing is left behind."},
	{"", ""},
	{"● fine", "Nothing was found."},
	{"▲ noticed", "Something was found, but it was not shut in for that."},
	{"■ shut in", "Only the gateway's own page, DHCP and names answer it."},
	{"◐ let out", "On probation: first the internet only, then everything again."},
	{"○ off", "It is switched off."},
	{"", ""},
	{"", "Press ? to go back."},
}

func helpText(w int) (lines []line) {
	const indent = 12
	for _, h := range help {
		if h[0] == "" {
			lines = append(lines, paragraph(" ", h[1], w)...)
			continue
		}
		lines = append(lines, paragraph(" "+show.Fit(h[0], indent), h[1], w)...)
	}
	return lines
}

// paragraph is a text behind a first word, wrapped under itself.
func paragraph(first, text string, w int) (lines []line) {
	n := show.Width(first)
	parts := show.Wrap(text, w-n-1)
	if len(parts) == 0 {
		return []line{nil}
	}
	for i, p := range parts {
		if i > 0 {
			first = strings.Repeat(" ", n)
		}
		lines = append(lines, line{{text: first}, {text: p}})
	}
	return lines
}
