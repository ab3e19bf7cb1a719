// Package prometheus holds no code: its tests hold the alert rules and the Grafana dashboard to a real Prometheus that scrapes a real cloud.
package prometheus

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"cardea/internal/built"
	"cardea/internal/freeport"
)

// patient is how long anything may take on a busy machine.
const patient = time.Minute

func TestRulesFireWhenTheyShould(t *testing.T) {
	for _, args := range [][]string{{"check", "rules", "cardea.rules.yaml"}, {"test", "rules", "cardea.tests.yaml"}, {"check", "config", "prometheus.yaml"}} {
		if out, err := exec.Command("promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// Each rule says who is woken and names a page that there is.
func TestEachAlertNamesItsPage(t *testing.T) {
	rules, err := os.ReadFile("cardea.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pages := regexp.MustCompile(`runbook: (\S+)`).FindAllStringSubmatch(string(rules), -1)
	if n := strings.Count(string(rules), "- alert:"); len(pages) != n || n == 0 {
		t.Errorf("%d alerts, %d of them name a page", n, len(pages))
	}
	for _, p := range pages {
		if _, err := os.Stat("../../docs/runbook/" + p[1]); err != nil {
			t.Error(err)
		}
	}
}

// Every series that a rule or a panel asks for is there in a cloud that runs, and every question is one that Prometheus understands.
func TestQuestionsMatchWhatTheCloudTells(t *testing.T) {
	at := cloud(t)
	ask := scraped(t, at)
	var names []string
	if err := ask("/api/v1/label/__name__/values", nil, &names); err != nil {
		t.Fatal(err)
	}
	asked := questions(t)
	if len(asked) < 40 {
		t.Fatalf("only %d questions were found", len(asked))
	}
	word := regexp.MustCompile(`\b(cardea|process|go)_[a-z_]+`)
	for _, q := range asked {
		for _, name := range word.FindAllString(q, -1) {
			if !slices.Contains(names, name) {
				t.Errorf("%s: there is no %s", q, name)
			}
		}
		if err := ask("/api/v1/query", url.Values{"query": {q}}, nil); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	for _, name := range names {
		if strings.Contains(name, "home") && strings.HasPrefix(name, "cardea_") && !strings.HasPrefix(name, "cardea_homes") {
			t.Errorf("%s: is it of single homes?", name)
		}
	}
	var labels []string
	if err := ask("/api/v1/labels", nil, &labels); err != nil {
		t.Fatal(err)
	}
	for _, l := range labels {
		if slices.Contains([]string{"home", "gateway", "device", "tenant", "account"}, l) {
			t.Errorf("a series has the label %s", l)
		}
	}
}

// questions are the expressions of all rules and panels.
func questions(t *testing.T) (out []string) {
	t.Helper()
	rules, err := os.ReadFile("cardea.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`(?m)^ +expr: (.+)$`).FindAllStringSubmatch(string(rules), -1) {
		out = append(out, m[1])
	}
	b, err := os.ReadFile("../grafana/cardea.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title, Description, Type string
			Targets                  []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(b, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		if p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) {
			t.Errorf("panel %q does not say what it shows", p.Title)
		}
		for _, q := range p.Targets {
			out = append(out, q.Expr)
		}
	}
	return out
}

// cloud runs a whole cloud and gives its address.
func cloud(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := built.Into(dir, "cardea"); err != nil {
		t.Fatal(err)
	}
	at := address(t)
	run(t, filepath.Join(dir, "cardea"), "serve", "--data", filepath.Join(dir, "data"), "--http", at, "--listen", "127.0.0.1:0")
	wait(t, "the cloud is ready", func() error { return get("http://"+at+"/readyz", nil) })
	if err := get("http://"+at+"/v1/help", nil); err != nil { // some series begin with the first request
		t.Fatal(err)
	}
	return at
}

// scraped runs a Prometheus that has read the cloud at least once, and gives a way to ask it.
func scraped(t *testing.T, target string) func(path string, q url.Values, into any) error {
	t.Helper()
	dir := t.TempDir()
	config, err := os.ReadFile("prometheus.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Abs("cardea.rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("127.0.0.1:8490", target, "15s", "1s", "cardea.rules.yaml", rules).Replace(string(config))
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	at := address(t)
	run(t, "prometheus", "--config.file", filepath.Join(dir, "prometheus.yaml"), "--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", at)
	ask := func(path string, q url.Values, into any) error {
		var answer struct {
			Status, Error string
			Data          json.RawMessage
		}
		if err := get("http://"+at+path+"?"+q.Encode(), &answer); err != nil {
			return err
		}
		if answer.Status != "success" {
			return fmt.Errorf("%s", answer.Error)
		}
		if into == nil {
			return nil
		}
		return json.Unmarshal(answer.Data, into)
	}
	wait(t, "Prometheus has read the cloud", func() error {
		var found struct{ Result []any }
		err := ask("/api/v1/query", url.Values{"query": {`up{job="cardea"} == 1 and on() cardea_http_requests_total`}}, &found)
		if err == nil && len(found.Result) == 0 {
			err = fmt.Errorf("it is not up")
		}
		return err
	})
	return ask
}

func address(t *testing.T) string {
	t.Helper()
	a, err := freeport.Addr()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// run starts a program that ends with the test.
func run(t *testing.T, name string, args ...string) {
	t.Helper()
	var log strings.Builder
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr = &log, &log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Process.Signal(syscall.SIGTERM); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		err := c.Wait()
		if t.Failed() {
			t.Logf("%s: %v\n%s", name, err, log.String())
		}
	})
}

func wait(t *testing.T, what string, ok func() error) {
	t.Helper()
	err := ok()
	for end := time.Now().Add(patient); err != nil && time.Now().Before(end); err = ok() {
		time.Sleep(50 * time.Millisecond)
	}
	if err != nil {
		t.Fatalf("waited in vain: %s: %v", what, err)
	}
}

func get(address string, into any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if into != nil { // Prometheus says in its answer what is wrong
		return json.NewDecoder(a.Body).Decode(into)
	}
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s", a.Status)
	}
	return nil
}
