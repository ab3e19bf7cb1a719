package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"cardea/client"
	"cardea/client/api"
	"cardea/cloud"
	"cardea/cloud/account"
	"cardea/cloud/rooms"
	"cardea/cloud/staff/rights"
	"cardea/internal/freeport"
	"cardea/wire/pb"

	"github.com/google/uuid"
)

// world is a real cloud with a provider that has cases in five homes, a token of its system and a session of its staff.
type world struct{ url, token, session string }

func newWorld(t *testing.T) world {
	t.Helper()
	dir, web := t.TempDir(), freeport.Must(t)
	ctx, stop := context.WithCancel(context.Background())
	s, err := cloud.New(ctx, cloud.Config{Data: dir, DB: "sqlite:" + filepath.Join(dir, "cardea.db"), HTTP: []string{web}, Public: "http://" + web,
		Listen: freeport.Must(t), Connections: 10, StreamBytes: 16 << 20}, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1) // owner: this test; room for the one end
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if r, err := http.Get("http://" + web + "/readyz"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				break
			}
		}
		if time.Now().After(end) {
			t.Fatal("the cloud is not ready")
		}
	}
	return fill(t, s.Rooms(), "http://"+web)
}

func fill(t *testing.T, r *rooms.Rooms, url string) world {
	t.Helper()
	ctx := t.Context()
	tenant, err := r.Accounts.CreateTenant(ctx, "client-net", "Client Net")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	var homes []rooms.SeedHome
	for i := range 5 {
		device := uuid.NewString()
		homes = append(homes, rooms.SeedHome{SeedHome: account.SeedHome{ID: uuid.NewString(), Name: fmt.Sprintf("Home %d", i), Account: fmt.Sprintf("B-%d", i), Created: now},
			Told: []rooms.SeedItem{
				{At: now, Item: &pb.Item{Time: now.UnixMilli(), Body: &pb.Item_Devices{Devices: &pb.Devices{Whole: true, Devices: []*pb.Device{{Id: device, Name: "Camera", First: now.UnixMilli(), Last: now.UnixMilli(), Mode: "quarantine"}}}}}},
				{At: now, Item: &pb.Item{Time: now.UnixMilli(), Body: &pb.Item_Incident{Incident: &pb.Incident{Id: uuid.NewString(), Code: fmt.Sprintf("K7Q%c", 'A'+i), Device: device,
					State: "contained", Mode: "quarantine", Grade: "port", Opened: now.UnixMilli() + int64(i), Changed: now.UnixMilli()}}}}}})
	}
	if err := r.Seed(ctx, tenant.ID, homes); err != nil {
		t.Fatal(err)
	}
	who, err := r.Accounts.AddStaff(ctx, tenant.ID, "staff@example.org", "Staff", "a long enough password", rights.Admin)
	if err != nil {
		t.Fatal(err)
	}
	_, token, err := r.Staff.MakeToken(ctx, tenant.ID, "a system", []rights.Right{rights.HomeProvision, rights.FleetView}, time.Hour, who.ID)
	if err != nil {
		t.Fatal(err)
	}
	link, err := r.Accounts.SignInLink(ctx, account.Staff, tenant.ID, who.ID, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, session, err := r.Accounts.SignInBy(ctx, account.Staff, link)
	if err != nil {
		t.Fatal(err)
	}
	return world{url, token, session}
}

func made[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// A provider's system walks through the API: what it may, what it may not, page by page.
func TestAgainstARealCloud(t *testing.T) {
	w := newWorld(t)
	c := made(client.New(w.url, w.token))(t)
	t.Run("provisioning", func(t *testing.T) { provisions(t, c) })
	t.Run("incidents", func(t *testing.T) {
		one := int64(2)
		var codes []string
		for i, err := range client.Pages(func(cursor *string) ([]api.BoardIncident, *string, error) {
			r, err := c.GetStaffIncidentsWithResponse(t.Context(), &api.GetStaffIncidentsParams{Cursor: cursor, Limit: &one})
			if err != nil {
				return nil, nil, err
			}
			return r.JSON200.Items, r.JSON200.Next, nil
		}) {
			if err != nil {
				t.Fatal(err)
			}
			codes = append(codes, i.Code)
		}
		if slices.Sort(codes); !slices.Equal(codes, []string{"K7QA", "K7QB", "K7QC", "K7QD", "K7QE"}) {
			t.Errorf("%v", codes)
		}
	})
	t.Run("problems", func(t *testing.T) {
		if _, err := c.GetStaffTablesFindWithResponse(t.Context(), &api.GetStaffTablesFindParams{Q: "B-1"}); !client.Is(err, "right-required") {
			t.Errorf("a token searches for homes: %v", err)
		}
		if _, err := made(client.New(w.url, "cardea_nonsense"))(t).GetStaffSessionWithResponse(t.Context()); !client.Is(err, "session-required") {
			t.Error(err)
		}
		if _, err := c.PutStaffProvisioningHomesAccountWithResponse(t.Context(), "A-1", api.Subscriber{}); !client.Is(err, "invalid") {
			t.Error(err)
		}
	})
	t.Run("search", func(t *testing.T) {
		staff := made(client.New(w.url, "", api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
			r.AddCookie(&http.Cookie{Name: "cardea_staff", Value: w.session})
			return nil
		})))(t)
		found := made(staff.GetStaffTablesFindWithResponse(t.Context(), &api.GetStaffTablesFindParams{Q: "B-3"}))(t).JSON200
		if len(found.Items) != 1 || found.Items[0].Home.Name != "Home 3" {
			t.Errorf("%+v", found)
		}
	})
}

func provisions(t *testing.T, c *client.Client) {
	ctx, number := t.Context(), "A 17/4"
	if _, err := c.GetStaffProvisioningHomesAccountWithResponse(ctx, number); !client.Is(err, "not-found") {
		t.Fatal(err)
	}
	home := made(c.PutStaffProvisioningHomesAccountWithResponse(ctx, number, api.Subscriber{Name: "Mill Lane 4"}))(t).JSON201
	again := made(c.PutStaffProvisioningHomesAccountWithResponse(ctx, number, api.Subscriber{Name: "Mill Lane 5"}))(t).JSON200
	if home == nil || again == nil || home.Home != again.Home || again.Name != "Mill Lane 5" || home.Account != number {
		t.Fatalf("%+v, %+v", home, again)
	}
	yes, why := true, "swapped"
	claim := made(c.PostStaffProvisioningHomesAccountGatewayWithResponse(ctx, number, api.NewGateway{Revoke: &yes, Why: &why}))(t).JSON201
	if claim.Code == "" || claim.Revoked != "" || !claim.Expires.After(time.Now()) {
		t.Errorf("%+v", claim)
	}
	left := made(c.DeleteStaffProvisioningHomesAccountWithResponse(ctx, number))(t).JSON200
	if left.Home != home.Home || len(left.Ended) == 0 || len(left.Stays) == 0 {
		t.Errorf("%+v", left)
	}
	if _, err := c.DeleteStaffProvisioningHomesAccountWithResponse(ctx, number); !client.Is(err, "not-found") {
		t.Error(err)
	}
}

// The client for TypeScript goes the same way in Node, against the same cloud. web/client/walk.ts has it.
func TestTypeScriptAgainstARealCloud(t *testing.T) {
	w := newWorld(t)
	cmd := exec.CommandContext(t.Context(), "node", "node_modules/vitest/vitest.mjs", "run", "--config", "vitest.walk.ts", "--reporter", "json")
	cmd.Dir = filepath.Join("..", "web")
	cmd.Env = append(os.Environ(), "CARDEA_URL="+w.url, "CARDEA_TOKEN="+w.token, "CARDEA_SESSION="+w.session, "NO_COLOR=1")
	out, err := cmd.Output()
	var told struct{ NumPassedTests, NumFailedTests, NumPendingTests int }
	if e := json.Unmarshal(out, &told); err != nil || e != nil || told.NumPassedTests < 4 || told.NumFailedTests+told.NumPendingTests > 0 {
		t.Errorf("%v, %v, %+v\n%s", err, e, told, out)
	}
}
