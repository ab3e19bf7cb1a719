package cloud_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cardea/home"
	"cardea/lab/disk"
	"cardea/wire"
	"cardea/wire/pb"
)

// logged keeps what a cloud logs.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// needle is a name and its hash as the gateway tells it.
func needle(name string) disk.Needle { return disk.Name(name, ownEndpoint(name)) }

// traces says where a name is on the disk: in each cell of the database, in all files of the cloud (the database with its pages that are
// free, its log, the stream) and of the gateway's link, and in the log.
func (w *whole) traces(h *house, name string, log *logged) []string {
	w.t.Helper()
	found := disk.Found{name: w.rowsWith(name)}
	for _, dir := range []string{w.cfg.Data, h.dir} {
		if err := found.Folder(w.t.Context(), dir, needle(name)); err != nil {
			w.t.Fatal(err)
		}
	}
	found.Bytes("log", []byte(log.String()), needle(name))
	return found[name]
}

func (w *whole) rowsWith(name string) []string {
	w.t.Helper()
	found := disk.Found{}
	if err := found.Database(w.t.Context(), strings.TrimPrefix(w.cfg.DB, "sqlite:"), needle(name)); err != nil {
		w.t.Fatal(err)
	}
	return found[name]
}

// used is that a device used a name.
func used(device, name string) *pb.FirstTime {
	return called(device, &home.Endpoint{Name: name, Domain: name, Port: 443, Proto: "tcp", ASN: 64500})
}

func ownEndpoint(name string) uint64 { return used("", name).GetEndpoint() }

// talked is all that a gateway tells of a device which talked to a name.
func talked(h *house, device, name string, at time.Time) []*pb.Item {
	ms := at.UnixMilli()
	id, finding := newID(h.resident.w.t), newID(h.resident.w.t)
	items := []*pb.Item{
		{Body: &pb.Item_Devices{Devices: &pb.Devices{Devices: []*pb.Device{{Id: device, Name: "A device", First: ms, Last: ms, Mode: "off", Evidence: []string{"asks for " + name},
			Trial: &pb.Trial{Mode: "vendor-only", Stopped: []string{name}, Stops: 1}}}}}},
		{Body: &pb.Item_FirstTimes{FirstTimes: &pb.FirstTimes{Scheme: 1, FirstTimes: []*pb.FirstTime{used(device, name)}}}},
		{Body: &pb.Item_RollUp{RollUp: &pb.RollUp{Scheme: 1, Hours: []*pb.DeviceHour{{Device: device, Hour: at.Truncate(time.Hour).UnixMilli(), Up: 10,
			Usage: []*pb.Usage{{Endpoint: ownEndpoint(name), Flows: 1}}}}}}},
		{Body: &pb.Item_Stopped{Stopped: &pb.Stopped{Stops: []*pb.Stop{{Device: device, Endpoint: name, Class: "phishing", Reason: name + " is listed", Count: 1, First: ms, Last: ms,
			Card: []byte(`{"blocks":["` + name + `"]}`)}}}}},
		{Body: &pb.Item_Sightings{Sightings: &pb.Sightings{Scheme: 1, Devices: []*pb.Sighted{{Device: device, Week: wire.Week(at), Class: "camera", Tokens: tokensOf(name)}}}}},
		{Body: &pb.Item_Finding{Finding: &pb.Finding{Id: finding, Device: device, Incident: id, Detector: "beacon", Strength: "soft", Sentence: "It calls " + name,
			Facts: []byte(`{"name":"` + name + `"}`), Symptom: &pb.Symptom{Detector: "beacon", Names: []string{name}}}}},
		{Body: &pb.Item_Incident{Incident: &pb.Incident{Id: id, Code: code, Device: device, State: "closed", Outcome: "accepted", Mode: "off", Opened: ms, Changed: ms,
			Symptom: &pb.Symptom{Detector: "beacon", Names: []string{name}}, Deeds: []*pb.Deed{{Id: "d", Kind: "cut", Time: ms, What: "It can no longer reach " + name, Endpoint: name}},
			History: []*pb.Transition{{Time: ms, To: "open", By: "gateway", Why: "It calls " + name}, {Time: ms, From: "open", To: "closed", By: "owner"}}}}},
	}
	for _, i := range items {
		i.Time = ms
	}
	return items
}

// What people have erased is nowhere on the disk of the cloud, and does not come back from where it was under way. The same search finds
// it before; what is of another device stays until the home's own history is erased.
func TestWhatIsErasedIsNowhereOnTheDisk(t *testing.T) {
	t.Parallel()
	log := &logged{}
	w := startWholeLogging(t, slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	h := w.addHouse(w.addProvider())
	at := "/v1/homes/" + h.place.Home
	const secret, other, late, onward = "secret-clinic.example", "other-shop.example", "late-secret.example", "onward.example"

	h.stop() // so that it is in the spool first
	w.reopen(h)
	now := time.Now()
	h.tell(t, talked(h, h.device, secret, now)...)
	h.tell(t, talked(h, h.other, other, now)...)
	if found := w.traces(h, secret, log); len(found) == 0 {
		t.Fatal("it is not found in the spool: the search cannot find it there")
	}
	w.relink(h)
	w.stored(h)
	block := w.ask("POST", at+"/orders", fmt.Sprintf(`{"verb":"block","device":%q,"endpoint":%q}`, h.device, secret), as(h.resident))
	if block.code != http.StatusAccepted {
		t.Fatalf("order: %d %s", block.code, block.body)
	}
	var asked struct{ ID string }
	if err := json.Unmarshal([]byte(block.body), &asked); err != nil {
		t.Fatal(err)
	}
	w.eventually("it is blocked", func() bool { // what still waits is a wish that stays
		return strings.Contains(w.ask("GET", at+"/orders/"+asked.ID, "", as(h.resident)).body, `"in_force"`)
	})
	w.stored(h)
	found := strings.Join(w.rowsWith(secret), " ")
	for _, want := range []string{"history_device.data", "history_first.endpoint", "history_rollup.data", "history_stopped.endpoint", "history_stopped.card", "incident_case.data", "incident_step.why",
		"incident_finding.data", "fleet_device.tokens", "desired_order.endpoint"} {
		if !strings.Contains(found, want) {
			t.Errorf("before it is not found in %s, only in %s", want, found)
		}
	}

	if all := strings.Join(w.traces(h, secret, log), " "); !strings.Contains(all, "cardea.db") {
		t.Errorf("the files of the database do not have it: %s", all)
	}

	h.stop() // what happens now is under way when it is erased
	w.reopen(h)
	h.tell(t, talked(h, h.device, late, time.Now())...)
	out := w.ask("DELETE", at+"/devices/"+h.device+"/data", "", as(h.resident))
	var answer struct {
		Rows    map[string]int64
		Gateway string
		Order   string
	}
	if err := json.Unmarshal([]byte(out.body), &answer); err != nil || out.code != http.StatusOK || answer.Gateway != "asked" || answer.Rows["history"] == 0 || answer.Rows["incidents"] == 0 {
		t.Fatalf("erase: %d %s", out.code, out.body)
	}
	w.relink(h)
	w.eventually("the gateway has erased", func() bool {
		return strings.Contains(w.ask("GET", at+"/orders/"+answer.Order, "", as(h.resident)).body, `"in_force"`)
	})
	w.stored(h)
	for _, name := range []string{secret, late} {
		w.eventually(name+" is nowhere", func() bool {
			if found = strings.Join(w.traces(h, name, log), " "); found != "" {
				t.Log(found)
			}
			return found == ""
		})
	}
	if len(w.rowsWith(other)) < 6 {
		t.Errorf("of the other device there is only %v", w.rowsWith(other))
	}

	time.Sleep(2 * time.Millisecond) // a later millisecond than the mark's
	h.tell(t, talked(h, h.device, onward, time.Now())...)
	w.stored(h)
	if n := len(w.rowsWith(onward)); n < 6 {
		t.Errorf("what happens afterwards is in %d places only", n)
	}
	w.archived(h, other, onward)
	if out := w.ask("DELETE", at+"/data", `{"confirm":"`+h.mark+` home"}`, as(h.resident)); out.code != http.StatusOK {
		t.Fatalf("erase: %d %s", out.code, out.body)
	}
	for _, name := range []string{other, onward} {
		w.eventually(name+" is nowhere", func() bool {
			if found = strings.Join(w.traces(h, name, log), " "); found != "" {
				t.Log(found)
			}
			return found == ""
		})
	}
}

// archived looks into the archive of a home. What is in it and what is not is said in the language that was asked for.
func (w *whole) archived(h *house, names ...string) {
	w.t.Helper()
	if german := w.files(h, "?lang=de"); !strings.Contains(german["README.txt"], "Sie sind Eigentümer dieses Zuhauses") || !strings.Contains(german["home.json"], `"elsewhere": "Mit wem`) {
		w.t.Errorf("in German:\n%s", german["README.txt"])
	}
	files := w.files(h, "")
	for _, name := range names {
		for _, file := range []string{"home.json", "stopped.csv"} {
			if !strings.Contains(files[file], name) {
				w.t.Errorf("%s is not in %s: %s", name, file, files[file])
			}
		}
	}
	if !strings.Contains(files["contacts.csv"], h.mark+".live.example") || !strings.Contains(files["README.txt"], "all that the gateway remembers (rows: ") || !json.Valid([]byte(files["home.json"])) {
		w.t.Errorf("contacts.csv: %s\nREADME.txt: %s", files["contacts.csv"], files["README.txt"])
	}
	for _, file := range []string{"devices.csv", "incidents.csv", "changes.csv", "notifications.csv", "reports.csv", "looks.csv", "reports.json", "kept.json"} {
		if files[file] == "" {
			w.t.Errorf("there is no %s", file)
		}
	}
}

// files are those of a home's archive.
func (w *whole) files(h *house, query string) map[string]string {
	w.t.Helper()
	out := w.ask("GET", "/v1/homes/"+h.place.Home+"/export"+query, "", as(h.resident))
	z, err := zip.NewReader(strings.NewReader(out.body), int64(len(out.body)))
	if err != nil || out.code != http.StatusOK {
		w.t.Fatalf("archive: %d %v", out.code, err)
	}
	files := map[string]string{}
	for _, f := range z.File {
		r := must(f.Open())(w.t)
		files[f.Name] = string(must(io.ReadAll(r))(w.t))
	}
	return files
}
