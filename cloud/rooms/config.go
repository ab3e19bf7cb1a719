package rooms

import (
	"path/filepath"
	"time"
)

// TimeOf is a time of the wire, in milliseconds; 0 is unknown.
func TimeOf(t int64) time.Time {
	if t == 0 {
		return time.Time{}
	}
	return time.UnixMilli(t).UTC()
}

// BrokerName is the name in the brokers' certificates by which gateways know them, whatever their addresses are.
const BrokerName = "broker.cardea.internal"

// Config is what the contexts have to know of the cloud around them. The cloud's own says what the fields are for.
type Config struct {
	Data      string // folder of keys; not ""
	DB        string // "": cardea.db in Data
	Public    string // without a slash at its end; "": at this machine
	Operator  string
	OIDC      string
	Advertise []string
	SMTP      SMTP
	Told      string
	Demo      bool
}

func (c *Config) defaults() {
	if c.DB == "" {
		c.DB = "sqlite:" + filepath.Join(c.Data, "cardea.db")
	}
	if c.Public == "" {
		c.Public = "http://localhost:8490"
	}
}

// SMTP is where e-mail is handed in; without a Server none is sent.
type SMTP struct {
	Server       string // host:port
	From         string
	User         string
	PasswordFile string
	NeedTLS      bool // refuse a server that offers no STARTTLS
}
