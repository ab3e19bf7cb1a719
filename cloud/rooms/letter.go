package rooms

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"cardea/cloud/account"
	"cardea/cloud/notify"
	"cardea/cloud/notify/words"
)

// letters hands in the letters of accounts where notifications are handed in, too.
type letters struct {
	smtp notify.SMTP
	who  func(ctx context.Context, tenant string) (words.Provider, string, error)
	in   func(ctx context.Context, tenant, person string) (language string, err error)
}

// questions say whom to call, by language.
var questions = map[string]string{"en": "Questions? Call %s at %s.", "de": "Fragen? Rufen Sie %s an: %s."}

// Send hands in one letter. A letter that is sent again has the same id, which is made of its link and tells nothing of it.
func (m letters) Send(ctx context.Context, l account.Letter) error {
	sum := sha256.Sum256([]byte(l.Kind + "\n" + l.To + "\n" + l.Link))
	p, _, err := m.who(ctx, l.Tenant)
	if err != nil {
		return fmt.Errorf("letter: %w", err)
	}
	language, err := m.in(ctx, l.Tenant, l.Speaker)
	if err != nil {
		return fmt.Errorf("letter: %w", err)
	}
	subject, text := l.In(language)
	if p.Phone != "" {
		ask, ok := questions[language]
		if !ok {
			ask = questions["en"]
		}
		text += "\n" + fmt.Sprintf(ask, words.Line(p.Name, 60), words.Line(p.Phone, 41)) + "\n"
	}
	if err := m.smtp.Letter(ctx, p.Name, l.To, subject, hex.EncodeToString(sum[:12]), text); err != nil {
		return fmt.Errorf("letter: %w", err)
	}
	return nil
}

// smtpOf is where e-mail is handed in.
func smtpOf(c SMTP) notify.SMTP {
	return notify.SMTP{Server: c.Server, From: c.From, User: c.User, PasswordFile: c.PasswordFile, NeedTLS: c.NeedTLS}
}

// mailOf is nil without a server: then invitations and ways back in go by QR code and recovery code only.
func mailOf(c SMTP, who func(ctx context.Context, tenant string) (words.Provider, string, error), in func(ctx context.Context, tenant, person string) (string, error)) account.Mail {
	if c.Server == "" {
		return nil
	}
	return letters{smtpOf(c), who, in}
}
