package cloud_test

import (
	"maps"
	"strings"
)

func init() {
	maps.Copy(bodies, map[string]string{
		"PATCH /members/{member}": `{"role":"owner"}`, "POST /invitations": `{"role":"viewer"}`,
		"POST /v1/invitations/join": `{"token":"no invitation"}`, "POST /v1/invitations/look": `{"token":"no invitation"}`,
		"POST /v1/invitations/challenge": `{"token":"no invitation","name":"N"}`, "POST /v1/invitations/accept": `{"token":"no invitation","name":"N","password":"a long enough password"}`,
		"POST /v1/labels/look": `{"code":"no label"}`, "POST /v1/labels/challenge": `{"code":"no label","email":"n@example.org","name":"N"}`,
		"POST /v1/labels/claim": `{"code":"no label","email":"n@example.org","name":"N","password":"a long enough password"}`,
		"POST /v1/recovery":     `{"email":"nobody@example.org"}`, "POST /v1/recovery/link": `{"token":"no link","password":"a long enough password"}`,
		"POST /v1/recovery/code":   `{"email":"nobody@example.org","code":"0-AAAA","password":"a long enough password"}`,
		"POST /v1/sign-in/passkey": `{"challenge":"none","credential":{"id":"none"}}`,
		"PUT /v1/account/password": `{"current":"x","password":"short"}`, "POST /v1/account/recovery-codes": `{}`, "POST /v1/account/passkeys/challenge": `{}`,
		"POST /v1/account/passkeys": `{"challenge":"none","name":"N","credential":{"id":"none"}}`,
	})
	places = append(places, "{member}", "{invitation}", "{session}", "{passkey}")
	maps.Copy(queries, map[string]string{"state": "all", "error": "", "iss": ""})
}

// someone fills the parts of paths that are about a home's people; what only they themselves have is another home's as a whole.
func (h *house) someone() []string {
	return []string{"{member}", h.resident.id, "{invitation}", h.incident, "{session}", h.incident, "{passkey}", h.incident}
}

// isWay says whether an operation is one of the residents' ways in, which are for who is nobody yet.
func (o operation) isWay() bool {
	for _, way := range []string{"/v1/sign-in", "/v1/staff/sign-in", "/v1/recovery", "/v1/invitations/", "/v1/labels/"} {
		if strings.HasPrefix(o.path, way) && o.path != "/v1/invitations/join" {
			return true
		}
	}
	return false
}

// cameIn says whether an answer has a session for who asked.
func (o answer) cameIn() bool {
	for _, c := range o.header.Values("Set-Cookie") {
		if strings.HasPrefix(c, "cardea_resident=") && !strings.HasPrefix(c, "cardea_resident=;") || strings.HasPrefix(c, "cardea_staff=") && !strings.HasPrefix(c, "cardea_staff=;") {
			return true
		}
	}
	return false
}

// isDoor says whether an operation is a sign-in by password or link.
func (o operation) isDoor() bool {
	return o.method == "POST" && (o.path == "/v1/sessions" || o.path == "/v1/staff/sessions")
}
