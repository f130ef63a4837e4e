package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// play starts a server with these variables on a free port and returns its address.
func play(t *testing.T, variables map[string]string) (address string, s *server, exits chan int) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = free.Addr().String()
	free.Close()
	_, variables["PORT"], _ = net.SplitHostPort(address)
	c, err := readConfig(func(name string) string { return variables[name] })
	if err != nil {
		t.Fatal(err)
	}
	exits = make(chan int, 1)
	s = newServer(c, exits)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.serve(ctx) }()
	t.Cleanup(func() {
		s.stop(time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for range 500 {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return address, s, exits
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("nothing listens")
	return "", nil, nil
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(body))
}

func TestHTTP(t *testing.T) {
	t.Setenv("COLOUR", "green")
	address, _, exits := play(t, map[string]string{"VERSION": "7", "READY_AFTER": "150ms"})
	base := "http://" + address
	if code, _ := get(t, http.DefaultClient, base+"/v2/health/ready"); code != http.StatusServiceUnavailable {
		t.Errorf("ready at once: %d", code)
	}
	time.Sleep(200 * time.Millisecond)
	for path, want := range map[string]string{"/v2/health/ready": "ready", "/version": "7", "/env?name=COLOUR": "green", "/slow?d=1ms": "done"} {
		if code, body := get(t, http.DefaultClient, base+path); code != http.StatusOK || body != want {
			t.Errorf("%s: %d %q, want %q", path, code, body, want)
		}
	}
	get(t, http.DefaultClient, base+"/exit?code=9")
	if code := <-exits; code != 9 {
		t.Errorf("exit code %d", code)
	}
}

func TestInference(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		code int
		body string
	}{
		{map[string]string{"SCORE": "0.97", "VERSION": "2"}, 200, `{"model_name":"iris","model_version":"2","outputs":[{"data":[0.97],"datatype":"FP64","name":"score","shape":[1]}],"request_bytes":3}`},
		{map[string]string{"INFER_STATUS": "500"}, 500, "no CUDA device"},
		{map[string]string{"INFER_TEXT": `<html>\e[31m`, "INFER_FOR": "1ms"}, 200, "<html>\x1b[31m"},
	} {
		address, _, _ := play(t, tt.env)
		response, err := http.Post("http://"+address+"/v2/models/iris/infer", "application/json", strings.NewReader("abc"))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if got := strings.TrimSpace(string(body)); err != nil || response.StatusCode != tt.code || got != tt.body {
			t.Errorf("%v: %d %q, %v", tt.env, response.StatusCode, got, err)
		}
	}
}

func TestDrain(t *testing.T) {
	address, s, _ := play(t, map[string]string{})
	answer := make(chan string, 1)
	go func() {
		response, err := http.Get("http://" + address + "/slow?d=200ms")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer response.Body.Close()
		body, _ := io.ReadAll(response.Body)
		answer <- string(body)
	}()
	time.Sleep(50 * time.Millisecond)
	s.stop(5 * time.Second)
	if got := <-answer; got != "done\n" {
		t.Errorf("the request in flight got %q", got)
	}
}

// TestStreams: both kinds are whole also when the server is told to end
// meanwhile, if it drains, and are cut if it does not.
func TestStreams(t *testing.T) {
	for drain, failed := range map[time.Duration]int{5 * time.Second: 0, 0: 1} {
		for _, kind := range []load.Kind{load.Events, load.Sockets} {
			address, s, _ := play(t, map[string]string{"VERSION": "7"})
			run := load.Start(load.Options{Address: address, Kind: kind, New: 0.01, Length: 400 * time.Millisecond})
			time.Sleep(200 * time.Millisecond)
			s.stop(drain)
			if got := run.Stop(); got.Total != 1 || got.Failed != failed || got.Answers["7"] != 1-failed {
				t.Errorf("kind %d, drain %s: %s", kind, drain, got)
			}
		}
	}
}

// TestLoad: the server's other part is a client of another one.
func TestLoad(t *testing.T) {
	address, _, _ := play(t, map[string]string{"VERSION": "7"})
	c, err := readConfig(func(name string) string {
		return map[string]string{"LOAD": address, "LOAD_KEPT": "20", "LOAD_NEW": "20", "LOAD_PATH": "/version"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var out strings.Builder
	if err := c.sendLoad(ctx, &out); err != nil {
		t.Fatal(err)
	}
	var result load.Result
	if err := json.Unmarshal([]byte(out.String()), &result); err != nil || result.Total == 0 || result.Answers["7"]+result.Failed != result.Total {
		t.Errorf("%v: %s", err, out.String())
	}
}

func TestHTTPS(t *testing.T) {
	address, _, _ := play(t, map[string]string{"PROTOCOL": "https"})
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if code, _ := get(t, client, "https://"+address+"/v2/health/ready"); code != http.StatusOK {
		t.Error(code)
	}
}

func TestGRPC(t *testing.T) {
	address, _, _ := play(t, map[string]string{"PROTOCOL": "grpc", "READY_AFTER": "300ms"})
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	check := func() string {
		answer, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: "model"})
		if err != nil {
			t.Fatal(err)
		}
		return answer.GetStatus().String()
	}
	if got := check(); got != "NOT_SERVING" {
		t.Error(got)
	}
	time.Sleep(400 * time.Millisecond)
	if got := check(); got != "SERVING" {
		t.Error(got)
	}
}

func TestTCP(t *testing.T) {
	address, _, _ := play(t, map[string]string{"PROTOCOL": "tcp"})
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "hello")
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "hello\n" {
		t.Errorf("%q %v", line, err)
	}
}

func TestConfigErrors(t *testing.T) {
	for name, value := range map[string]string{"READY_AFTER": "soon", "EXIT_CODE": "x", "PROTOCOL": "smoke"} {
		_, err := readConfig(func(n string) string {
			if n == name {
				return value
			}
			return ""
		})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, value, err)
		}
	}
}

func TestLogAndEnvironment(t *testing.T) {
	var b strings.Builder
	config{log: `one\ntwo\e[1m`, logFlood: 2}.printLog(&b)
	if got := b.String(); !strings.HasPrefix(got, "one\ntwo\x1b[1m\n\x1b[31mline 0") {
		t.Errorf("%q", got)
	}
	t.Setenv("CANARY", "in-the-mine")
	b.Reset()
	if code := printEnvironment(&b, 0); code != 1 || !strings.Contains(b.String(), "CANARY=in-the-mine\n") {
		t.Errorf("%d %q", code, b.String())
	}
}
