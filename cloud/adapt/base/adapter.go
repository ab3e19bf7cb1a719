// Package base is what the adapters have in common: the view of the contexts that each embeds, names, times, and gateways' sentences in a
// language. It imports the contexts, cloud/rooms and the API's views, and has no state.
package base

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cardea/cloud/api/problem"
	"cardea/cloud/api/view"
	"cardea/cloud/live"
	"cardea/cloud/rooms"
	"cardea/home"
)

// HashText writes a hash of an endpoint; "" for none.
func HashText(h uint64) string {
	if h == 0 {
		return ""
	}
	return fmt.Sprintf("%016x", h)
}

// Adapter lets the API see the contexts. It holds no state; what the API shows is put together here, with its words.
type Adapter struct {
	*rooms.Rooms
	Live  *live.Live
	Watch func(home.Place) (news <-chan struct{}, stop func())
	// Brokers says how the message brokers do, in bounded time; nil: nobody can.
	Brokers func(context.Context) view.Brokers
	Public  string // URL by which people reach us
	Now     func() time.Time
}

// UTC is t for JSON.
func UTC(t time.Time) time.Time { return t.UTC() }

// At is t for JSON, and null of a zero one.
func At(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// CaseCursor says whether after is what incident.Case.Next gives.
func CaseCursor(after string) error {
	if after == "" {
		return nil
	}
	changed, rest, _ := strings.Cut(after, ",")
	_, err := strconv.ParseInt(changed, 10, 64)
	if err != nil || !strings.Contains(rest, ",") || len(after) > 200 {
		return problem.New(problem.Invalid, "That is no cursor of this list. Begin at the first page.")
	}
	return nil
}
