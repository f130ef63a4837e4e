package fakedocker_test

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

func TestEvents(t *testing.T) {
	f := newFixture(t)
	events, errs := f.Events(t.Context(), map[string]string{docker.LabelDeployment: "iris"})
	id := f.run("iris", "serve:1")
	f.run("rose", "serve:1")
	must(t, f.RenameContainer(t.Context(), id, "lily"))
	must(t, f.Operator().Crash("lily", 137, true))
	must(t, f.RemoveContainer(t.Context(), id))
	var got []string
	for range 6 {
		select {
		case event := <-events:
			if event.ID != id {
				t.Fatalf("event of another container: %+v", event)
			}
			got = append(got, event.Action)
		case <-time.After(5 * time.Second):
			t.Fatalf("only %v", got)
		}
	}
	if want := []string{"create", "start", "rename", "oom", "die", "destroy"}; !slices.Equal(got, want) {
		t.Fatalf("events are %v, want %v", got, want)
	}
	f.BreakEvents(io.ErrUnexpectedEOF)
	wantErr(t, <-errs, io.ErrUnexpectedEOF)
	if _, open := <-events; open {
		t.Fatal("the stream goes on after its end")
	}
}

func TestSessionReachesContainers(t *testing.T) {
	loading := fakedocker.Image{Ref: "loading:1", Behaviour: fakedocker.Serving(fakedocker.OK, 60*time.Millisecond)}
	f := newFixture(t, loading)
	session, err := f.StartSession(t.Context(), docker.SessionRequest{
		Name: "mlops.session.1", Image: "busybox:1", NetworkID: f.network,
		Labels: map[string]string{docker.LabelKind: docker.KindSession},
	})
	must(t, err)
	id := f.run("iris", "loading:1")
	ip := f.inspect(id).Networks["mlops"].IPAddress
	get := func() int {
		conn, err := session.Dial(t.Context(), ip+":8080")
		must(t, err)
		defer conn.Close()
		req, _ := http.NewRequest(http.MethodGet, "http://iris/", nil)
		must(t, req.Write(conn))
		buffer := make([]byte, 64)
		n, err := conn.Read(buffer)
		must(t, err)
		return map[bool]int{true: 200, false: 503}[strings.Contains(string(buffer[:n]), "200 OK")]
	}
	if got := get(); got != 503 {
		t.Fatalf("answer before the model is loaded: %d", got)
	}
	time.Sleep(80 * time.Millisecond)
	if got := get(); got != 200 {
		t.Fatalf("answer afterwards: %d", got)
	}
	conn, err := session.Dial(t.Context(), ip+":9")
	must(t, err)
	_, err = conn.Read(make([]byte, 1))
	wantErr(t, err, syscall.ECONNREFUSED)
	conn.Close()
	connector := session.(interface {
		Connect(context.Context, string) error
	})
	must(t, connector.Connect(t.Context(), ip+":8080"))
	must(t, f.StopContainer(t.Context(), id, time.Second))
	wantErr(t, connector.Connect(t.Context(), ip+":8080"), syscall.EHOSTUNREACH)
	f.KillSessions()
	if got := f.Leftovers(); len(got) > 0 {
		t.Fatal(got)
	}
	_, err = session.Dial(t.Context(), ip+":8080")
	wantErr(t, err, deployment.ErrNotFound)
	must(t, session.Close())
}

func TestDrainFinishesRequests(t *testing.T) {
	entered := make(chan struct{})
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		time.Sleep(50 * time.Millisecond)
		w.WriteHeader(http.StatusAccepted)
	})
	behaviour := fakedocker.Serving(slow, 0)
	behaviour.Drains = true
	f := newFixture(t, fakedocker.Image{Ref: "slow:1", Behaviour: behaviour})
	id := f.run("iris", "slow:1")
	answer := make(chan int, 1)
	go func() {
		response, err := f.Client("mlops").Get("http://iris:8080/")
		if err != nil {
			answer <- 0
			return
		}
		response.Body.Close()
		answer <- response.StatusCode
	}()
	<-entered
	must(t, f.StopContainer(t.Context(), id, 5*time.Second))
	if got := <-answer; got != http.StatusAccepted {
		t.Fatalf("the request in flight was answered with %d", got)
	}
	if c := f.inspect(id); c.State.ExitCode != 0 {
		t.Fatalf("exit code %d", c.State.ExitCode)
	}
}
