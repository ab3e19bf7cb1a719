package rooms

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"

	"cardea/cloud/account"
	"cardea/cloud/notify/words"
)

// A letter reaches the mail server with its link; the link is in no header.
func TestLettersAreHandedIn(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	got := make(chan string, 1) // the message, by the server's goroutine
	talk := func(c net.Conn) {
		defer c.Close()
		in, data := bufio.NewReader(c), false
		var all strings.Builder
		say := func(s string) { _, _ = c.Write([]byte(s + "\r\n")) }
		for say("220 mail.example"); ; {
			line, err := in.ReadString('\n')
			switch {
			case err != nil:
				return
			case data && line == ".\r\n":
				data = false
				got <- all.String()
				say("250 taken")
			case data:
				all.WriteString(line)
			case strings.HasPrefix(line, "DATA"):
				data = true
				say("354 go on")
			case strings.HasPrefix(line, "QUIT"):
				say("221 bye")
				return
			default:
				say("250 mail.example")
			}
		}
	}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			talk(c)
		}
	}()
	m := mailOf(SMTP{Server: l.Addr().String(), From: "Example <help@example.com>"}, func(context.Context, string) (words.Provider, string, error) {
		return words.Provider{Name: "North Net", Phone: "+49 30 123"}, "", nil
	}, func(_ context.Context, _, person string) (string, error) {
		return map[string]string{"anna": "", "bert": "de"}[person], nil
	})
	link := "http://localhost/recover#secret-of-anna"
	for speaker, want := range map[string][]string{
		"anna": {"within an hour", "Call North Net at +49 30 123."}, "bert": {"innerhalb einer Stunde", "Rufen Sie North Net an: +49 30 123."},
	} {
		if err := m.Send(context.Background(), account.Letter{To: "anna@example.com", Kind: "recovery", Speaker: speaker, Link: link, Provider: "North Net"}); err != nil {
			t.Fatal(err)
		}
		head, body, ok := strings.Cut(<-got, "\r\n\r\n")
		body = strings.ReplaceAll(strings.ReplaceAll(body, "=\r\n", ""), "=20", " ")
		if !ok || strings.Contains(head, "secret-of-anna") || !strings.Contains(body, "secret-of-anna") || !strings.Contains(head, "anna@example.com") ||
			!strings.Contains(head, `"North Net" <help@example.com>`) || !strings.Contains(body, want[0]) || !strings.Contains(body, want[1]) {
			t.Errorf("%s: %s\n\n%s", speaker, head, body)
		}
	}
	if mailOf(SMTP{}, nil, nil) != nil {
		t.Error("without a server there is a mail")
	}
}
