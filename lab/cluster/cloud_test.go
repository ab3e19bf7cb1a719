package cluster

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"strconv"
	"sync"
	"testing"
	"time"

	"cardea/cloud/account"
	"cardea/cloud/account/pki"
	"cardea/cloud/rooms"
	"cardea/gateway/uplink"
	"cardea/home"
	"cardea/lab/fleet"
	"cardea/wire"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// customers are homes of one tenant, made beside the running cloud as cardea admin does, with one resident who lives in some.
type customers struct {
	t        *testing.T
	rooms    *rooms.Rooms
	homes    []home.Place // without gateways
	resident account.Person

	mu      sync.Mutex
	highest map[home.Place]uint64 // sequence that is stored, as it was looked at last
}

// move makes n homes; the resident lives in the first few.
func move(t *testing.T, rooms *rooms.Rooms, n, few int) *customers {
	t.Helper()
	c := &customers{t: t, rooms: rooms, highest: map[home.Place]uint64{}}
	tenant, err := rooms.Accounts.CreateTenant(t.Context(), "example", "Example Net")
	if err != nil {
		t.Fatal(err)
	}
	if err := rooms.Accounts.SaveSharing(t.Context(), tenant.ID, account.Sharing{Share: true, Helping: account.HelpingOn}, "admin"); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for i := range n {
		h, err := rooms.Accounts.CreateHome(t.Context(), tenant.ID, "Home", strconv.Itoa(i))
		if err != nil {
			t.Fatal(err)
		}
		c.homes, ids = append(c.homes, h.Place()), append(ids, h.ID)
	}
	if c.resident, err = rooms.Accounts.AddResident(t.Context(), tenant.ID, ids[:few], "resident@example.net", "Resident", uuid.NewString()); err != nil {
		t.Fatal(err)
	}
	return c
}

// issue enrols a home's gateway.
func (c *customers) issue(ctx context.Context, n int) (id uplink.Identity, err error) {
	code, _, err := c.rooms.Accounts.CreateClaim(ctx, c.homes[n], "admin", false)
	if err != nil {
		return id, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return id, err
	}
	m := &pb.Enrolment{Protocol: wire.Protocol, Version: "test"}
	if m.Csr, err = x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key); err != nil {
		return id, err
	}
	if m.Claim, err = wire.ClaimID(code); err != nil {
		return id, err
	}
	mac, err := wire.ClaimKey(code)
	if err != nil {
		return id, err
	}
	wire.SignEnrolment(m, mac)
	r, err := c.rooms.Accounts.Enrol(ctx, m)
	if err != nil {
		return id, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return uplink.Identity{Place: wire.PlaceOf(r), Chain: r.GetChain(), Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}),
		Roots: r.GetRoots(), Servers: r.GetServers(), Name: r.GetName(), Until: time.Now().Add(pki.ClientLife)}, err
}

func (c *customers) stored(ctx context.Context, p home.Place, epoch uint64) (fleet.Stored, error) {
	highest, items, err := c.rooms.Stored(ctx, p, epoch)
	c.mu.Lock()
	c.highest[p.OfHome()] = highest
	c.mu.Unlock()
	return fleet.Stored{Highest: highest, Items: items}, err
}

// app is the resident's, signed in.
type app struct {
	base string
	http *http.Client
}

func (c *customers) signIn(base string) *app {
	c.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		c.t.Fatal(err)
	}
	a := &app{base: base, http: &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	token, err := c.rooms.Accounts.SignInLink(c.t.Context(), account.Resident, c.resident.Tenant, c.resident.ID, time.Minute)
	if err != nil {
		c.t.Fatal(err)
	}
	if status, err := a.call(c.t.Context(), http.MethodPost, "/v1/sessions", "", map[string]string{"token": token}, nil); err != nil || status != http.StatusCreated {
		c.t.Fatal(status, err)
	}
	return a
}

// call sends in as JSON, unless nil, and reads the answer into out, unless nil.
func (a *app) call(ctx context.Context, method, path, key string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if key != "" {
		req.Header.Set("Idempotency-Key", key)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return 0, err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return resp.StatusCode, fmt.Errorf("%s %s: %s: %.300s", method, path, resp.Status, b)
	}
	if out != nil {
		err = json.Unmarshal(b, out)
	}
	return resp.StatusCode, err
}

// asked is an order that the API took.
type asked struct {
	ID     string `json:"id"`
	Status string `json:"status"`
	place  home.Place
}

// ask blocks a name and tries again with the same key until the API has answered: 202, or that it cannot be.
func (a *app) ask(ctx context.Context, p home.Place, endpoint string) (o asked, err error) {
	key := uuid.NewString()
	for {
		status, err := a.call(ctx, http.MethodPost, "/v1/homes/"+p.Home+"/orders", key, map[string]string{"verb": "block", "endpoint": endpoint}, &o)
		switch {
		case err == nil && status == http.StatusAccepted:
			o.place = p
			return o, nil
		case ctx.Err() != nil:
			return o, errors.Join(err, ctx.Err())
		case status != 0 && status < http.StatusInternalServerError && status != http.StatusTooManyRequests:
			return o, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}
