package record

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os/exec"

	"cardea/lab"
	"cardea/lab/plan"
)

// User and Secret are what clients log in with. What is told of a recording must never have them.
const (
	User   = "gartenhaus-7f3"
	Secret = "blaue-Leiter.5521"
)

const both = User + ":" + Secret

// loggingIn are logins without encryption, each to a server of ours that has only the words it needs.
var loggingIn = []Scenario{
	{Name: "login-ftp", Words: "curl fetches a file by FTP with a password", Needs: []string{"curl"},
		run: login(21, ftp.serve, "ftp://%v/clip.bin", "-u", both)},
	{Name: "login-http", Words: "curl sends a password to a camera's page", Needs: []string{"curl"}, run: loginHTTP},
	{Name: "login-telnet", Words: "a person logs in with busybox telnet", Needs: []string{"busybox"}, run: loginTelnet},
	{Name: "login-rtsp", Words: "curl asks a camera for its stream with a password", Needs: []string{"curl"},
		run: login(554, rtsp.serve, "rtsp://%v/live", "-u", both)},
	{Name: "login-mqtt", Words: "curl publishes to a broker with a password", Needs: []string{"curl"},
		run: login(1883, broker, "mqtt://%v/lamp", "-u", both, "-d", "on")},
	{Name: "login-pop3", Words: "curl fetches mail with a password", Needs: []string{"curl"},
		run: login(110, pop3.serve, "pop3://%v/", "-u", both)},
	{Name: "login-imap", Words: "curl fetches mail by IMAP with a password", Needs: []string{"curl"},
		run: login(143, imap.serve, "imap://%v/", "-u", both)},
	{Name: "login-smtp", Words: "curl sends mail with a password", Needs: []string{"curl"},
		run: login(25, smtp.serve, "smtp://%v/box", "-u", both, "--mail-from", "box@home.example", "--mail-rcpt", "anna@home.example", "-T", "/dev/null")},
}

// oldTLS are old versions of TLS between devices.
var oldTLS = []Scenario{
	{Name: "tls10", Words: "a client that can do better gets TLS 1.0 from an old server", Needs: []string{"openssl"}, run: oldServer},
	{Name: "tls11-client", Words: "a client that can do no better than TLS 1.1 calls the internet", Needs: []string{"openssl"}, run: oldClient},
}

var ftp = script{greet: "220 ProFTPD 1.3.5e Server (disk station)\r\n", answers: [][2]string{
	{"USER", "331 Password required\r\n"}, {"PASS", "230 Logged in\r\n"}, {"PWD", "257 \"/\"\r\n"},
	{"QUIT", "221 Bye\r\n"}, {"", "550 No such file\r\n"}}}

var rtsp = script{answers: [][2]string{
	{"DESCRIBE", ""}, {"OPTIONS", ""}, {"CSEQ", ""}, {"\r\n", "RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: IPCam RTSP 2.1\r\nPublic: DESCRIBE, SETUP, PLAY\r\n\r\n"}}}

var pop3 = script{greet: "+OK Mail 2.1\r\n", answers: [][2]string{
	{"CAPA", "+OK\r\nUSER\r\n.\r\n"}, {"LIST", "+OK\r\n.\r\n"}, {"", "+OK\r\n"}}}

var imap = script{greet: "* OK Mail 2.1\r\n", echo: true, answers: [][2]string{
	{"CAPABILITY", "* CAPABILITY IMAP4rev1\r\nTAG OK\r\n"}, {"LOGOUT", "* BYE\r\nTAG OK\r\n"}, {"", "TAG OK\r\n"}}}

var smtp = script{greet: "220 Mail 2.1\r\n", answers: [][2]string{
	{"EHLO", "250-mail\r\n250 AUTH PLAIN\r\n"}, {"AUTH", "334 \r\n"}, {"DATA", "354 Go on\r\n"}, {"QUIT", "221 Bye\r\n"},
	{"MAIL", "250 OK\r\n"}, {"RCPT", "250 OK\r\n"}, {".", "250 OK\r\n"}, {"", "235 OK\r\n"}}}

// login runs curl against a server at the peer. What curl gets for it is not the point: it may fail after the login.
func login(port uint16, serve func(net.Conn), url string, args ...string) func(context.Context, *Stage) error {
	return func(ctx context.Context, s *Stage) error {
		_, peer, err := s.join(ctx)
		if err != nil {
			return err
		}
		if err := s.listen(s.peer, netip.AddrPortFrom(peer, port), serve); err != nil {
			return err
		}
		argv := append([]string{"curl", "-sS", "-o", "/dev/null", "--max-time", "10"}, args...)
		return failed(s.try(ctx, append(argv, fmt.Sprintf(url, peer))...))
	}
}

// broker takes an MQTT client in (MQTT 3.1.1 section 3.2) and hears it out.
func broker(c net.Conn) {
	if _, err := c.Read(make([]byte, 512)); err != nil {
		return
	}
	if _, err := c.Write([]byte{0x20, 2, 0, 0}); err != nil {
		return
	}
	_, _ = io.Copy(io.Discard, c) // until it goes
}

func loginHTTP(ctx context.Context, s *Stage) error {
	_, peer, err := s.join(ctx)
	if err != nil {
		return err
	}
	err = s.site(s.peer, netip.AddrPortFrom(peer, 80), nil, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "IPCam-Webs/2.0")
		if _, _, ok := r.BasicAuth(); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="ipcam-9"`)
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	if err != nil {
		return err
	}
	for _, args := range [][]string{{}, {"-u", both}} {
		argv := append([]string{"curl", "-sS", "-o", "/dev/null"}, args...)
		if err := s.try(ctx, append(argv, "http://"+peer.String()+"/")...); err != nil {
			return err
		}
	}
	return nil
}

// loginTelnet types when the server has asked, as a person does.
func loginTelnet(ctx context.Context, s *Stage) error {
	_, peer, err := s.join(ctx)
	if err != nil {
		return err
	}
	server := func(c net.Conn) {
		for _, ask := range []string{"\xff\xfb\x01\xff\xfb\x03\r\nrecorder login: ", "Password: ", "\r\nBusyBox v1.19.4\r\n# "} {
			if _, err := io.WriteString(c, ask); err != nil {
				return
			}
			if !typedLine(c) {
				return
			}
		}
	}
	if err := s.listen(s.peer, netip.AddrPortFrom(peer, 23), server); err != nil {
		return err
	}
	at, err := s.house.Space(s.client.Name)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "busybox", "telnet", peer.String(), "23")
	keys, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := at.Start(cmd); err != nil {
		return err
	}
	for _, turn := range [][2]string{{"login: ", User}, {"Password: ", Secret}, {"# ", "exit"}} {
		if err = s.tap.seen(ctx, turn[0]); err != nil {
			break
		}
		if _, err = io.WriteString(keys, turn[1]+"\n"); err != nil {
			break
		}
	}
	_ = cmd.Wait() // the server hangs up
	return err
}

// typedLine reads until the client has typed a line; what it says of options (IAC, RFC 854) has no line's end.
func typedLine(c net.Conn) bool {
	b := make([]byte, 1)
	for {
		if _, err := c.Read(b); err != nil {
			return false
		}
		if b[0] == '\n' || b[0] == '\r' {
			return true
		}
	}
}

// weak lets openssl speak what Debian's defaults forbid.
const weak = "DEFAULT@SECLEVEL=0"

func oldServer(ctx context.Context, s *Stage) error {
	_, peer, err := s.join(ctx)
	if err != nil {
		return err
	}
	conf := &tls.Config{GetCertificate: s.house.Internet.CA.Certificate, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10} //nolint:gosec // that is the point
	err = s.site(s.peer, netip.AddrPortFrom(peer, 443), conf, func(http.ResponseWriter, *http.Request) {})
	if err != nil {
		return err
	}
	return s.try(ctx, "sh", "-c", `exec openssl s_client -CAfile "$1" -min_protocol TLSv1 -cipher "$3" -connect "$2:443" </dev/null >/dev/null`,
		"sh", lab.CAFile, peer.String(), weak)
}

// oldClient is refused by the server; its hello is what counts.
func oldClient(ctx context.Context, s *Stage) error {
	if _, err := s.settle(ctx, s.client); err != nil {
		return err
	}
	return failed(s.try(ctx, "sh", "-c", `exec openssl s_client -4 -tls1_1 -cipher "$2" -connect "$1:443" -servername "$1" </dev/null >/dev/null`,
		"sh", plan.Updates, weak))
}

// failed takes a program's own failure as a result: what it did before is what counts.
func failed(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return nil
	}
	return err
}
