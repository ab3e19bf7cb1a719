// Package facts holds what is publicly known about home devices: whose address ranges are whose, which services, names
// and headers which products use, which cloud belongs to which maker. It turns one clue into what that clue says: a
// vendor, a class, sometimes a model, how strongly, and in words. It weighs nothing against anything else: that is
// identity's part.
//
// It is pure: a Table never changes after it was made and may be used by any number of goroutines. It imports home
// and identity. The tables are text (*.txt), written by us from what makers document and protocols register; see SOURCE.md.
package facts

import (
	"embed"
	"fmt"
	"sync"

	"cardea/identity"
)

// Kinds of clue and what their values look like. Upper and lower case make no difference.
const (
	Maker      = "maker"        // company of the address range, as package oui tells it
	DHCPVendor = "dhcp-vendor"  // option 60 as text
	DHCPParams = "dhcp-params"  // option 55 in its order, as "1,3,28,6"
	HostName   = "hostname"     // what it calls itself: DHCP option 12, mDNS host name without ".local", NetBIOS
	Service    = "mdns-service" // a service that it offers (not one that it looks for), as "_hap._tcp"
	Text       = "mdns-text"    // key=value of a TXT record
	SSDPType   = "ssdp-type"    // NT, ST or USN that it announces
	SSDPServer = "ssdp-server"  // the SERVER header, without "server="
	UPnP       = "upnp"         // key=value of a device description or a login realm, as home.Served has them
	Agent      = "agent"        // HTTP User-Agent
	Name       = "name"         // a name that it asks for or reaches, time servers included
	Port       = "port"         // a port that it answers on, as "tcp/9999"
	Software   = "software"     // what a server of it says that it is: HTTP Server header, SSH or FTP banner
)

// clues lists them in the order of the strongest first, for tests and tables.
var clues = []string{Maker, DHCPVendor, DHCPParams, HostName, Service, Text, SSDPType, SSDPServer, UPnP, Agent, Name, Port, Software}

// Fact is what one clue says. Several facts of one value are not independent of each other: the strongest counts for each
// thing said. Its Words are text of the tables, never the device's.
type Fact = identity.Fact

// maxValue is how much of a value is looked at, in bytes.
const maxValue = 256

// Table is a set of facts.
type Table struct {
	rules map[string]*rules
	words *lexicon
}

//go:embed *.txt
var files embed.FS

// Default is the table that ships. Its text is checked by the tests; a table that cannot be read is a mistake in the program.
var Default = sync.OnceValue(func() *Table {
	t, err := load()
	if err != nil {
		panic(err)
	}
	return t
})

func load() (*Table, error) {
	t := &Table{rules: map[string]*rules{}, words: newLexicon()}
	for _, c := range clues {
		t.rules[c] = &rules{exact: map[string][]Fact{}}
	}
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded facts: %w", err)
	}
	for _, e := range entries {
		text, err := files.ReadFile(e.Name())
		if err != nil {
			return nil, fmt.Errorf("reading the embedded facts: %w", err)
		}
		if err := t.read(string(text)); err != nil {
			return nil, fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	return t, nil
}

// Match gives what a clue says to yield: nothing when it is not known, and then it allocates nothing. It keeps no value.
func (t *Table) Match(clue, value string, yield func(Fact)) {
	r := t.rules[clue]
	if r == nil || value == "" {
		return
	}
	var buf [maxValue]byte
	low := lower(&buf, value)
	if clue == Name {
		r.domain(low, yield)
		return
	}
	r.match(low, yield)
	switch clue {
	case Text, UPnP:
		t.described(value, yield)
	case HostName:
		t.called(value, yield)
	case SSDPType, SSDPServer:
		t.announced(value, yield)
	}
}

// lower copies what is looked at of a value into buf, in lower case (ASCII).
func lower(buf *[maxValue]byte, value string) []byte {
	n := min(len(value), maxValue)
	for i := range n {
		c := value[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return buf[:n]
}
