package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// output collects the log of a running server.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(line []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(line)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// start runs a server on a free port and returns its base URL, what ends it, and its result.
func start(t *testing.T, args ...string) (url string, log *output, terminate func(), result <-chan error) {
	t.Helper()
	model := filepath.Join(t.TempDir(), "model.json")
	encoded, _ := json.Marshal(darkest())
	if err := os.WriteFile(model, encoded, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("MODEL_PATH", filepath.Dir(model)) // the folder: the server finds the file

	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	log = &output{}
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, slog.New(slog.NewTextHandler(log, nil)), append(args, "--listen", "127.0.0.1:0"))
	}()

	address := regexp.MustCompile(`address=(\S+)`)
	for range 500 {
		if match := address.FindStringSubmatch(log.String()); match != nil {
			return "http://" + match[1], log, cancel, done
		}
		select {
		case err := <-done:
			t.Fatalf("the server ended: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	t.Fatal("the server did not start within 5s")
	return "", nil, nil, nil
}

func status(t *testing.T, url string) int {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestTerminationDrains(t *testing.T) {
	url, log, terminate, result := start(t, "--drain-delay", "500ms")
	if got := status(t, url+"/v2/health/ready"); got != http.StatusOK {
		t.Fatalf("ready: %d", got)
	}

	// A request that is half sent when the signal comes.
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	body := `{"inputs":[` + inputJSON("image", "FP32", "[1,64]", "["+image(4)+"]") + `]}`
	head := "POST /v2/models/digits/infer HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: "
	if _, err := io.WriteString(connection, head+strconv.Itoa(len(body))+"\r\n\r\n"+body[:20]); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return status(t, url+"/v2/health/live") == http.StatusOK })

	terminate()
	waitFor(t, func() bool { return strings.Contains(log.String(), "draining") })
	if got := status(t, url+"/v2/health/ready"); got != http.StatusServiceUnavailable {
		t.Errorf("ready while draining: %d, want 503", got)
	}
	if got := status(t, url+"/v2/models/digits/ready"); got != http.StatusServiceUnavailable {
		t.Errorf("model ready while draining: %d, want 503", got)
	}
	waitFor(t, func() bool { // the port closes after the delay
		probe, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			_ = probe.Close()
		}
		return err != nil
	})

	if _, err := io.WriteString(connection, body[20:]); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(connection)
	if err != nil || !strings.Contains(string(answer), "200 OK") || !strings.Contains(string(answer), `"data":[4]`) {
		t.Errorf("the request in flight got %q, %v", answer, err)
	}
	if err := <-result; err != nil {
		t.Errorf("the server ended with %v", err)
	}
}

func TestDrainGivesUpOnAHangingRequest(t *testing.T) {
	url, _, terminate, result := start(t, "--drain-timeout", "50ms")
	connection, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = connection.Close() }()
	_, _ = io.WriteString(connection, "POST /v2/models/digits/infer HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\n")
	if got := status(t, url+"/v2/health/live"); got != http.StatusOK {
		t.Fatalf("live: %d", got)
	}
	terminate()
	if err := <-result; err == nil || !strings.Contains(err.Error(), "still in flight after 50ms") {
		t.Errorf("error %v", err)
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	discard := slog.New(slog.DiscardHandler)
	t.Setenv("MODEL_PATH", "")
	for want, args := range map[string][]string{
		"set MODEL_PATH":              nil,
		"reading the model: open":     {"--model", filepath.Join(t.TempDir(), "absent.json")},
		`unexpected argument "serve"`: {"serve"},
	} {
		if err := run(t.Context(), discard, args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", args, err, want)
		}
	}
}

func waitFor(t *testing.T, condition func() bool) {
	t.Helper()
	for range 500 {
		if condition() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("not within 5s")
}
