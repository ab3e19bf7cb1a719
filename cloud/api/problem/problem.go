// Package problem is how the API says that something went wrong: RFC 9457 documents with a stable type for each kind. It
// imports the standard library only and has no state.
package problem

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Kind is the stable end of a problem's type: "/problems/<kind>".
type Kind string

// The kinds there are. A client may rely on them; the titles and details are for people.
const (
	BadRequest   Kind = "bad-request"
	Invalid      Kind = "invalid"
	SignIn       Kind = "sign-in-failed"
	Unauthorized Kind = "session-required"
	CrossOrigin  Kind = "cross-origin"
	Forbidden    Kind = "forbidden"
	Role         Kind = "role-required"
	Right        Kind = "right-required" // of staff
	Private      Kind = "another-persons"
	Confirm      Kind = "confirm-required"
	Look         Kind = "look-required"
	Consent      Kind = "consent-required"
	Plan         Kind = "not-in-plan"
	NotFound     Kind = "not-found"
	Method       Kind = "method-not-allowed"
	Conflict     Kind = "conflict"
	Reused       Kind = "idempotency-key-reused"
	Changed      Kind = "changed-meanwhile"
	TooLarge     Kind = "too-large"
	MediaType    Kind = "media-type"
	TooMany      Kind = "too-many-requests"
	Streams      Kind = "too-many-streams"
	Claim        Kind = "claim-refused"
	Internal     Kind = "internal"
	Offline      Kind = "gateway-offline"
	NotReady     Kind = "not-ready"
)

var kinds = map[Kind]struct {
	status int
	title  string
}{
	BadRequest:   {http.StatusBadRequest, "The request cannot be read"},
	Invalid:      {http.StatusUnprocessableEntity, "Something in the request is not as it has to be"},
	SignIn:       {http.StatusUnauthorized, "The e-mail address or the password is not right"},
	Unauthorized: {http.StatusUnauthorized, "Please sign in"},
	CrossOrigin:  {http.StatusForbidden, "The request came from another site"},
	Forbidden:    {http.StatusForbidden, "This is not allowed"},
	Role:         {http.StatusForbidden, "Your role in this home is not enough"},
	Right:        {http.StatusForbidden, "Your role does not include this"},
	Private:      {http.StatusForbidden, "This device belongs to somebody else in the home"},
	Confirm:      {http.StatusForbidden, "Give your password or sign in again to do this"},
	Look:         {http.StatusForbidden, "Give a reason before you look at this home"},
	Consent:      {http.StatusForbidden, "Nobody at home has agreed to this"},
	Plan:         {http.StatusForbidden, "This is not in your plan"},
	NotFound:     {http.StatusNotFound, "There is no such thing"},
	Method:       {http.StatusMethodNotAllowed, "That cannot be done with this"},
	Conflict:     {http.StatusConflict, "That does not fit what is there"},
	Reused:       {http.StatusUnprocessableEntity, "The Idempotency-Key was used for something else"},
	Changed:      {http.StatusPreconditionFailed, "Somebody else changed it meanwhile"},
	TooLarge:     {http.StatusRequestEntityTooLarge, "The request is too large"},
	MediaType:    {http.StatusUnsupportedMediaType, "The request is not in a form that is understood here"},
	TooMany:      {http.StatusTooManyRequests, "Too many requests"},
	Streams:      {http.StatusTooManyRequests, "Too many live views are open"},
	Claim:        {http.StatusForbidden, "The claim code was refused"},
	Internal:     {http.StatusInternalServerError, "Something went wrong here"},
	Offline:      {http.StatusServiceUnavailable, "The gateway at home does not answer"},
	NotReady:     {http.StatusServiceUnavailable, "Not ready"},
}

// Prefix is what each type begins with.
const Prefix = "/problems/"

// Field is one thing in the request that is wrong. What was sent is not repeated: it may be a secret.
type Field struct {
	Location string `json:"location" doc:"Where, as body.email"`
	Message  string `json:"message"`
}

// Problem is an error as the client gets it.
type Problem struct {
	Type   string  `json:"type" doc:"Stable; begins with /problems/"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty"`
	Errors []Field `json:"errors,omitempty"`

	retry   time.Duration // when to come again; 0 when there is nothing to say
	pattern string        // what detail was made of, with args; "" where it has none
	args    []any
}

// New makes a problem; detail may be empty.
func New(k Kind, detail string, args ...any) *Problem {
	d, ok := kinds[k]
	if !ok {
		k, d = Internal, kinds[Internal]
	}
	pattern := ""
	if len(args) > 0 {
		pattern, detail = detail, fmt.Sprintf(detail, args...)
	}
	return &Problem{Type: Prefix + string(k), Title: d.title, Status: d.status, Detail: detail, pattern: pattern, args: args}
}

// Of finds the kind that stands for a plain HTTP status.
func Of(status int, detail string) *Problem {
	plain := map[int]Kind{400: BadRequest, 401: Unauthorized, 403: Forbidden, 404: NotFound, 405: Method, 409: Conflict,
		412: Changed, 413: TooLarge, 415: MediaType, 422: Invalid, 429: TooMany, 503: NotReady}
	k, ok := plain[status]
	if !ok {
		k, detail = Internal, ""
		if status >= 400 && status < 500 {
			k = BadRequest
		}
	}
	return New(k, detail)
}

// In is the problem in a language: as it is where there are no words of that language for it. It changes nothing of the problem.
func (p *Problem) In(language string) *Problem {
	if language != "de" {
		return p
	}
	out := *p
	if t, ok := titlesDE[Kind(p.Type[min(len(Prefix), len(p.Type)):])]; ok {
		out.Title = t
	}
	if p.args == nil {
		if t, ok := detailsDE[p.Detail]; ok {
			out.Detail = t
		}
		return &out
	}
	args := make([]any, len(p.args))
	for i, a := range p.args {
		args[i] = a
		if s, ok := a.(string); ok && detailsDE[s] != "" {
			args[i] = detailsDE[s]
		}
	}
	if t, ok := detailsDE[p.pattern]; ok {
		out.Detail = fmt.Sprintf(t, args...)
	} else if p.pattern == "%s" {
		out.Detail = fmt.Sprint(args[0])
	}
	return &out
}

// After says when to come again.
func (p *Problem) After(d time.Duration) *Problem { p.retry = d; return p }

// Is says whether err is a problem of kind k.
func Is(err error, k Kind) bool {
	var p *Problem
	return errors.As(err, &p) && p.Type == Prefix+string(k)
}

func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Title
	}
	return p.Title + ": " + p.Detail
}

// GetStatus, GetHeaders and ContentType let huma write it.
func (p *Problem) GetStatus() int { return p.Status }

// GetHeaders has Retry-After in whole seconds, rounded up.
func (p *Problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.retry+time.Second-1)/time.Second), 10))
	}
	return h
}

// ContentType is RFC 9457's.
func (p *Problem) ContentType(string) string { return "application/problem+json" }

// Write answers a request with p.
func Write(w http.ResponseWriter, p *Problem) {
	for k, v := range p.GetHeaders() {
		w.Header()[k] = v
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client may have gone
}
