package container

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/probe"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

const (
	// settle is how long a replica without a readiness check has to stay up:
	// long enough to catch a process that exits at once.
	settle = 200 * time.Millisecond
	// maxRestarts is how often a replica may crash while it starts; some
	// servers do once, before what they depend on is there.
	maxRestarts  = 2
	probeTimeout = 5 * time.Second
)

// notReady says why a replica is not ready.
type notReady struct {
	what       string // after "did not become ready"
	lastAnswer probe.Answer
	container  docker.Container
}

func (e *notReady) Error() string { return "did not become ready" + e.what }

// errNotReady is the sentinel behind every notReady.
var errNotReady = errors.New("not ready")

func (e *notReady) Unwrap() error { return errNotReady }

// await returns the replica when it is ready: running, not restarting, the same
// process over min_healthy_time, answering as expected since then.
func (c *change) await(ctx context.Context, id string) (ready docker.Container, since time.Time, err error) {
	readiness := c.spec.Readiness
	if readiness == nil {
		readiness = &deployment.Readiness{MinHealthyTime: settle}
	}
	timeout := cmp.Or(readiness.StartupTimeout, deployment.DefaultStartupTimeout)
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wake, unsubscribe := c.engine.watch.subscribe(id)
	defer unsubscribe()

	a := &waiter{change: c, id: id, readiness: *readiness, began: time.Now(), restarts: -1, wake: wake}
	for {
		wait, err := a.look(bounded)
		switch {
		case ctx.Err() != nil:
			return a.last, since, ctx.Err()
		case bounded.Err() != nil:
			return a.last, since, &notReady{what: " within " + timeout.String(), lastAnswer: a.lastAnswer, container: a.last}
		case err != nil:
			return a.last, since, err
		case wait == 0:
			return a.last, a.steady, nil
		}
		next := time.NewTimer(wait)
		select {
		case <-wake:
		case <-next.C:
		case <-bounded.Done():
		}
		next.Stop()
	}
}

// waiter follows one replica on its way to readiness.
type waiter struct {
	*change
	id         string
	wake       <-chan struct{} // something happened to the container
	readiness  deployment.Readiness
	began      time.Time
	restarts   int // count at the first look; -1 before it
	startedAt  time.Time
	steady     time.Time // since when the answers were as expected
	lastAnswer probe.Answer
	last       docker.Container
	ended      docker.Container // as last seen without a process: the next one's start wipes out its exit code
}

// look inspects and probes once. It returns how long to wait for the next look,
// 0 when the replica is ready.
func (a *waiter) look(ctx context.Context) (time.Duration, error) {
	interval := a.readiness.NextInterval(time.Since(a.began))
	c, err := a.engine.docker.InspectContainer(ctx, a.id)
	if err != nil {
		return 0, err
	}
	a.last = c
	if a.restarts < 0 {
		a.restarts = c.RestartCount
	}
	p := phase(c.State)
	if p != rollout.PhaseRunning {
		a.ended = c
	}
	switch {
	case c.State.OOMKilled && p != rollout.PhaseRunning:
		return 0, &notReady{what: ": it ran out of memory", container: c, lastAnswer: a.lastAnswer}
	case p == rollout.PhaseExited || p == rollout.PhaseDead || p == rollout.PhaseCreated:
		return 0, &notReady{what: ": it exited", container: c, lastAnswer: a.lastAnswer}
	case c.RestartCount-a.restarts >= maxRestarts && a.ended.ID != "":
		a.ended.RestartCount = c.RestartCount
		return 0, &notReady{what: ": it exits again and again", container: a.ended, lastAnswer: a.lastAnswer}
	case p != rollout.PhaseRunning:
		a.steady = time.Time{}
		return interval, nil
	}
	if !c.State.StartedAt.Equal(a.startedAt) { // another process than last time
		a.startedAt, a.steady = c.State.StartedAt, time.Time{}
	}
	ok, interrupted := a.answers(ctx, c)
	if interrupted {
		return time.Nanosecond, nil
	}
	if !ok {
		a.steady = time.Time{}
		if a.lastAnswer.Status == 0 {
			return interval, a.sessionGone(ctx)
		}
		return interval, nil
	}
	if a.steady.IsZero() {
		a.steady = time.Now()
	}
	left := a.readiness.MinHealthyTime - time.Since(a.steady)
	return max(0, min(left, interval)), nil
}

// answers asks the replica, the way the user said. An event of the container
// interrupts the question: a process that has died will not answer.
func (a *waiter) answers(ctx context.Context, c docker.Container) (ok, interrupted bool) {
	if checked(a.spec.HealthCheck) && c.State.Health != string(deployment.HealthHealthy) {
		a.lastAnswer = probe.Answer{Text: "health check: " + cmp.Or(c.State.Health, "no result yet")}
		return false, false
	}
	kind := probeKind(a.readiness)
	if kind == "" {
		return true, false
	}
	address := a.engine.network.Address(c)
	if address == "" {
		a.lastAnswer = probe.Answer{Text: "it has no address on its network"}
		return false, false
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answered := make(chan probe.Answer, 1)
	go func() {
		answered <- probe.Check(ctx, a.session.Session, probe.Target{
			Kind: kind, Address: net.JoinHostPort(address, strconv.Itoa(cmp.Or(a.readiness.Port, a.spec.Port))),
			Path: a.readiness.Path, Scheme: cmp.Or(a.readiness.Scheme, "http"), Headers: a.readiness.Headers,
			ExpectStatus: a.readiness.ExpectStatus, GRPCService: a.readiness.GRPCService, Timeout: probeTimeout,
		})
	}()
	select {
	case answer := <-answered:
		if ctx.Err() == nil { // an answer that our own deadline cut says nothing
			a.lastAnswer = answer
		}
		return answer.OK, false
	case <-a.wake:
		return false, true
	}
}

func probeKind(r deployment.Readiness) probe.Kind {
	switch {
	case r.Path != "":
		return probe.HTTP
	case r.TCP:
		return probe.TCP
	case r.GRPC:
		return probe.GRPC
	}
	return ""
}

// checked reports whether the engine runs a check of its own that was asked
// for: ["NONE"] switches that of the image off, and gives no result.
func checked(h *deployment.HealthCheck) bool {
	return h != nil && !slices.Equal(h.Command, []string{"NONE"})
}
