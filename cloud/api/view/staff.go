package view

import "time"

// FleetHome is a home in the list that staff see.
type FleetHome struct {
	ID          string     `json:"id"`
	Name        string     `json:"name"`
	Account     string     `json:"account"`
	State       string     `json:"state" enum:"fine,attention,working,offline,new"`
	Online      bool       `json:"online"`
	LastContact *time.Time `json:"last_contact"`
	Version     string     `json:"version"`
	Devices     int        `json:"devices"`
	Incidents   int        `json:"incidents"`
}

// BoardIncident is an incident of one of the tenant's homes. What devices are called is shown after a look only.
type BoardIncident struct {
	ID      string    `json:"id"`
	Code    string    `json:"code"`
	Home    Ref       `json:"home"`
	State   string    `json:"state" enum:"open,contained,cleaning,probation,closed"`
	Mode    string    `json:"mode"`
	Opened  time.Time `json:"opened"`
	Changed time.Time `json:"changed"`
}

// LookReason is why somebody of staff has to look at a home.
type LookReason struct {
	Reason string `json:"reason" minLength:"5" maxLength:"500"`
}

// Look says until when staff may look.
type Look struct {
	Until time.Time `json:"until"`
}

// AuditEntry is one line of the audit.
type AuditEntry struct {
	Time   time.Time `json:"time"`
	Who    string    `json:"who"`
	Role   string    `json:"role"`
	Act    string    `json:"act"`
	What   string    `json:"what"`
	Home   string    `json:"home"`
	Reason string    `json:"reason"`
}

// Overview is the tenant's fleet at one look.
type Overview struct {
	Homes     int       `json:"homes"`
	Online    int       `json:"online"`
	Incidents int       `json:"incidents"`
	Contained int       `json:"contained"`
	AsOf      time.Time `json:"as_of"`
}

// PushKey is the public key that subscriptions are made with (VAPID, RFC 8292), base64url.
type PushKey struct {
	Key string `json:"key"`
}

// Subscription is what a browser gives out for web push.
type Subscription struct {
	Endpoint string           `json:"endpoint" maxLength:"2048"`
	Keys     SubscriptionKeys `json:"keys"`
}

// SubscriptionKeys are base64url, as the browser has them.
type SubscriptionKeys struct {
	P256dh string `json:"p256dh" maxLength:"256"`
	Auth   string `json:"auth" maxLength:"64"`
}

// Unsubscription names the subscription that ends.
type Unsubscription struct {
	Endpoint string `json:"endpoint" maxLength:"2048"`
}
