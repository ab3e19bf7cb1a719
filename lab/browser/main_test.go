package browser_test

import (
	"bufio"
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"cardea/internal/built"

	"github.com/chromedp/chromedp"
)

const root = "../.."

// atOnce is how many tests run side by side, whatever the number of cores: most of their time is waiting.
const atOnce = 4

// bin holds cardea and cardea-agent, built once, readable by everybody.
var bin string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		for _, app := range []string{"resident", "operator"} {
			if _, err := os.Stat(filepath.Join(root, "web/dist", app, "index.html")); err != nil {
				fmt.Fprintln(os.Stderr, "the apps are not built: run make web first:", err)
				return 1
			}
		}
		dir, err := os.MkdirTemp("", "cardea-browser")
		if err == nil {
			defer os.RemoveAll(dir)
			err = built.Into(dir, "cardea", "cardea-agent")
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "build the commands:", err)
			return 1
		}
		bin = dir
		if err := flag.Set("test.parallel", strconv.Itoa(atOnce)); err != nil { // what the command line says comes later
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		return m.Run()
	}())
}

// demo is a running cardea demo with the addresses that it printed.
type demo struct {
	resident, staff string // links that sign somebody in, once
	app, lab        string // where the app and the lab's buttons are
}

// nobody is an ordinary user.
const nobody = 65534

// begin starts cardea demo as a user (0: the one who runs the test) and ends it with the test.
func begin(t *testing.T, as uint32, args ...string) *demo {
	t.Helper()
	mark := fmt.Sprintf("CARDEA_TEST_MARK=browser-%d-%d", os.Getpid(), time.Now().UnixNano())
	cmd := exec.Command(filepath.Join(bin, "cardea"), append([]string{"demo", "--browser"}, args...)...)
	cmd.Env = append(os.Environ(), mark)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if as != 0 && os.Geteuid() == 0 {
		cmd.Dir = "/"
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: as, Gid: as, Groups: []uint32{}}
	}
	errs := new(said)
	cmd.Stderr = errs
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("the demo ended with %v\n%s", err, errs)
		}
		gone(t, mark)
	})
	d := new(demo)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		word, _, _ := strings.Cut(strings.TrimSpace(value), " ")
		switch {
		case strings.Contains(name, "resident"):
			d.resident = word
		case strings.Contains(name, "staff"):
			d.staff = word
		case strings.Contains(name, "buttons"):
			d.lab = strings.TrimSuffix(word, "/")
		case strings.HasPrefix(name, "ready"):
			u, err := url.Parse(d.resident)
			if err != nil || d.resident == "" || d.staff == "" || d.lab == "" {
				t.Fatalf("the demo did not say where to look: %+v %v", d, err)
			}
			d.app = u.Scheme + "://" + u.Host
			return d
		}
	}
	t.Fatalf("the demo did not start\n%s", errs)
	return nil
}

// said keeps what a process printed; two may use it at once.
type said struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// gone checks that no process with the mark is left.
func gone(t *testing.T, mark string) {
	t.Helper()
	var left []string
	for range 250 {
		left = nil
		list, err := filepath.Glob("/proc/[0-9]*/environ")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range list {
			if b, err := os.ReadFile(file); err == nil && bytes.Contains(b, []byte(mark)) {
				left = append(left, file)
			}
		}
		if len(left) == 0 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("processes are left: %v", left)
}

// press presses a button of the lab's page, as its form does.
func (d *demo) press(t *testing.T, deed, name, value string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, d.lab+deed, strings.NewReader(url.Values{name: {value}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", d.lab)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var page bytes.Buffer
	if _, err := page.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || strings.Contains(page.String(), "did not work") {
		t.Fatalf("the lab's button %s %s: %s\n%s", deed, value, resp.Status, page.String())
	}
}

// chromium starts a browser with a profile of its own and ends it with the test. Behind the lab's page as a proxy, if that is
// named, it also reaches the gateway, as from a device of the home; what is at localhost it asks itself.
func chromium(t *testing.T, lab ...string) context.Context {
	t.Helper()
	dir, err := os.MkdirTemp("", "cardea-chromium")
	if err != nil {
		t.Fatal(err)
	}
	opts := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath("/usr/bin/chromium"), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.NoDefaultBrowserCheck, chromedp.UserDataDir(dir),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true), chromedp.Flag("disable-renderer-backgrounding", true),
		chromedp.Flag("disable-background-timer-throttling", true), chromedp.Flag("force-color-profile", "srgb"),
		chromedp.Flag("lang", "en-GB"),
	}
	for _, proxy := range lab {
		opts = append(opts, chromedp.Flag("proxy-server", proxy))
	}
	alloc, stop := chromedp.NewExecAllocator(context.Background(), opts...)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // what it says about its end changes nothing
		cancel()
		stop()
		for range 100 { // its children write for a moment longer
			if os.RemoveAll(dir) == nil {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Errorf("%s stays", dir)
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start chromium: %v", err)
	}
	return ctx
}
