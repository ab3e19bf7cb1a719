package wire

import (
	"fmt"
	"strings"

	"cardea/home"
)

// Partitions is how many partitions reports are spread over by their home. It is fixed for the life of an installation.
const Partitions = 16

// Stream is the JetStream stream that keeps reports until a worker has stored them. The broker gathers what comes on Up and
// keeps it in packs, each of one partition: the FNV-1a hash of the home's id, 32 bits, modulo Partitions.
const Stream = "REPORTS"

// Up is where a gateway publishes its reports, into the stream.
func Up(p home.Place) string { return subject("t", p) }

// Beat is where it publishes its heartbeat, to nobody who keeps it.
func Beat(p home.Place) string { return subject("h", p) }

// Down is where it hears commands.
func Down(p home.Place) string { return subject("c", p) }

// Request is where it asks for something: desired, renew or bundle.
func Request(p home.Place, what string) string { return subject("r", p) + "." + what }

// Answer is where it answers a live question.
func Answer(p home.Place, question string) string { return subject("a", p) + "." + question }

// Inbox is the prefix of a gateway's own inbox, where replies reach it.
func Inbox(p home.Place) string { return subject("_I", p) }

func subject(kind string, p home.Place) string {
	return kind + "." + p.Tenant + "." + p.Home + "." + p.Gateway
}

// ParseSubject reads the place out of a subject of any of the kinds above, or of one as the stream stores it
// (p.<partition>.<tenant>.<home>.<gateway>). rest is what follows it.
func ParseSubject(s string) (p home.Place, rest string, err error) {
	parts := strings.Split(s, ".")
	if len(parts) > 0 && parts[0] == "p" {
		parts = parts[1:]
	}
	if len(parts) < 4 || len(parts) > 5 {
		return p, "", fmt.Errorf("subject %q: want kind.tenant.home.gateway", s)
	}
	p = home.Place{Tenant: parts[1], Home: parts[2], Gateway: parts[3]}
	if err := p.Check(); err != nil {
		return home.Place{}, "", fmt.Errorf("subject %q: %w", s, err)
	}
	if len(parts) == 5 {
		rest = parts[4]
	}
	return p, rest, nil
}

// MayPublish and MaySubscribe are everything that a gateway is allowed on the bus.
func MayPublish(p home.Place) []string {
	return []string{Up(p), Beat(p), Request(p, "*"), Answer(p, "*")}
}

// MaySubscribe lists what a gateway may hear.
func MaySubscribe(p home.Place) []string { return []string{Down(p), Inbox(p) + ".>"} }

const sanScheme = "cardea://"

// SAN is the URI in a gateway's certificate that says who it is.
func SAN(p home.Place) string {
	return sanScheme + "tenant/" + p.Tenant + "/home/" + p.Home + "/gateway/" + p.Gateway
}

// ParseSAN reads it.
func ParseSAN(s string) (p home.Place, err error) {
	parts := strings.Split(strings.TrimPrefix(s, sanScheme), "/")
	if !strings.HasPrefix(s, sanScheme) || len(parts) != 6 || parts[0] != "tenant" || parts[2] != "home" || parts[4] != "gateway" {
		return p, fmt.Errorf("%q does not name a gateway", s)
	}
	p = home.Place{Tenant: parts[1], Home: parts[3], Gateway: parts[5]}
	if err := p.Check(); err != nil {
		return home.Place{}, fmt.Errorf("%q: %w", s, err)
	}
	return p, nil
}
