// Package taxiitest is a small server of TAXII 2.1 for tests, since none is to be had as a program here: discovery, an API root, its
// collections, and a collection's objects with added_after, limit, next and match[type], by the text of the standard. It imports
// nothing of the project.
package taxiitest

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Media is the only type that is spoken.
const Media = "application/taxii+json;version=2.1"

// Server is one collection, "intel", in the API root "api". It is an http.Handler.
type Server struct {
	User, Password string // "": everybody may
	Max            int    // objects of a page at most; 0: as asked

	mu      sync.Mutex
	objects []added
	clock   time.Time
	asked   []string // queries of objects, in order
}

type added struct {
	at     time.Time
	object map[string]any
}

// Add adds objects, each a moment after the one before.
func (s *Server) Add(objects ...map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clock.IsZero() {
		s.clock = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	for _, o := range objects {
		s.clock = s.clock.Add(time.Millisecond)
		s.objects = append(s.objects, added{s.clock, o})
	}
}

// Asked gives the queries for objects so far, and forgets them.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.asked
	s.asked = nil
	return out
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.User != "" {
		user, password, ok := r.BasicAuth()
		if !ok || subtle.ConstantTimeCompare([]byte(user+"\x00"+password), []byte(s.User+"\x00"+s.Password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="taxii"`)
			refuse(w, http.StatusUnauthorized, "sign in")
			return
		}
	}
	if !acceptable(r.Header.Get("Accept")) {
		refuse(w, http.StatusNotAcceptable, "only TAXII 2.1 is spoken")
		return
	}
	if r.Method != http.MethodGet {
		refuse(w, http.StatusMethodNotAllowed, "read only")
		return
	}
	collection := map[string]any{"id": "intel", "title": "Indicators", "can_read": true, "can_write": false, "media_types": []string{"application/stix+json;version=2.1"}}
	switch r.URL.Path {
	case "/taxii2/":
		say(w, map[string]any{"title": "A server for tests", "default": "/api/", "api_roots": []string{"/api/"}})
	case "/api/":
		say(w, map[string]any{"title": "Root", "versions": []string{Media}, "max_content_length": 1 << 20})
	case "/api/collections/":
		say(w, map[string]any{"collections": []any{collection}})
	case "/api/collections/intel/":
		say(w, collection)
	case "/api/collections/intel/objects/":
		s.list(w, r)
	default:
		refuse(w, http.StatusNotFound, "no such thing")
	}
}

func acceptable(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		switch strings.ReplaceAll(strings.TrimSpace(part), " ", "") {
		case Media, "application/taxii+json", "*/*":
			return true
		}
	}
	return false
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = append(s.asked, r.URL.RawQuery)
	q := r.URL.Query()
	var after time.Time
	if text := q.Get("added_after"); text != "" {
		var err error
		if after, err = time.Parse(time.RFC3339Nano, text); err != nil {
			refuse(w, http.StatusBadRequest, "added_after is no time")
			return
		}
	}
	from, limit := 0, len(s.objects)
	if text := q.Get("next"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			refuse(w, http.StatusBadRequest, "next is none of ours")
			return
		}
		from = n
	}
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		limit = n
	}
	if s.Max > 0 {
		limit = min(limit, s.Max)
	}
	var types []string
	if text := q.Get("match[type]"); text != "" {
		types = strings.Split(text, ",")
	}
	s.page(w, from, limit, after, types)
}

// page writes the objects from a place on.
func (s *Server) page(w http.ResponseWriter, from, limit int, after time.Time, types []string) {
	envelope := map[string]any{"more": false}
	var objects []any
	var first, last time.Time
	for i := from; i < len(s.objects); i++ {
		o := s.objects[i]
		kind, _ := o.object["type"].(string)
		if !o.at.After(after) || types != nil && !slices.Contains(types, kind) {
			continue
		}
		if len(objects) == limit {
			envelope["more"], envelope["next"] = true, strconv.Itoa(i)
			break
		}
		if len(objects) == 0 {
			first = o.at
		}
		objects, last = append(objects, o.object), o.at
	}
	if objects != nil { // an empty envelope is {}
		envelope["objects"] = objects
		w.Header().Set("X-TAXII-Date-Added-First", first.Format("2006-01-02T15:04:05.000Z"))
		w.Header().Set("X-TAXII-Date-Added-Last", last.Format("2006-01-02T15:04:05.000Z"))
	}
	say(w, envelope)
}

func say(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", Media)
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone
}

func refuse(w http.ResponseWriter, code int, title string) {
	w.Header().Set("Content-Type", Media)
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"title": title, "http_status": strconv.Itoa(code)}) // whoever asked is gone
}

// Indicator is one with a pattern, as it stands at a time.
func Indicator(id, pattern, modified string) map[string]any {
	return map[string]any{"type": "indicator", "spec_version": "2.1", "id": "indicator--" + id, "created": modified, "modified": modified, "valid_from": modified,
		"pattern_type": "stix", "pattern": pattern, "indicator_types": []string{"malicious-activity"}}
}

// Revoked takes one back.
func Revoked(id, modified string) map[string]any {
	o := Indicator(id, "[domain-name:value = 'x.example']", modified)
	o["revoked"] = true
	return o
}
