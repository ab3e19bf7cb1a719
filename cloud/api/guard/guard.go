package guard

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"cardea/cloud/api/problem"

	"github.com/google/uuid"
)

// Step is one middleware.
type Step func(http.Handler) http.Handler

// Chain puts steps around h, the first outermost.
func Chain(h http.Handler, steps ...Step) http.Handler {
	for i := len(steps) - 1; i >= 0; i-- {
		h = steps[i](h)
	}
	return h
}

type idKey struct{}

// ID is the request's, "" outside of one.
func ID(ctx context.Context) string { s, _ := ctx.Value(idKey{}).(string); return s }

// RequestID names each request; what the client calls it is not looked at.
func RequestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := uuid.NewString()
		w.Header().Set("X-Request-Id", id)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), idKey{}, id)))
	})
}

// Recover answers a panic as a problem, or ends the connection when the answer has begun.
func Recover(log *slog.Logger) Step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			t := &tracked{ResponseWriter: w}
			defer func() {
				e := recover()
				if e == nil {
					return
				}
				if err, ok := e.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(e)
				}
				log.Error("a request panicked", "request", ID(r.Context()), "panic", e, "stack", string(debug.Stack()))
				if t.begun {
					panic(http.ErrAbortHandler)
				}
				problem.Write(w, problem.New(problem.Internal, ""))
			}()
			next.ServeHTTP(t, r)
		})
	}
}

type tracked struct {
	http.ResponseWriter
	begun bool
}

func (t *tracked) WriteHeader(code int)        { t.begun = true; t.ResponseWriter.WriteHeader(code) }
func (t *tracked) Write(b []byte) (int, error) { t.begun = true; return t.ResponseWriter.Write(b) }
func (t *tracked) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// MaxBody refuses what says that it is larger, and breaks off what turns out to be.
func MaxBody(n int64) Step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > n {
				w.Header().Set("Connection", "close")
				problem.Write(w, problem.New(problem.TooLarge, "At most %d bytes.", n))
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, n+1)
			next.ServeHTTP(w, r)
		})
	}
}

// Headers are those that every answer has. The API's answers are data: nothing in them may be run or shown.
func Headers(tls bool) Step {
	const none = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Security-Policy", none)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("X-Frame-Options", "DENY")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cross-Origin-Opener-Policy", "same-origin")
			h.Set("Cross-Origin-Resource-Policy", "same-origin")
			h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()")
			h.Set("Cache-Control", "no-store")
			if tls {
				h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
			}
			next.ServeHTTP(w, r)
		})
	}
}

// CrossOrigin refuses what another site's page sends, but for reading.
func CrossOrigin() Step {
	p := http.NewCrossOriginProtection()
	p.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, problem.New(problem.CrossOrigin, ""))
	}))
	return p.Handler
}

// Limit is a limiter for some requests, by their address.
type Limit struct {
	*Limiter
	Which func(*http.Request) bool
}

// Address limits requests by where they come from. refused is told of each.
func Address(proxies []netip.Prefix, refused func(), limits ...Limit) Step {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			from := From(r, proxies)
			for _, l := range limits {
				if !l.Which(r) {
					continue
				}
				if wait := l.Take(from); wait > 0 {
					refused()
					problem.Write(w, problem.New(problem.TooMany, "").After(max(wait, time.Second)))
					return
				}
			}
			next.ServeHTTP(w, r)
		})
	}
}

// From is the address a request comes from: an IPv6 customer is a /64. From one of the proxies it is the last address of
// X-Forwarded-For, which the proxy itself wrote.
func From(r *http.Request, proxies []netip.Prefix) string {
	a := peer(r)
	if slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(a) }) {
		if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
			last := all[len(all)-1]
			a, _ = netip.ParseAddr(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:])) // none when it is not one
			a = a.Unmap().WithZone("")
		}
	}
	if a.Is6() {
		return netip.PrefixFrom(a, 64).Masked().String()
	}
	return a.String()
}

// peer is the other end of the connection, the zero address when it is not known.
func peer(r *http.Request) netip.Addr {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return a.Addr().Unmap().WithZone("")
}

// Local says whether a request is from this machine itself and through no proxy.
func Local(r *http.Request) bool {
	for _, h := range []string{"X-Forwarded-For", "Forwarded", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	return peer(r).IsLoopback()
}
