package main

import (
	"fmt"
	"strings"
	"time"

	"cardea/internal/show"
)

// The smallest terminal that the view is drawn in.
const (
	minWidth  = 72
	minHeight = 18
	minLog    = 5 // lines
)

// span is text in one colour; a line is made of spans. Drawing knows no escape sequences: paint adds them at the end.
type span struct {
	mood mood
	text string
	mark bool // the selected line
}

type line []span

// text is a line without its colours.
func (l line) text() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

const keysLine = " ↑↓ i infect  c check again  p power cycle  r release  b shut in  ? help  q end"

// draw makes the lines of the view: exactly h of them, none wider than w cells. It is pure: the same model, size and time
// give the same lines.
func draw(m *model, w, h int, now time.Time) []line {
	if w < minWidth || h < minHeight {
		return small(w, h)
	}
	lines := header(m, w)
	if m.help {
		return finish(append(lines[:1], helpText(w)...), w, h)
	}
	detail := 0 // lines about the selected device; a small terminal has none
	if h >= 30 {
		detail = min(2+6, h/4)
	}
	list := min(len(m.rows), h-len(lines)-1-detail-2-minLog) // title, detail, rule and keys
	lines = append(lines, deviceList(m, w, list)...)
	if r, ok := m.current(); ok && detail > 0 {
		lines = append(lines, talkList(r, w, detail, now)...)
	}
	lines = append(lines, rule(w, "What happened"))
	return finish(append(lines, logLines(m, w, h-len(lines)-1)...), w, h)
}

func small(w, h int) (lines []line) {
	for _, s := range show.Wrap(fmt.Sprintf("Please make this window larger: %d by %d or more. q ends.", minWidth, minHeight), max(w, 8)) {
		lines = append(lines, line{{text: s}})
	}
	for len(lines) < h {
		lines = append(lines, nil)
	}
	return lines[:h]
}

// finish fills up to the last line but one and adds the keys.
func finish(lines []line, w, h int) []line {
	for len(lines) < h-1 {
		lines = append(lines, nil)
	}
	return append(lines[:h-1], line{{quiet, show.Cut(keysLine, w), false}})
}

func header(m *model, w int) []line {
	title := fmt.Sprintf(" Cardea demo · story %s · seed %d", m.scenario, m.seed)
	how := good
	if m.alarm {
		how = bad
	}
	agent := show.Cut(m.agent, w/2)
	left := show.Fit(title, w-show.Width(agent)-1)
	count := fmt.Sprintf(" Malicious packets: %d sent, %d reached the internet, %d another device.", m.count.Sent, m.count.WAN, m.count.LAN)
	if more := " Counted by the lab, not by the agent."; show.Width(count)+show.Width(more) < w {
		count += more
	}
	if m.count.Sent == 0 {
		count = " An ordinary day so far. Press i to infect a device and see what happens."
	}
	out := []line{{{text: left}, {how, agent, false}}}
	for _, s := range show.Wrap(shortNote, w-1) {
		out = append(out, line{{quiet, " " + s, false}})
	}
	return append(out, line{{text: show.Cut(count, w)}})
}

const shortNote = "Waiting times are shortened for the show: clean after 5 s of silence (24 h at home), probation 4 s (14 days). " +
	"Detection and enforcement run in real time."

func rule(w int, title string) line {
	return line{{quiet, "── " + title + " " + strings.Repeat("─", max(0, w-show.Width(title)-4)), false}}
}

// columns are the widths of the list's columns; what is left over is for whom a device talks to.
type columns struct{ name, addr, state, infect, rest int }

func columnsFor(w int) columns {
	c := columns{name: 16, addr: 15, state: 15, infect: 14}
	if w >= 100 {
		c.name = 20
	}
	c.rest = w - 2 - c.name - 1 - c.addr - 1 - c.state - 1 - c.infect - 1
	return c
}

func deviceList(m *model, w, n int) []line {
	c := columnsFor(w)
	first, last := window(m.at(), len(m.rows), n)
	more := ""
	if n < len(m.rows) {
		more = fmt.Sprintf(" %d–%d/%d", first+1, last, len(m.rows))
	}
	head := "  " + show.Fit("Device"+more, c.name) + " " + show.Fit("Address", c.addr) + " " + show.Fit("State", c.state) + " " +
		show.Fit("The lab knows", c.infect) + " " + show.Fit("Talks to", c.rest)
	lines := []line{{{quiet, show.Cut(head, w), false}}}
	for i := first; i < last; i++ {
		lines = append(lines, deviceLine(&m.rows[i], c, i == m.at()))
	}
	return lines
}

// window is the part of n rows that is shown in size lines, with the selected one in it.
func window(selected, n, size int) (first, last int) {
	size = max(0, min(size, n))
	first = min(max(0, selected-size/2), n-size)
	return first, first + size
}

func deviceLine(r *row, c columns, selected bool) line {
	mark := "  "
	if selected {
		mark = "› "
	}
	says := ""
	how := quiet
	if len(r.recent) > 0 {
		says = r.recent[0].what
		if r.recent[0].stopped {
			says, how = "stopped: "+says, careful
		}
	}
	infect := show.Fit(r.infect, c.infect)
	return line{
		{plain, mark + show.Fit(r.name, c.name) + " " + show.Fit(r.addr, c.addr) + " ", selected},
		{r.state.mood, show.Fit(r.state.icon+" "+r.state.word, c.state) + " ", selected},
		{bad, infect + " ", selected},
		{how, show.Fit(says, c.rest), selected},
	}
}

func talkList(r row, w, n int, now time.Time) []line {
	lines := []line{rule(w, show.Cut(r.name, w/2)+" talks to")}
	if len(r.recent) == 0 {
		lines = append(lines, line{{quiet, "  nobody yet", false}})
	}
	what := min(44, w/3)
	for _, t := range r.recent {
		if len(lines) == n-1 {
			break
		}
		how := plain
		if t.stopped {
			how = careful
		}
		s := "  " + show.Fit(t.what, what) + " " + show.Fit(t.how, 10) + " " + show.Fit(ago(now.Sub(t.last)), 10) + " " + t.note
		lines = append(lines, line{{how, show.Cut(s, w), false}})
	}
	for len(lines) < n {
		lines = append(lines, nil)
	}
	return lines
}

func ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return "now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", d/time.Second)
	}
	return fmt.Sprintf("%d min ago", d/time.Minute)
}

// logLines is the end of the log, the newest last, long lines wrapped.
func logLines(m *model, w, n int) []line {
	if m.busy != "" {
		n--
	}
	var lines []line
	for i := len(m.log) - 1; i >= 0 && len(lines) < n; i-- {
		e := m.log[i]
		parts := show.Wrap(e.text, w-11)
		var these []line
		for j, p := range parts {
			at := "          "
			if j == 0 {
				at = " " + e.at.Format(time.TimeOnly) + " "
			}
			these = append(these, line{{quiet, at, false}, {e.mood, " " + p, false}})
		}
		lines = append(these, lines...)
	}
	if extra := len(lines) - n; extra > 0 {
		lines = lines[extra:]
	}
	if m.busy != "" {
		lines = append(lines, line{{quiet, show.Cut("           "+m.busy+" …", w), false}})
	}
	return lines
}
