package main_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// browsing is a demo for the browser, looked at as a browser does.
type browsing struct {
	t                      *testing.T
	resident, staff, panel string
	http                   *http.Client
}

var addressRE = regexp.MustCompile(`http://localhost:\d+/\S*`)

// do asks for something and gives the answer. from is the page that a browser comes from; "" is none.
func (b browsing) do(method, to, from, contentType, body string) (status int, text string) {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, to, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if from != "" {
		req.Header.Set("Origin", from)
	}
	resp, err := b.http.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	all, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, string(all)
}

// press fills in a form of the lab's page and gives the page that comes then.
func (b browsing) press(path, key, value string) string {
	b.t.Helper()
	status, page := b.do(http.MethodPost, b.panel+path, b.panel, "application/x-www-form-urlencoded", url.Values{key: {value}}.Encode())
	if status != http.StatusOK {
		b.t.Errorf("%s %s: %d %s", path, value, status, page)
	}
	return page
}

// An ordinary user starts the demo for the browser: three addresses, the lab's buttons, and SIGTERM leaves nothing.
func TestDemoBrowser(t *testing.T) {
	t.Parallel()
	cmd, mark := command(t, nobody, "demo", "--browser", "--seed=5")
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said []string
	for lines := bufio.NewScanner(pipe); lines.Scan(); {
		if said = append(said, lines.Text()); strings.HasPrefix(lines.Text(), "ready in ") {
			break
		}
	}
	if addresses := addressRE.FindAllString(strings.Join(said, "\n"), -1); len(said) == 4 && len(addresses) == 3 {
		t.Log(said[3])
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		b := browsing{t, addresses[0], addresses[1], strings.TrimSuffix(addresses[2], "/"), &http.Client{Jar: jar, Timeout: time.Minute}}
		b.signIn()
		b.lab()
	} else {
		t.Errorf("it says %q", said)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if rest, err := io.ReadAll(pipe); err != nil || len(rest) > 0 {
		t.Errorf("and then %q, %v", rest, err)
	}
	if err := cmd.Wait(); err != nil || errs.Len() > 0 {
		t.Errorf("%v\n%s", err, &errs)
	}
	gone(t, mark)
}

// signIn uses both links, once and no more.
func (b browsing) signIn() {
	b.t.Helper()
	for link, api := range map[string]string{b.resident: "/v1/sessions", b.staff: "/v1/staff/sessions"} {
		page, token, ok := strings.Cut(link, "#")
		u, err := url.Parse(link)
		if err != nil || !ok || len(token) < 20 {
			b.t.Fatalf("no link: %s", link)
		}
		if status, body := b.do(http.MethodGet, page, "", "", ""); status != http.StatusOK || !strings.Contains(strings.ToLower(body), "<!doctype html>") {
			b.t.Errorf("%s: %d %.200s", page, status, body)
		}
		origin := u.Scheme + "://" + u.Host
		in, err := json.Marshal(map[string]string{"token": token})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, want := range []int{http.StatusCreated, http.StatusUnauthorized} {
			if status, body := b.do(http.MethodPost, origin+api, origin, "application/json", string(in)); status != want {
				b.t.Errorf("%s: %d, want %d: %s", api, status, want, body)
			}
		}
	}
}

// lab presses the lab's buttons, and looks in the app for what comes of it.
func (b browsing) lab() {
	t := b.t
	t.Helper()
	if _, page := b.do(http.MethodGet, b.panel+"/", "", "", ""); !strings.Contains(page, "kitchen-camera") || !strings.Contains(page, "is connected to the cloud") {
		t.Errorf("the lab's page: %s", page)
	}
	for _, from := range []string{"https://evil.example", "null", strings.Replace(b.panel, "localhost", "evil.localhost", 1)} {
		if status, page := b.do(http.MethodPost, b.panel+"/infect", from, "application/x-www-form-urlencoded", "device=kitchen-camera"); status != http.StatusForbidden {
			t.Errorf("a page of %s infects a device: %d %s", from, status, page)
		}
	}
	if _, page := b.do(http.MethodGet, b.panel+"/", "", "", ""); strings.Contains(page, "malware runs on it") {
		t.Errorf("the lab's page: %s", page)
	}
	if page := b.press("/infect", "device", "nonesuch"); !strings.Contains(page, "That did not work") {
		t.Errorf("a device that is not there: %s", page)
	}
	if page := b.press("/infect", "device", "kitchen-camera"); !strings.Contains(page, "kitchen-camera is infected") || !strings.Contains(page, "malware runs on it") {
		t.Errorf("infected: %s", page)
	}
	u, err := url.Parse(b.resident)
	if err != nil {
		t.Fatal(err)
	}
	api := u.Scheme + "://" + u.Host + "/v1/"
	var session struct{ Homes []struct{ ID string } }
	if _, body := b.do(http.MethodGet, api+"session", "", "", ""); json.Unmarshal([]byte(body), &session) != nil || len(session.Homes) != 1 {
		t.Fatalf("session: %s", body)
	}
	until(t, "the app tells that the camera was shut in", func() bool {
		_, body := b.do(http.MethodGet, api+"homes/"+session.Homes[0].ID+"/incidents?state=open", "", "", "")
		return strings.Contains(body, `"kitchen-camera"`) && strings.Contains(body, `"contained"`)
	})
	if page := b.press("/power", "device", "kitchen-camera"); !strings.Contains(page, "off the mains for a moment.</p>") || strings.Contains(page, "malware runs on it") {
		t.Errorf("off the mains: %s", page)
	}
	if page := b.press("/cloud", "cut", "yes"); !strings.Contains(page, "cannot reach the cloud now") {
		t.Errorf("cut off: %s", page)
	}
	if page := b.press("/cloud", "cut", "no"); !strings.Contains(page, "is connected to the cloud") {
		t.Errorf("connected again: %s", page)
	}
}
