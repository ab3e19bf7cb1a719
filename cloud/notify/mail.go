package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"os"
	"strings"
	"time"

	"cardea/cloud/notify/words"
	"cardea/internal/platform/hook"
)

// SMTP is where e-mail is handed in.
type SMTP struct {
	Server       string // host:port; "" sends none
	From         string // address, or Name <address>
	User         string // "" signs in to nothing
	PasswordFile string
	NeedTLS      bool        // refuse a server that offers no STARTTLS
	TLS          *tls.Config // nil: the machine's own roots
}

const (
	mailDial = 10 * time.Second
	mailTime = 30 * time.Second // after that, for all of the conversation
)

// compose writes a message as RFC 5322 has it, from our address and in a provider's name. Nothing in it can add a header: what is not ASCII text is encoded, and
// addresses are parsed and written anew. An id without a domain gets ours; thread is what it belongs to, "" nothing.
func compose(from, as, to, subject, id, thread, body string, now time.Time) (sender, receiver string, data []byte, err error) {
	f, err := mail.ParseAddress(from)
	if err != nil {
		return "", "", nil, hook.Permanent{Err: fmt.Errorf("sender's address: %w", err)}
	}
	f.Name = cmp.Or(words.Line(as, 60), f.Name)
	t, err := mail.ParseAddress(to)
	if err != nil || strings.ContainsAny(t.Address, "\r\n") {
		return "", "", nil, hook.Permanent{Err: errors.New("the e-mail address cannot be used")}
	}
	if !strings.Contains(id, "@") {
		id += f.Address[strings.LastIndexByte(f.Address, '@'):]
	}
	if thread != "" {
		thread = "<" + thread + ">"
	}
	var b bytes.Buffer
	for _, h := range [][2]string{
		{"From", f.String()}, {"To", (&mail.Address{Address: t.Address}).String()}, {"Subject", mime.QEncoding.Encode("utf-8", words.Line(subject, 150))},
		{"Date", now.UTC().Format(time.RFC1123Z)}, {"Message-ID", "<" + id + ">"}, {"References", thread}, {"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"}, {"Content-Type", "text/plain; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"},
	} {
		if h[1] != "" {
			b.WriteString(h[0] + ": " + h[1] + "\r\n")
		}
	}
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	if _, err = q.Write([]byte(strings.ReplaceAll(body, "\n", "\r\n"))); err == nil {
		err = q.Close()
	}
	return f.Address, t.Address, b.Bytes(), err
}

func (s SMTP) send(ctx context.Context, as, to, subject, id, thread, body string, now time.Time) error {
	from, to, data, err := compose(s.From, as, to, subject, id, thread, body, now)
	if err != nil {
		return err
	}
	conn, err := (&net.Dialer{Timeout: mailDial}).DialContext(ctx, "tcp", s.Server)
	if err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(mailTime)); err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	host, _, err := net.SplitHostPort(s.Server)
	if err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	if err := s.hand(c, host, from, to, data); err != nil {
		return fmt.Errorf("e-mail: %w", err)
	}
	return nil
}

// hand is the conversation, RFC 5321.
func (s SMTP) hand(c *smtp.Client, host, from, to string, data []byte) error {
	if ok, _ := c.Extension("STARTTLS"); ok {
		conf := s.TLS.Clone()
		if conf == nil {
			conf = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		if conf.ServerName == "" {
			conf.ServerName = host
		}
		if err := c.StartTLS(conf); err != nil {
			return err
		}
	} else if s.NeedTLS {
		return errors.New("the mail server offers no STARTTLS")
	}
	if s.User != "" {
		b, err := os.ReadFile(s.PasswordFile)
		if err != nil {
			return err
		}
		if err := c.Auth(smtp.PlainAuth("", s.User, strings.TrimRight(string(b), "\r\n"), host)); err != nil {
			return err
		}
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return refused(err)
	}
	w, err := c.Data()
	if err != nil {
		return refused(err)
	}
	if _, err := w.Write(data); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return refused(err)
	}
	_ = c.Quit() // it is sent: what the server says now changes nothing
	return nil
}

// refused makes a server's lasting refusal (5xx) of this very message permanent. That it refuses us, as with a password
// that has changed, may heal within the day.
func refused(err error) error {
	var t *textproto.Error
	if errors.As(err, &t) && t.Code >= 500 {
		return hook.Permanent{Err: err}
	}
	return err
}

// Letter hands in one e-mail that is no notification: an invitation, a way back in. id makes its Message-ID: the same one again is the
// same letter. as is in whose name.
func (s SMTP) Letter(ctx context.Context, as, to, subject, id, body string) error {
	return s.send(ctx, as, to, subject, id, "", body, time.Now())
}
