package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"cardea/cloud"
	"cardea/cloud/rooms"

	"golang.org/x/sys/unix"
)

type serveCmd struct {
	Role []string `help:"Which of broker, worker, api this process is; repeat or separate by commas. Default: all of them."`
	Data string   `help:"Folder of keys, certificates, the broker's store and, by default, the database." default:"/var/lib/cardea-cloud" type:"path"`
	DB   string   `help:"sqlite:/path/file.db or postgres://user@host/name, the password in PGPASSFILE or PGPASSWORD. Default: cardea.db in the data folder."`

	HTTP   []string `help:"Address to serve the apps and the API on; repeat for several. fd:N is a socket that was handed over." placeholder:"127.0.0.1:8490"`
	Public string   `help:"The URL by which people reach it, for links in messages." placeholder:"https://home.example.net"`
	Cert   string   `name:"tls-cert" help:"Certificate for HTTPS. Without one it is HTTP, for loopback or behind a proxy." type:"path"`
	Key    string   `name:"tls-key" help:"Its key." type:"path"`
	Proxy  []string `help:"Address of a proxy whose X-Forwarded-For is believed."`

	Listen      string   `help:"Where gateways connect (mTLS)." default:":4222"`
	Advertise   []string `help:"host:port under which gateways find the brokers; repeat. Default: --listen on localhost." placeholder:"HOST:PORT"`
	Name        string   `help:"This broker's name; each in a cluster has its own." default:"cardea-1"`
	Cluster     string   `help:"Where other brokers connect." placeholder:"HOST:PORT"`
	Routes      []string `help:"Another broker's --cluster address; repeat." placeholder:"HOST:PORT"`
	Replicas    int      `help:"Brokers that keep each report: 1 for one broker, 3 in a cluster." default:"1"`
	Connections int      `help:"Gateways that this broker takes at most." default:"65536"`
	StreamBytes int64    `help:"Bytes of reports that may wait to be stored; a full stream refuses, and gateways keep theirs. Default: 10 GB."`
	NATS        []string `name:"nats" help:"A broker to use, for a process without the broker role; repeat." placeholder:"HOST:PORT"`

	SMTP         string `name:"smtp" help:"Server that takes e-mail. Without one no e-mail is sent." placeholder:"HOST:PORT"`
	SMTPFrom     string `name:"smtp-from" help:"Sender of e-mail." placeholder:"ADDRESS"`
	SMTPUser     string `name:"smtp-user" help:"User there."`
	SMTPTLS      bool   `name:"smtp-tls" help:"Refuse a mail server that offers no encryption."`
	SMTPPassword string `name:"smtp-password-file" help:"File with the password." type:"path"`

	Told string `name:"channels" help:"File with each provider's webhook for text messages, its support's phone and its links (docs/runbook/notifications.md)." type:"path" placeholder:"FILE"`

	OIDC string `name:"oidc" help:"File with the providers at which residents may sign in with the CSP's own account." type:"path"`

	Operator string `help:"The provider whose staff bring versions out and change lists for all providers' homes; without it, where there are several, only commands on the server do." placeholder:"SLUG"`

	NoLearn bool `help:"Do not learn models of devices from the homes: what was published stays."`

	Log  string `help:"debug, info, warn or error." default:"info" enum:"debug,info,warn,error"`
	Demo bool   `hidden:"" help:"Push to endpoints on loopback is allowed."`
}

// Help explains the roles.
func (serveCmd) Help() string {
	return `One process is the whole cloud: a broker that gateways connect to, a worker that stores what they report, and the
API with the apps for residents and staff. Everything it needs it makes in the data folder at its first start.

To grow, run the same program by role, on servers of their own:

  cardea serve --role broker --name b1 --cluster :6222 --routes b2:6222,b3:6222 --replicas 3 …
  cardea serve --role worker --nats b1:4222,b2:4222,b3:4222 --db postgres://cardea@db/cardea
  cardea serve --role api    --nats b1:4222,b2:4222,b3:4222 --db postgres://cardea@db/cardea --http :8490

Workers and API servers need ca, bundle-keys, push-keys.json and network-key of the first one's data folder; brokers need data/ca, or what
cardea admin certificate makes. cardea admin makes tenants, homes, people and
claim codes, and publishes lists. /healthz, /readyz and /metrics are on the HTTP address. SIGTERM ends it cleanly.`
}

// garbage is how much the heap may grow, in percent, before it is collected: a broker and a store of many small messages make
// much garbage of little that lives, and each collection keeps the homes' orders waiting.
const garbage = 800

// collect sets when garbage is collected: seldom, but well before half of the memory is used up. GOGC and GOMEMLIMIT win.
func collect() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	var i unix.Sysinfo_t
	if err := unix.Sysinfo(&i); err != nil || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	memory := uint64(i.Totalram) * uint64(i.Unit)                       //nolint:unconvert // it is 32 bits wide on smaller machines
	if b, err := os.ReadFile("/sys/fs/cgroup/memory.max"); err == nil { // in a container
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64); err == nil {
			memory = min(memory, n)
		}
	}
	debug.SetMemoryLimit(int64(memory / 2))
}

// Run is called by kong.
func (c serveCmd) Run(ctx context.Context) error {
	collect()
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log)); err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	s, err := cloud.New(ctx, cloud.Config{
		Roles: c.Role, Data: c.Data, DB: c.DB, HTTP: c.HTTP, Public: c.Public, CertFile: c.Cert, KeyFile: c.Key, ProxiedBy: c.Proxy,
		Listen: c.Listen, Advertise: c.Advertise, Name: c.Name, Cluster: c.Cluster, Routes: c.Routes, Replicas: c.Replicas,
		Connections: c.Connections, StreamBytes: c.StreamBytes, NATS: c.NATS, Demo: c.Demo, Operator: c.Operator, NoLearn: c.NoLearn, OIDC: c.OIDC, Told: c.Told,
		SMTP: rooms.SMTP{Server: c.SMTP, From: c.SMTPFrom, User: c.SMTPUser, PasswordFile: c.SMTPPassword, NeedTLS: c.SMTPTLS},
	}, version, log)
	if err != nil {
		return fmt.Errorf("serve: %w", err)
	}
	if err := s.Run(ctx); err != nil && ctx.Err() == nil {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}
