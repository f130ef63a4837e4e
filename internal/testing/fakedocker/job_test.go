package fakedocker_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// job is an engine with a container that speaks for a while and exits with 3.
func job(t *testing.T) (*fakedocker.Engine, string) {
	t.Helper()
	b := fakedocker.Behaviour{Exits: true, ExitAfter: 60 * time.Millisecond, ExitCode: 3}
	b.Log, b.LogEvery = []string{"one", "two", "three"}, 10*time.Millisecond
	e := fakedocker.New(fakedocker.Image{Ref: "job:1", Behaviour: b})
	t.Cleanup(e.Close)
	id, err := e.Operator().Run(docker.CreateRequest{Name: "job", Config: &docker.ContainerConfig{Image: "job:1"}})
	if err != nil {
		t.Fatal(err)
	}
	return e, id
}

func TestJobIsWaitedForAndFollowed(t *testing.T) {
	e, id := job(t)
	var log bytes.Buffer
	if err := e.FollowLogs(t.Context(), id, &log); err != nil || log.String() != "one\ntwo\nthree\n" {
		t.Errorf("followed %q: %v", log.String(), err)
	}
	for range 2 { // also when it has ended already
		if code, err := e.WaitContainer(t.Context(), id); code != 3 || err != nil {
			t.Errorf("waited: %d, %v", code, err)
		}
	}
	c := e.Containers()["job"]
	past, err := e.PastEvents(t.Context(), id, c.State.StartedAt, c.State.FinishedAt.Add(time.Millisecond))
	var actions []string
	for _, event := range past {
		actions = append(actions, event.Action)
	}
	if got := strings.Join(actions, " "); err != nil || got != "start die" {
		t.Errorf("past events %q: %v", got, err)
	}
}

func TestJobOutlivesItsFollowers(t *testing.T) {
	e, id := job(t)
	waited, followed := make(chan error, 1), make(chan error, 1)
	go func() { _, err := e.WaitContainer(t.Context(), id); waited <- err }()
	go func() { followed <- e.FollowLogs(t.Context(), id, &bytes.Buffer{}) }()
	for e.Count("WaitContainer")+e.Count("FollowLogs") < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(5 * time.Millisecond)
	e.BreakStreams()
	for _, broken := range []chan error{waited, followed} {
		if err := <-broken; !errors.Is(err, deployment.ErrUnreachable) {
			t.Errorf("broken: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := e.WaitContainer(ctx, id); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a wait that ended: %v", err)
	}
	if code, err := e.WaitContainer(t.Context(), id); code != 3 || err != nil {
		t.Errorf("waited again: %d, %v", code, err)
	}
}

func TestJobEndsWithItsEngine(t *testing.T) {
	e, id := job(t)
	e.Operator().RestartEngine()
	if code, err := e.WaitContainer(t.Context(), id); code != 137 || err != nil {
		t.Errorf("waited: %d, %v", code, err)
	}
	if err := e.FollowLogs(t.Context(), id, &bytes.Buffer{}); err != nil {
		t.Error(err)
	}
	if _, err := e.WaitContainer(t.Context(), "nobody"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}
