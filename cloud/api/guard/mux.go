package guard

import (
	"net/http"

	"cardea/cloud/api/problem"
)

// Problems answers what mux has no handler for as a problem, with Allow where there is another method.
func Problems(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h, pattern := mux.Handler(r)
		if pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		n := &nothing{header: http.Header{}}
		h.ServeHTTP(n, r)
		if n.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", n.header.Get("Allow"))
			problem.Write(w, problem.New(problem.Method, ""))
			return
		}
		problem.Write(w, problem.New(problem.NotFound, ""))
	})
}

// nothing takes an answer and keeps its status only.
type nothing struct {
	header http.Header
	status int
}

func (n *nothing) Header() http.Header { return n.header }
func (n *nothing) WriteHeader(c int)   { n.status = c }
func (n *nothing) Write(b []byte) (int, error) {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	return len(b), nil
}
