// Package enroll makes a gateway known to a cloud, once: it proves that it knows the claim code that a person typed in, has its
// key signed, and saves who it is. It may import home, wire and gateway/uplink. The claim code is in no log, no error and no
// file; both sides prove by it that they are the right ones, whatever carries the messages.
package enroll

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/renameio/v2"
	"google.golang.org/protobuf/proto"
)

// What can go wrong, in words for whoever typed the code.
var (
	ErrCode        = errors.New("the cloud refuses this claim code: it was mistyped, was used already or is older than 15 minutes")
	ErrUsed        = errors.New("this claim code was used already: ask for a new one")
	ErrExpired     = errors.New("this claim code is too old: ask for a new one, it is good for 15 minutes")
	ErrUnreachable = errors.New("the cloud could not be reached")
	ErrNotTheCloud = errors.New("whoever answered does not know the claim code: this is not the cloud that made it")
)

// pendingFile keeps the key while the cloud has not agreed: with it, asking again is the same enrolment and no second one.
const pendingFile = "pending.pem"

// askAgain is how long a gateway that waits for a resident waits between two questions.
const askAgain = 5 * time.Second

// client is how Enroll asks.
type client struct {
	http  *http.Client
	url   string
	again time.Duration
}

// Enroll asks a cloud to take this gateway in and saves the identity in dir. When a resident has to agree first it asks again
// until ctx ends. Being called again after a failure with the same code and dir it goes on with what it began.
func Enroll(ctx context.Context, cloud, code, version, dir string) (uplink.Identity, error) {
	u, err := endpoint(cloud)
	if err != nil {
		return uplink.Identity{}, fmt.Errorf("enrol: %w", err)
	}
	c := client{url: u, again: askAgain, http: newHTTP()}
	defer c.http.CloseIdleConnections()
	id, err := c.enroll(ctx, code, version, dir)
	if err != nil {
		return id, fmt.Errorf("enrol: %w", err)
	}
	return id, nil
}

func endpoint(cloud string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(cloud))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("the cloud's address must be as https://cloud.example")
	}
	return u.JoinPath("v1", "enrolments").String(), nil
}

func (c client) enroll(ctx context.Context, code, version, dir string) (id uplink.Identity, err error) {
	key, err := wire.ClaimKey(code)
	if err != nil {
		return id, err
	}
	claim, err := wire.ClaimID(code)
	if err != nil {
		return id, err
	}
	own, csr, err := pending(dir, claim)
	if err != nil {
		return id, err
	}
	m := &pb.Enrolment{Protocol: wire.Protocol, Claim: claim, Csr: csr, Version: version}
	wire.SignEnrolment(m, key)
	body, err := proto.Marshal(m)
	if err != nil {
		return id, err
	}
	answer, err := c.untilActive(ctx, body, key)
	if err != nil {
		return id, err
	}
	id = uplink.Identity{
		Place: wire.PlaceOf(answer), Chain: answer.GetChain(), Key: own, Roots: answer.GetRoots(),
		Servers: answer.GetServers(), Name: answer.GetName(), BundleRoot: answer.GetBundleRoot(),
	}
	if err := id.Save(dir); err != nil {
		return uplink.Identity{}, fmt.Errorf("what the cloud answered cannot be used: %w", err)
	}
	return id, os.Remove(filepath.Join(dir, pendingFile))
}

// untilActive asks until the cloud says that the gateway is active. Once it has answered that a resident must agree, a cloud
// that cannot be reached for a while is no reason to give up.
func (c client) untilActive(ctx context.Context, body, key []byte) (*pb.Enrolled, error) {
	for waiting := false; ; {
		answer, err := c.ask(ctx, body)
		switch {
		case err != nil && (!waiting || !errors.Is(err, ErrUnreachable)):
			return nil, err
		case err == nil && !wire.CheckEnrolled(answer, key):
			return nil, ErrNotTheCloud
		case err == nil && answer.GetState() == "active":
			return answer, nil
		case err == nil && answer.GetState() != "waiting":
			return nil, fmt.Errorf("the cloud answered with a state that this program does not know: %q", clip(answer.GetState()))
		}
		waiting = true
		t := time.NewTimer(c.again)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, fmt.Errorf("a resident has not confirmed this gateway yet: %w", ctx.Err())
		case <-t.C:
		}
	}
}

// pending gives the key and the request of an enrolment that was begun with this claim, or begins one.
func pending(dir string, claim []byte) (key, csr []byte, err error) {
	path := filepath.Join(dir, pendingFile)
	if b, err := os.ReadFile(path); err == nil {
		if key, csr, ok := readPending(b, claim); ok {
			return key, csr, nil
		}
	}
	if key, csr, err = uplink.NewKey(home.Place{}); err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	if err := renameio.WriteFile(path, writePending(key, csr, claim), 0o600); err != nil {
		return nil, nil, fmt.Errorf("keep the key: %w", err)
	}
	return key, csr, nil
}

func clip(s string) string { return string(bytes.ToValidUTF8([]byte(s[:min(len(s), 200)]), nil)) }
