package portal

import (
	"bytes"
	"crypto/hmac"
	_ "embed"
	"encoding/json"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"cardea/home"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Parse(source))

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// speak is the language of a request: that of its form or address, else the browser's.
func (p *Portal) speak(r *http.Request) speaker {
	chosen := r.URL.Query().Get("lang")
	if r.PostForm != nil {
		chosen = r.PostForm.Get("lang")
	}
	return speaker{Lang: language(r, chosen), clock: p.clockOf}
}

func (p *Portal) show(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	p.render(w, r, http.StatusOK, "", false)
}

func (p *Portal) render(w http.ResponseWriter, r *http.Request, status int, message string, good bool) {
	v, s, b := p.visit(remote(r)), p.speak(r), p.brand()
	m := model{
		speaker: s, Provider: b.Name, Phone: b.Phone, Hint: b.Hint(s.Lang), Support: b.Support, Style: style(b), Self: v.self, Message: plain(message, maxLine), Good: good,
		Address: "http://" + p.own(r, v) + "/",
	}
	for _, l := range languages {
		m.Languages = append(m.Languages, choice{l.Lang, l.Name, l.Lang == s.Lang})
	}
	cases := v.views
	if v.self { // a contained device sees its own case only
		cases = []View{v.own}
	}
	m.Head = s.head(v.self, len(cases))
	if n := len(cases) - maxCases; n > 0 {
		cases, m.More = cases[:maxCases], s.Say("more", n)
	}
	for _, x := range cases {
		c, plan := p.caseOf(x, v, s)
		m.Cases = append(m.Cases, c)
		if m.Advice == nil {
			m.Advice = plan.Advice
		}
		if p.cfg.Seen != nil && !v.self {
			p.cfg.Seen(x.Incident.ID)
		}
	}
	var out bytes.Buffer
	if err := page.Execute(&out, m); err != nil {
		p.log.Error("portal: the page cannot be made", "err", err)
		http.Error(w, s.Say("error.other", "page"), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", s.Lang)
	w.Header().Set("Content-Security-Policy", policy(m.Style))
	w.Header().Set("Content-Length", strconv.Itoa(out.Len()))
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(answerTime)) // a recorder has none
	w.WriteHeader(status)
	if _, err := out.WriteTo(w); err != nil {
		p.log.Debug("portal: page cut short", "err", err)
	}
}

func (s speaker) head(self bool, cases int) string {
	switch {
	case self:
		return s.Say("head.self")
	case cases == 0:
		return s.Say("head.fine")
	case cases == 1:
		return s.Say("head.one")
	}
	return s.Say("head.many", cases)
}

// captive answers as RFC 8908 says: whether the device that asks is held back, and where the page is that tells why. The standard
// wants HTTPS, for which a gateway at home has no name that a device would trust, so a device that keeps to that looks for captive
// portals by its own check instead, which leads it to the same page.
func (p *Portal) captive(w http.ResponseWriter, r *http.Request) {
	v := p.visit(remote(r))
	held := v.self && shutsOff(v.own.Incident.Mode)
	answer := map[string]any{"captive": held}
	if held {
		answer["user-portal-url"] = "http://" + p.own(r, v) + "/"
		answer["can-extend-session"] = false
	}
	b, err := json.Marshal(answer)
	if err != nil {
		http.Error(w, "The answer cannot be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/captive+json")
	w.Header().Set("Cache-Control", "private, no-store")
	if _, err := w.Write(b); err != nil {
		p.log.Debug("portal: answer cut short", "err", err)
	}
}

// shutsOff: modes in which a device has no internet to speak of.
func shutsOff(m home.Mode) bool { return m == home.ModeQuarantine || m.Listing() }
