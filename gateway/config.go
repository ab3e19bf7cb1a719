package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/home"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Config is the agent's configuration file (YAML). Reference: deploy/agent.yaml, which a test reads.
type Config struct {
	LAN     string `yaml:"lan"`     // the bridge of the home network
	WAN     string `yaml:"wan"`     // the interface to the internet
	State   string `yaml:"state"`   // folder that survives a reboot
	Socket  string `yaml:"socket"`  // control socket, for root only
	Lists   string `yaml:"lists"`   // folder of indicator lists, watched; "" for none
	Metrics string `yaml:"metrics"` // address for /metrics, /healthz and /readyz on the gateway itself; "" for none
	Log     string `yaml:"log"`     // debug, info, warn or error

	DNS         DNSConfig         `yaml:"dns"`
	Policy      PolicyConfig      `yaml:"policy"`
	Portal      PortalConfig      `yaml:"portal"`
	Containment ContainmentConfig `yaml:"containment"`
	Detect      DetectConfig      `yaml:"detect"`
	Ledger      LedgerConfig      `yaml:"ledger"`
	Cloud       CloudConfig       `yaml:"cloud"`
	Update      UpdateConfig      `yaml:"update"`
	Care        CareConfig        `yaml:"care"`
}

// CareConfig is how the home's line is looked after.
type CareConfig struct {
	Off     bool     `yaml:"off"`     // it is not measured
	Restart []string `yaml:"restart"` // command and arguments that restart the gateway, where people may ask for that; empty: they may not
}

// UpdateConfig is how the agent takes newer programs of its own that the cloud signs.
type UpdateConfig struct {
	Off    bool          `yaml:"off"`    // the system's packages alone bring them
	Prove  time.Duration `yaml:"prove"`  // within this time a new one is healthy, or the one before runs again; default 5 min
	Steady time.Duration `yaml:"steady"` // for so long without a break it has to be; default 30 s
}

// CloudConfig bounds what the cloud may do and cost. Where it is comes with the enrolment, not from here.
type CloudConfig struct {
	SpoolBytes    int64         `yaml:"spool_bytes"`     // what the cloud has not confirmed, on disk; default 16 MiB
	ContainPerDay int           `yaml:"contain_per_day"` // most containments that it may order in 24 h; default 10
	Reconnect     time.Duration `yaml:"reconnect"`       // longest pause before connecting again, drawn anew each time; default 2 min
	Protected     []string      `yaml:"protected"`       // names that no list of the cloud may name, as the provider's own
}

// DNSConfig sets the home's resolver up.
type DNSConfig struct {
	Upstreams    []string `yaml:"upstreams"`     // udp://, tcp://, tls:// or https://; in order of preference
	Bootstrap    []string `yaml:"bootstrap"`     // addresses that resolve the upstreams' names
	CacheBytes   int      `yaml:"cache_bytes"`   // default 4 MiB
	PrivateRelay string   `yaml:"private_relay"` // allow or block: relays that hide names from the home
	Rebind       []string `yaml:"rebind_allow"`  // names that may resolve to private addresses
	LocalServer  string   `yaml:"local_server"`  // the router's own DNS server, for local_domains and private addresses
	LocalDomains []string `yaml:"local_domains"` // as lan
}

// PortalConfig is what the walled-garden page says.
type PortalConfig struct {
	Provider      string `yaml:"provider"`
	Phone         string `yaml:"phone"`
	LabelCodeFile string `yaml:"label_code_file"` // the code printed on the gateway's label; readable by root only
}

// ContainmentConfig is what may be done without asking, and how long things take.
type ContainmentConfig struct {
	Automatic *bool         `yaml:"automatic"` // default true
	Protected []string      `yaml:"protected"` // MACs of medical, alarm and sole-internet devices
	PerDay    int           `yaml:"per_day"`
	Quiet     time.Duration `yaml:"quiet"`
	NoLAN     time.Duration `yaml:"no_lan"`
	Probation time.Duration `yaml:"probation"`
	Hostapd   string        `yaml:"hostapd"`      // folder of hostapd control sockets; "" without Wi-Fi of our own
	VLAN      int           `yaml:"hostapd_vlan"` // where hostapd isolates a station; 0: it cannot
}

// DetectConfig says what is looked for.
type DetectConfig struct {
	Off []string `yaml:"off"` // detectors that find nothing, only to compare what the others find
}

// off are the detectors that are switched off, with those that somebody else does the work of.
func (c *DetectConfig) off(others ...home.Detector) map[home.Detector]bool {
	out := map[home.Detector]bool{}
	for _, d := range others {
		out[d] = true
	}
	for _, s := range c.Off {
		out[home.Detector(s)] = true
	}
	return out
}

// switchable are the detectors that look at conduct: contact with what is listed, and who a device is, is always told.
var switchable = []string{
	string(home.DetectScanWAN), string(home.DetectScanLAN), string(home.DetectScanPorts), string(home.DetectFlood), string(home.DetectBruteForce),
	string(home.DetectARPSpoof), string(home.DetectNDSpoof), string(home.DetectRogueDHCP), string(home.DetectRogueRouter), string(home.DetectInbound),
	string(home.DetectDNSSpoof), string(home.DetectNovelty), string(home.DetectBeacon), string(home.DetectNames), string(home.DetectVolume),
	string(home.DetectHours), string(home.DetectMapping), string(home.DetectPort), string(home.DetectUsual),
}

// LedgerConfig bounds what is kept of contacts on the gateway's disk.
type LedgerConfig struct {
	MaxBytes int64         `yaml:"max_bytes"` // default 32 MiB
	MaxAge   time.Duration `yaml:"max_age"`   // default 30 days
}

// maxConfig bounds a configuration file.
const maxConfig = 1 << 20

// LoadConfig reads and checks a configuration file. Every error names the file and, where there is one, the line.
func LoadConfig(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return Config{}, fmt.Errorf("read configuration %s: %w", path, err)
	}
	c, err := ParseConfig(b)
	if err != nil {
		return Config{}, fmt.Errorf("configuration %s: %w", path, err)
	}
	return c, nil
}

// ParseConfig reads a configuration, fills in the defaults and checks it.
func ParseConfig(b []byte) (c Config, err error) {
	if len(b) > maxConfig {
		return c, fmt.Errorf("larger than %d bytes", maxConfig)
	}
	file, err := parser.ParseBytes(b, 0)
	if err != nil {
		return c, errors.New(oneLine(err))
	}
	dec := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict())
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, errors.New(oneLine(err))
	}
	c.defaults()
	for _, check := range c.checks() {
		if check.err != nil {
			return c, fmt.Errorf("%s%s: %w", lineOf(file, check.path), check.path, check.err)
		}
	}
	return c, nil
}

// oneLine turns goccy/go-yaml's annotated error, "[line:column] message" and an excerpt, into "line N: message". The
// excerpt is left out: it could show a secret.
func oneLine(err error) string {
	s, _, _ := strings.Cut(err.Error(), "\n")
	if at, msg, ok := strings.Cut(strings.TrimPrefix(s, "["), "] "); ok && strings.HasPrefix(s, "[") {
		line, _, _ := strings.Cut(at, ":")
		return "line " + line + ": " + msg
	}
	return s
}

func lineOf(file *ast.File, path string) string {
	for ; path != ""; path = path[:max(0, strings.LastIndexAny(path, ".["))] {
		p, err := yaml.PathString("$." + path)
		if err != nil {
			continue
		}
		if n, err := p.FilterFile(file); err == nil && n != nil {
			return fmt.Sprintf("line %d: ", n.GetToken().Position.Line)
		}
	}
	return ""
}

func (c *Config) defaults() {
	def := func(s *string, v string) {
		if *s == "" {
			*s = v
		}
	}
	def(&c.State, "/var/lib/cardea")
	def(&c.Socket, "/run/cardea/agent.sock")
	def(&c.Log, "info")
	def(&c.DNS.PrivateRelay, "allow")
	def(&c.Portal.Provider, "Your internet provider")
	if c.DNS.CacheBytes == 0 {
		c.DNS.CacheBytes = 4 << 20
	}
	if c.Containment.Automatic == nil {
		yes := true
		c.Containment.Automatic = &yes
	}
	if c.Ledger.MaxBytes == 0 {
		c.Ledger.MaxBytes = 32 << 20
	}
	if c.Cloud.SpoolBytes == 0 {
		c.Cloud.SpoolBytes = 16 << 20
	}
	if c.Cloud.ContainPerDay == 0 {
		c.Cloud.ContainPerDay = 10
	}
	if c.Cloud.Reconnect == 0 {
		c.Cloud.Reconnect = 2 * time.Minute
	}
	if c.Update.Prove == 0 {
		c.Update.Prove = 5 * time.Minute
	}
	if c.Update.Steady == 0 {
		c.Update.Steady = 30 * time.Second
	}
	if c.Ledger.MaxAge == 0 {
		c.Ledger.MaxAge = 30 * 24 * time.Hour
	}
}

type check struct {
	path string
	err  error
}

func (c *Config) checks() []check {
	list := []check{
		{"lan", ifname(c.LAN)},
		{"wan", ifname(c.WAN)},
		{"state", absolute(c.State)},
		{"socket", absolute(c.Socket)},
		{"lists", optional(c.Lists, absolute)},
		{"metrics", optional(c.Metrics, addrPort)},
		{"log", oneOf(c.Log, "debug", "info", "warn", "error")},
		{"dns.cache_bytes", within(int64(c.DNS.CacheBytes), 64<<10, 1<<30)},
		{"dns.private_relay", oneOf(c.DNS.PrivateRelay, "allow", "block")},
		{"portal.label_code_file", optional(c.Portal.LabelCodeFile, absolute)},
		{"containment.hostapd", optional(c.Containment.Hostapd, absolute)},
		{"dns.local_server", optional(c.DNS.LocalServer, addrPort)},
		{"containment.hostapd_vlan", within(int64(c.Containment.VLAN), 0, 4094)},
		{"containment.per_day", within(int64(c.Containment.PerDay), 0, 1000)},
		{"containment.quiet", positive(c.Containment.Quiet)},
		{"containment.no_lan", positive(c.Containment.NoLAN)},
		{"containment.probation", positive(c.Containment.Probation)},
		{"ledger.max_bytes", within(c.Ledger.MaxBytes, 1<<20, 1<<40)},
		{"ledger.max_age", positive(c.Ledger.MaxAge)},
		{"cloud.spool_bytes", within(c.Cloud.SpoolBytes, 1<<20, 1<<32)},
		{"cloud.contain_per_day", within(int64(c.Cloud.ContainPerDay), 1, 1000)},
		{"cloud.reconnect", within(int64(c.Cloud.Reconnect), int64(time.Millisecond), int64(time.Hour))},
		{"update.prove", within(int64(c.Update.Prove), int64(time.Second), int64(time.Hour))},
		{"update.steady", within(int64(c.Update.Steady), int64(time.Millisecond), int64(c.Update.Prove))},
	}
	if c.LAN != "" && c.LAN == c.WAN {
		list = append(list, check{"wan", fmt.Errorf("is the same interface as lan")})
	}
	if len(c.DNS.Upstreams) == 0 {
		list = append(list, check{"dns.upstreams", errors.New("at least one is needed")})
	}
	if len(c.Care.Restart) > 0 {
		list = append(list, check{"care.restart", absolute(c.Care.Restart[0])})
	}
	for i, u := range c.DNS.Upstreams {
		list = append(list, check{fmt.Sprintf("dns.upstreams[%d]", i), upstream(u)})
	}
	for i, d := range c.Detect.Off {
		list = append(list, check{fmt.Sprintf("detect.off[%d]", i), oneOf(d, switchable...)})
	}
	for i, name := range c.Cloud.Protected {
		if _, ok := home.CleanName(name); !ok {
			list = append(list, check{fmt.Sprintf("cloud.protected[%d]", i), fmt.Errorf("%q is not a name", name)})
		}
	}
	for i, a := range c.DNS.Bootstrap {
		list = append(list, check{fmt.Sprintf("dns.bootstrap[%d]", i), addrPort(a)})
	}
	list = append(list, check{"policy", c.Policy.check()})
	for m, r := range c.Policy.Devices {
		_, err := home.ParseMAC(m)
		list = append(list, check{"policy.devices", err}, check{"policy.devices", r.check()})
	}
	for i, m := range c.Containment.Protected {
		_, err := home.ParseMAC(m)
		list = append(list, check{fmt.Sprintf("containment.protected[%d]", i), err})
	}
	return list
}

func ifname(s string) error {
	if s == "" || len(s) > 15 || strings.ContainsAny(s, "/ \t\n:%") || s == "." || s == ".." {
		return fmt.Errorf("%q is not the name of a network interface", s)
	}
	return nil
}

func absolute(s string) error {
	if !filepath.IsAbs(s) {
		return fmt.Errorf("%q is not an absolute path", s)
	}
	return nil
}

func optional(s string, f func(string) error) error {
	if s == "" {
		return nil
	}
	return f(s)
}

func addrPort(s string) error {
	if _, err := netip.ParseAddrPort(s); err != nil {
		return fmt.Errorf("%q is not an address with a port, as 192.0.2.1:53 or [2001:db8::1]:53", s)
	}
	return nil
}

func oneOf(s string, words ...string) error {
	for _, w := range words {
		if s == w {
			return nil
		}
	}
	return fmt.Errorf("%q is none of %s", s, strings.Join(words, ", "))
}

func within(n, low, high int64) error {
	if n < low || n > high {
		return fmt.Errorf("%d is not between %d and %d", n, low, high)
	}
	return nil
}

func positive(d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("%s is negative", d)
	}
	return nil
}

func upstream(s string) error {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return fmt.Errorf("%q is not an upstream, as udp://192.0.2.1, tls://dns.example or https://dns.example/dns-query", s)
	}
	return oneOf(u.Scheme, "udp", "tcp", "tls", "https")
}
