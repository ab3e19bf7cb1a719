// Package bus is the connection that agents and the parts of the cloud have to a broker. With package bus/broker, which agents
// do without, it is the only door to NATS. It may import home, wire and NATS; nothing of NATS shows outside of the two.
package bus

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"cardea/wire"
)

var (
	// ErrNobody means that nobody listens: no worker, or no stream yet.
	ErrNobody = errors.New("nobody answers on the bus")
	// ErrFull means that the stream of reports has no room: nothing was taken, send it again later.
	ErrFull = errors.New("the stream of reports is full")
	// ErrTaken means that somebody else has begun to read the partition.
	ErrTaken = errors.New("another worker reads this partition now")
	// ErrClosed means that the connection was closed for good.
	ErrClosed = errors.New("the connection to the bus is closed")
	errReply  = errors.New("whoever asked may not hear an answer there")
)

// MaxPayload is the largest message of wire and its frame, in bytes.
const MaxPayload = 512 << 10

// Bounds of a connection.
const (
	queueMessages = 16384 // messages that wait for a slow handler before they are dropped and counted
	queueBytes    = 32 << 20
)

// Msg is one message that arrived.
type Msg struct {
	Subject string
	Reply   string    // "" when nobody waits for an answer
	Data    []byte    // the handler may keep it
	Time    time.Time // when the stream took it; zero for other messages
	respond func(subject string, data []byte) error
}

// Respond answers whoever asked.
func (m Msg) Respond(data []byte) error {
	if m.Reply == "" || m.respond == nil {
		return errReply
	}
	if err := m.respond(m.Reply, data); err != nil {
		return fmt.Errorf("answer to %s: %w", m.Subject, err)
	}
	return nil
}

// ownReply is the reply subject if whoever sent the message may hear there. A gateway is held to its own subjects when it
// publishes, but not in what it names as the reply subject: an answer to another's subject would speak with the cloud's voice.
func ownReply(subject, reply string) string {
	if strings.HasPrefix(reply, "_INBOX.") {
		return reply // of the cloud's own connections; nobody can guess one
	}
	p, _, err := wire.ParseSubject(subject)
	if err != nil || !strings.HasPrefix(reply, wire.Inbox(p)+".") {
		return ""
	}
	return reply
}
