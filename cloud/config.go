package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"cardea/cloud/rooms"
)

// Roles that a process can have. With none it has all of them.
const (
	RoleBroker = "broker" // takes gateways' connections and keeps their reports until they are stored
	RoleWorker = "worker" // stores reports, answers gateways, sends notifications
	RoleAPI    = "api"    // serves the HTTP API and the apps
)

// Config is how a cloud process runs.
type Config struct {
	Roles []string // none: all of them in one process
	Data  string   // folder of keys, certificates, JetStream and, by default, the database
	DB    string   // sqlite:/path or postgres://user@host/name; "": cardea.db in Data

	HTTP      []string // addresses to serve on, or fd:N for a socket that was handed over; without the API role only health and metrics
	Public    string   // the URL by which people reach it: links in messages
	CertFile  string   // TLS for HTTP; without it HTTP is served, for loopback and behind a proxy
	KeyFile   string
	ProxiedBy []string // addresses of proxies whose X-Forwarded-For is believed

	// Operator is the slug of the tenant whose staff change what is in force in all tenants' homes: versions and lists. "": with one
	// tenant its staff, with several nobody but who runs commands on the server.
	Operator string

	OIDC string // file with the providers at which residents may sign in, see provider; "" for none

	Listen      string   // where gateways connect, mTLS
	Advertise   []string // host:port under which gateways find the brokers; default: Listen
	Name        string   // of this broker, unlike every other's in the cluster
	Cluster     string   // where other brokers connect; "" for one alone
	Routes      []string // other brokers' Cluster addresses
	Replicas    int      // of the stream of reports; 1 alone, 3 in a cluster
	Connections int      // gateways that this broker takes at most
	StreamBytes int64    // of reports that wait to be stored; 0: 10 GB. A full stream refuses, and gateways keep theirs

	NATS []string // brokers to use, for a process without the broker role

	SMTP    rooms.SMTP
	Told    string // file with each provider's webhooks, phone and links; "" for none
	NoLearn bool   // models of devices are not learned: what was published stays
	Demo    bool   // messages may be pushed to endpoints on loopback; pages say that this is a demo
}

// Open opens the contexts for an administrator, beside a running cloud: the database and the keys in the data folder. It makes what is
// not there yet, and brings all tables up to date.
func Open(ctx context.Context, cfg Config) (*rooms.Rooms, error) {
	cfg.defaults()
	if err := cfg.check(); err != nil {
		return nil, err
	}
	return rooms.Open(ctx, cfg.rooms(), rooms.Signals{}, slog.New(slog.DiscardHandler))
}

// rooms is what the contexts have to know of it.
func (c *Config) rooms() rooms.Config {
	return rooms.Config{Data: c.Data, DB: c.DB, Public: c.Public, Operator: c.Operator, OIDC: c.OIDC, Advertise: c.Advertise, SMTP: c.SMTP, Told: c.Told, Demo: c.Demo}
}

// Has says whether this process has a role.
func (c *Config) Has(role string) bool { return len(c.Roles) == 0 || slices.Contains(c.Roles, role) }

// roles lists those that it has.
func (c *Config) roles() []string {
	return slices.DeleteFunc([]string{RoleBroker, RoleWorker, RoleAPI}, func(role string) bool { return !c.Has(role) })
}

func (c *Config) defaults() {
	if c.Data == "" {
		c.Data = "/var/lib/cardea-cloud"
	}
	if c.DB == "" {
		c.DB = "sqlite:" + filepath.Join(c.Data, "cardea.db")
	}
	if len(c.HTTP) == 0 && c.Has(RoleAPI) {
		c.HTTP = []string{"127.0.0.1:8490"}
	}
	if c.Listen == "" {
		c.Listen = ":4222"
	}
	if c.Name == "" {
		c.Name = "cardea-1"
	}
	if c.Replicas == 0 {
		c.Replicas = 1
	}
	if c.Connections == 0 {
		c.Connections = 65536
	}
	if c.Public == "" {
		c.Public = publicOf(append(c.HTTP, "127.0.0.1:8490")[0])
	}
	c.Public = strings.TrimSuffix(c.Public, "/")
	if len(c.Advertise) == 0 {
		c.Advertise = []string{c.Listen}
		if host, port, err := net.SplitHostPort(c.Listen); err == nil && (host == "" || net.ParseIP(host).IsUnspecified()) {
			c.Advertise[0] = net.JoinHostPort("localhost", port)
		}
	}
}

func publicOf(address string) string {
	if strings.HasPrefix(address, "fd:") {
		return "http://localhost:8490" // whoever handed the socket over knows better, and says so in Public
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || net.ParseIP(host).IsLoopback() || net.ParseIP(host).IsUnspecified() {
		host = "localhost"
	}
	return "http://" + net.JoinHostPort(host, port)
}

func (c *Config) check() error {
	for _, r := range c.Roles {
		if r != RoleBroker && r != RoleWorker && r != RoleAPI {
			return fmt.Errorf("role %q: want %s, %s or %s", r, RoleBroker, RoleWorker, RoleAPI)
		}
	}
	if !c.Has(RoleBroker) && len(c.NATS) == 0 {
		return errors.New("without the broker role, --nats has to name the brokers")
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return errors.New("TLS needs a certificate and a key")
	}
	if u, err := url.Parse(c.DB); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return errors.New("a password does not belong into the database's URL, where every process sees it: use PGPASSFILE or PGPASSWORD")
		}
	}
	if u, err := url.Parse(c.Public); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("public URL %q: want https://host", c.Public)
	}
	return nil
}
