package api

import (
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"

	"cardea/cloud/api/problem"
)

// appPolicy is for the apps' pages: their own files only, nothing inline.
const appPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

func isAPI(p string) bool {
	switch p {
	case "/healthz", "/readyz", "/metrics", "/v1":
		return true
	}
	return strings.HasPrefix(p, "/v1/") || strings.HasPrefix(p, "/openapi")
}

// split sends a request to the API or to one of the apps.
func (s *Server) split(api http.Handler) http.Handler {
	resident, operator := app{s.config.Resident, "/"}, app{s.config.Operator, "/staff/"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch p := r.URL.Path; {
		case isAPI(p):
			api.ServeHTTP(w, r)
		case p == "/staff":
			http.Redirect(w, r, "/staff/", http.StatusPermanentRedirect)
		case strings.HasPrefix(p, "/staff/"):
			operator.ServeHTTP(w, r)
		default:
			resident.ServeHTTP(w, r)
		}
	})
}

// app serves one app's files. A path that is no file is one of the app's own screens and gets its index.
type app struct {
	files fs.FS
	at    string
}

func (a app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Write(w, problem.New(problem.Method, ""))
		return
	}
	name := strings.TrimPrefix(r.URL.Path, a.at)
	if name == "" {
		name = "index.html"
	}
	b, ok := a.read(name)
	if !ok && path.Ext(name) == "" { // a screen
		name = "index.html"
		b, ok = a.read(name)
	}
	if !ok {
		problem.Write(w, problem.New(problem.NotFound, ""))
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", appPolicy)
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") { // their names have a hash in them
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(b) // the client may have gone
	}
}

func (a app) read(name string) ([]byte, bool) {
	if a.files == nil || !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return nil, false
	}
	b, err := fs.ReadFile(a.files, name)
	return b, err == nil
}

// contentType does not ask the machine's own tables first for what an app consists of.
func contentType(name string) string {
	known := map[string]string{".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
		".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".json": "application/json", ".webmanifest": "application/manifest+json",
		".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8", ".webp": "image/webp"}
	ext := path.Ext(name)
	if t, ok := known[ext]; ok {
		return t
	}
	if t := mime.TypeByExtension(ext); t != "" {
		return t
	}
	return "application/octet-stream"
}
