package faultproxy

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestPrograms: both calls that run a program in a container tell which one it
// is, and neither loses what it carries.
func TestPrograms(t *testing.T) {
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch {
		case r.URL.Path == "/v1.41/containers/gone/exec":
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"message":"no such container"}`)
		case len(body) > 0:
			_, _ = io.WriteString(w, `{"Id":"77","Got":"`+string(rune('0'+len(body)%10))+`"}`)
		}
	}))
	t.Cleanup(engine.Close)
	proxy := Start(t, "tcp://"+engine.Listener.Addr().String())
	c := client(t, proxy)
	asked := `{"Cmd":["sh","-c","# look\nls"],"Tty":false}`
	for _, request := range []struct{ path, body, answer string }{
		{"/v1.41/containers/gone/exec", `{"Cmd":["true"]}`, `{"message":"no such container"}`},
		{"/v1.41/containers/front/exec", asked, `{"Id":"77","Got":"` + string(rune('0'+len(asked)%10)) + `"}`},
		{"/v1.41/exec/77/start", "", ""},
		{"/v1.41/exec/88/start", "", ""},
		{"/v1.41/containers/front/stop", "", ""},
	} {
		if _, got, err := call(t, c, "POST", request.path, bytes.NewReader([]byte(request.body))); err != nil || got != request.answer {
			t.Errorf("%s: %q %v", request.path, got, err)
		}
	}
	want := []string{"true", "sh -c # look\nls", "sh -c # look\nls", "", ""}
	for i, c := range proxy.Calls() {
		if c.Program != want[i] {
			t.Errorf("%s runs %q, want %q", c, c.Program, want[i])
		}
	}
}
