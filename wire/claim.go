package wire

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"cardea/home"
	"cardea/wire/pb"

	"google.golang.org/protobuf/proto"
)

// claimText is Crockford's base 32: no I, L, O, U, so that it can be read out on the phone.
var claimText = base32.NewEncoding("0123456789ABCDEFGHJKMNPQRSTVWXYZ").WithPadding(base32.NoPadding)

const claimBytes = 16

// ErrClaim is returned for what cannot be a claim code.
var ErrClaim = errors.New("that is not a claim code: want 26 letters and digits, as 01AR-Z3ND-…")

// NewClaim makes a claim code of 128 bits: 26 characters in groups of four. It is a secret.
func NewClaim() string {
	var b [claimBytes]byte
	rand.Read(b[:]) // never fails (Go 1.24)
	s := claimText.EncodeToString(b[:])
	var out strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			out.WriteByte('-')
		}
		out.WriteString(s[i:min(i+4, len(s))])
	}
	return out.String()
}

func parseClaim(code string) ([]byte, error) {
	s := strings.NewReplacer("-", "", " ", "", "I", "1", "L", "1", "O", "0").Replace(strings.ToUpper(strings.TrimSpace(code)))
	b, err := claimText.DecodeString(s)
	if err != nil || len(b) != claimBytes {
		return nil, ErrClaim
	}
	return b, nil
}

// ClaimID is what a claim is looked up by, 16 bytes; it tells nothing about the code.
func ClaimID(code string) ([]byte, error) { return derive(code, "cardea claim id", 16) }

// ClaimKey is the key that authenticates both sides of an enrolment to each other, 32 bytes.
func ClaimKey(code string) ([]byte, error) { return derive(code, "cardea claim key", 32) }

// derive is HKDF-SHA-256 (RFC 5869) without salt: the code is 128 random bits.
func derive(code, what string, n int) ([]byte, error) {
	b, err := parseClaim(code)
	if err != nil {
		return nil, err
	}
	return hkdf.Key(sha256.New, b, nil, what, n)
}

// SignEnrolment sets the message's MAC.
func SignEnrolment(m *pb.Enrolment, key []byte) { m.Mac = sum(key, m.GetCsr()) }

// CheckEnrolment says whether whoever sent the message knows the code.
func CheckEnrolment(m *pb.Enrolment, key []byte) bool {
	return hmac.Equal(m.GetMac(), sum(key, m.GetCsr()))
}

// SignEnrolled sets the answer's MAC.
func SignEnrolled(m *pb.Enrolled, key []byte) error {
	b, err := enrolledBytes(m)
	if err == nil {
		m.Mac = sum(key, b)
	}
	return err
}

// CheckEnrolled says whether the answer is from somebody who knows the code: only then its roots may be trusted. b is the
// answer as it came; what a newer cloud added is covered too.
func CheckEnrolled(m *pb.Enrolled, key []byte) bool {
	b, err := enrolledBytes(m)
	return err == nil && hmac.Equal(m.GetMac(), sum(key, b))
}

func enrolledBytes(m *pb.Enrolled) ([]byte, error) {
	c := proto.CloneOf(m)
	c.Mac = nil
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("enrolment: %w", err)
	}
	return b, nil
}

func sum(key, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)
}

// ClaimURI is the code as a QR code carries it.
func ClaimURI(cloud, code string) string { return "cardea:enroll?cloud=" + cloud + "&code=" + code }

// PlaceOf is who the answer says the gateway is.
func PlaceOf(m *pb.Enrolled) home.Place {
	return home.Place{Tenant: m.GetTenant(), Home: m.GetHome(), Gateway: m.GetGateway()}
}
