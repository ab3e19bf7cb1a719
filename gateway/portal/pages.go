package portal

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"cardea/home"
)

//go:embed page.html
var source string

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"clock": func(t time.Time) string { return t.Local().Format("2 January, 15:04") },
}).Parse(source))

// policy lets the page use its own style and nothing else: no script, no picture, no frame, no form to anywhere else.
var policy = func() string {
	_, rest, _ := strings.Cut(source, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
}()

// model is what the page is made from.
type model struct {
	Provider, Phone string
	Self            bool // the device that asks is the contained one
	Cases           []caseView
	Message         string
	Good            bool
}

type caseView struct {
	View
	Token     string
	Self      bool
	Contained bool
	Why       string
	Works     string
	Cut       string
}

func (p *Portal) show(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/" {
		http.Redirect(w, r, "/", http.StatusFound)
		return
	}
	p.render(w, r, http.StatusOK, "", false)
}

func (p *Portal) render(w http.ResponseWriter, r *http.Request, status int, message string, good bool) {
	client := remote(r)
	m := model{Provider: p.cfg.Provider, Phone: p.cfg.Phone, Message: message, Good: good}
	own, self := p.mine(client)
	m.Self = self
	for _, v := range p.home.Incidents() {
		if v.Incident.State == home.StateClosed || self && v.Incident.ID != own.Incident.ID {
			continue // a contained device sees its own case only
		}
		m.Cases = append(m.Cases, p.caseOf(v, client, self))
		if p.cfg.Seen != nil && !self {
			p.cfg.Seen(v.Incident.ID)
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := page.Execute(w, m); err != nil {
		p.log.Debug("portal: page cut short", "err", err)
	}
}

func (p *Portal) caseOf(v View, client netip.Addr, self bool) caseView {
	c := caseView{View: v, Token: p.token(client, v.Incident.ID), Self: self, Contained: v.Incident.Mode != home.ModeOff}
	for i := len(v.Incident.Findings) - 1; i >= 0 && c.Why == ""; i-- {
		c.Why = v.Incident.Findings[i].Sentence
	}
	if c.Why == "" && len(v.Incident.History) > 0 {
		c.Why = v.Incident.History[0].Why
	}
	switch v.Incident.Mode {
	case home.ModeQuarantine:
		c.Works = "It keeps its address and can open this page. It cannot reach the internet or your other devices."
	case home.ModeNoLAN:
		c.Works = "It can use the internet. It cannot reach your other devices yet."
	default:
		c.Works = "Nothing is blocked."
	}
	if v.Grade == home.GradeMAC {
		c.Cut = "It shares its cable or Wi-Fi with other devices: what it sends to those directly, we cannot stop. Please switch it off until it is cleaned."
	}
	return c
}

// form reads a posted form and finds its case.
func (p *Portal) form(w http.ResponseWriter, r *http.Request) (v View, self, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		http.Error(w, "That form is too large or broken.", http.StatusBadRequest)
		return v, false, false
	}
	id, client := r.PostForm.Get("incident"), remote(r)
	if r.PostForm.Get("token") != p.token(client, id) {
		p.render(w, r, http.StatusForbidden, "This page was open for too long. Please try again.", false)
		return v, false, false
	}
	own, self := p.mine(client)
	for _, v := range p.home.Incidents() {
		if v.Incident.ID == id && (!self || own.Incident.ID == id) {
			return v, self, true
		}
	}
	p.render(w, r, http.StatusNotFound, "This case is closed.", true)
	return v, false, false
}

func (p *Portal) check(w http.ResponseWriter, r *http.Request) {
	v, _, ok := p.form(w, r)
	if !ok {
		return
	}
	k, err := p.home.Check(v.Incident.ID)
	if err != nil {
		p.render(w, r, http.StatusConflict, sentence(err), false)
		return
	}
	p.render(w, r, http.StatusOK, k.Sentence, k.Clean)
}

func (p *Portal) release(w http.ResponseWriter, r *http.Request) {
	v, self, ok := p.form(w, r)
	if !ok {
		return
	}
	if err := p.home.Release(v.Incident.ID, strings.TrimSpace(r.PostForm.Get("code")), self); err != nil {
		p.render(w, r, http.StatusConflict, sentence(err), false)
		return
	}
	p.render(w, r, http.StatusOK, "It is back on the internet. We keep an eye on it.", true)
}

// sentence makes an error one for people.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
