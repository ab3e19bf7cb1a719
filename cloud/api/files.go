package api

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

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
	resident, operator := &app{files: s.config.Resident, at: "/"}, &app{files: s.config.Operator, at: "/staff/"}
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
	ready sync.Map // name → *file; the files never change
}

// file is one of them as it is sent.
type file struct {
	plain, zipped []byte // zipped is nil where it saves nothing
	tag           string
}

func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Write(w, problem.New(problem.Method, ""))
		return
	}
	name := strings.TrimPrefix(r.URL.Path, a.at)
	if name == "" {
		name = "index.html"
	}
	f := a.read(name)
	if f == nil && path.Ext(name) == "" { // a screen
		name = "index.html"
		f = a.read(name)
	}
	if f == nil {
		problem.Write(w, problem.New(problem.NotFound, ""))
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", appPolicy)
	h.Set("Content-Type", contentType(name))
	h.Set("Cache-Control", "no-cache")
	h.Set("Vary", "Accept-Encoding")
	h.Set("ETag", f.tag)
	if strings.HasPrefix(name, "assets/") { // their names have a hash in them
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), f.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	b := f.plain
	if f.zipped != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		b = f.zipped
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(b) // the client may have gone
	}
}

// read is nil for what is no file. What is kept is bounded by the files there are.
func (a *app) read(name string) *file {
	if f, ok := a.ready.Load(name); ok {
		return f.(*file)
	}
	if a.files == nil || !fs.ValidPath(name) || strings.HasPrefix(path.Base(name), ".") {
		return nil
	}
	b, err := fs.ReadFile(a.files, name)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(b)
	f := &file{plain: b, tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`}
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = z.Write(b)
		err = errors.Join(err, z.Close())
	}
	if err == nil && out.Len() < len(b)*9/10 {
		f.zipped = out.Bytes()
	}
	a.ready.Store(name, f)
	return f
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
