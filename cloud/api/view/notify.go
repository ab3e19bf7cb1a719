package view

import "time"

// Notifications are how a person is told.
type Notifications struct {
	Version  int64     `json:"version"`
	Email    bool      `json:"email" doc:"Anything by e-mail"`
	Push     bool      `json:"push" doc:"Anything by push"`
	Language string    `json:"language" doc:"Of messages: en or de; empty is the provider's"`
	Quiet    *Quiet    `json:"quiet" doc:"When only what is critical is told, in the home's time"`
	Channels []Channel `json:"channels"`
	Phone    *Phone    `json:"phone" doc:"For text messages; null when there is none"`
}

// Channel is what a person wants by one way.
type Channel struct {
	Way       string `json:"way" enum:"email,sms,push,webhook"`
	Available bool   `json:"available" doc:"It leads to this person now"`
	Critical  bool   `json:"critical"`
	Important bool   `json:"important"`
	Info      bool   `json:"info"`
	Report    bool   `json:"report"`
}

// Quiet is a time of day; it may pass midnight.
type Quiet struct {
	From string `json:"from" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$"`
	To   string `json:"to" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$"`
}

// Phone is a number for text messages, masked.
type Phone struct {
	Number   string `json:"number"`
	Verified bool   `json:"verified"`
}

// NotificationsPatch changes some of it. At least one way stays for what is critical. An empty one keeps what holds: who does not want to choose was asked.
type NotificationsPatch struct {
	Email    *bool          `json:"email,omitempty" doc:"Everything by e-mail, or nothing"`
	Push     *bool          `json:"push,omitempty" doc:"Everything by push, or nothing"`
	Language *string        `json:"language,omitempty" enum:",en,de"`
	Quiet    *Quiet         `json:"quiet,omitempty"`
	NoQuiet  bool           `json:"no_quiet,omitempty" doc:"No quiet hours any more"`
	Channels []ChannelPatch `json:"channels,omitempty" maxItems:"4"`
}

// ChannelPatch changes one way.
type ChannelPatch struct {
	Way       string `json:"way" enum:"email,sms,push,webhook"`
	Critical  *bool  `json:"critical,omitempty"`
	Important *bool  `json:"important,omitempty"`
	Info      *bool  `json:"info,omitempty"`
	Report    *bool  `json:"report,omitempty"`
}

// NewPhone asks for a code to be sent to a number.
type NewPhone struct {
	Number string `json:"number" minLength:"6" maxLength:"40" doc:"With its country, as +49 30 123456"`
}

// PhoneCode is the code that was sent.
type PhoneCode struct {
	Code string `json:"code" pattern:"^[0-9]{6}$"`
}

// NewTest asks for a message that says that it is a test.
type NewTest struct {
	Ways []string `json:"ways,omitempty" maxItems:"4" enum:"email,sms,push,webhook" doc:"All that lead to this person when left out"`
}

// Delivery is what became of a message to this person by one way.
type Delivery struct {
	ID     string     `json:"id"`
	Home   string     `json:"home"`
	Way    string     `json:"way" enum:"email,sms,push,webhook"`
	Kind   string     `json:"kind" doc:"infected, again, odd, handled, clean, settled, stopped, new, port, report or test"`
	Level  string     `json:"level" enum:"update,info,important,critical"`
	Status string     `json:"status" enum:"waiting,sent,replaced,dropped,failed"`
	Why    string     `json:"why" doc:"unreachable, refused, given-up, gone or quiet-hours; empty when there is nothing to say"`
	Check  string     `json:"check" doc:"The code in the message by which it is known to be genuine"`
	Tries  int64      `json:"tries"`
	Made   time.Time  `json:"made"`
	Sent   *time.Time `json:"sent"`
	Next   *time.Time `json:"next" doc:"The next try"`
}

// Genuine says of a check code whether a message with it was sent. It tells nothing of whom it was sent to.
type Genuine struct {
	Genuine  bool       `json:"genuine"`
	Provider string     `json:"provider" doc:"Who sent it"`
	Way      string     `json:"way"`
	Kind     string     `json:"kind"`
	At       *time.Time `json:"at" doc:"When: a message that came at another time was copied"`
	Checked  int64      `json:"checked" doc:"How often the code was looked up before: one that many look up was copied"`
}

// Help is the public page: what the provider does, what only people themselves can do. Each language is whole.
type Help struct {
	Provider  string              `json:"provider"`
	Phone     string              `json:"phone"`
	Languages map[string]HelpText `json:"languages"`
}

// HelpText is the page in one language.
type HelpText struct {
	Title    string        `json:"title"`
	Sections []HelpSection `json:"sections"`
}

// HelpSection is one part of it. Texts are plain.
type HelpSection struct {
	ID         string     `json:"id"`
	Title      string     `json:"title"`
	Paragraphs []string   `json:"paragraphs"`
	Steps      []string   `json:"steps"`
	Links      []HelpLink `json:"links"`
}

// HelpLink leads to somebody else.
type HelpLink struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}
