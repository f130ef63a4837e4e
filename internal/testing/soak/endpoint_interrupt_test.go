package soak

import (
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

const (
	// rollbackTime is how long an interrupted change may take to undo what it did:
	// CI systems kill some seconds after their first signal.
	rollbackTime = 5 * time.Second
	// slowRequest is how long a request takes that a change waits for.
	slowRequest = 15 * time.Second
)

// TestAccEndpointInterrupt: SIGINT in the middle of a create leaves nothing of
// the endpoint; in the middle of an update that waits for a request in flight it
// brings the old traffic back, and does not cut the request off.
func TestAccEndpointInterrupt(t *testing.T) {
	acceptance.Required(t)
	beside(t)
	r := newRouted(t, 2*slowRequest)
	wants := func(version string) {
		t.Helper()
		if err := r.weights(map[string]int{version: 1}); err != nil {
			t.Fatal(err)
		}
	}
	wants("v1")
	// The first container that is started is the session, the second one the gateway.
	r.proxy.Add(faultproxy.Rule{Method: "POST", Path: `^/containers/[^/]+/start$`, Nth: 2, Fault: faultproxy.Delay(time.Minute)})
	create := r.start()
	r.await("the start of the gateway", create, func() bool { return len(r.proxy.Fired()) > 0 })
	r.interrupt(create)
	r.proxy.Reset()
	if err := r.splits(); err != nil {
		t.Error(err)
	}

	if err := r.apply(); err != nil {
		t.Fatal(err)
	}
	slow := make(chan error, 1)
	go func() {
		_, err := r.ask(time.Minute, "/slow?d="+slowRequest.String())
		slow <- err
	}()
	time.Sleep(time.Second) // it is with the replica
	wants("v2")
	update := r.start()
	r.await("requests at v2, while v1 is drained", update, func() bool {
		version, err := r.ask(settleTime, "/version")
		return err == nil && version == "v2"
	})
	r.interrupt(update)
	if err := r.splits("v1"); err != nil {
		t.Error(err)
	}
	if plan := r.work.Run("plan", "-detailed-exitcode", "-input=false", "-no-color"); plan.ExitCode != 2 {
		t.Errorf("the next plan: exit code %d, want 2, for it has the same change\n%s", plan.ExitCode, plan.Output())
	}
	if err := <-slow; err != nil {
		t.Errorf("the request in flight was cut off: %v", err)
	}
	if err := r.apply(); err != nil {
		t.Error(err)
	}
	if err := r.splits("v2"); err != nil {
		t.Error(err)
	}
	if err := r.destroy(); err != nil {
		t.Error(err)
	}
}

// start begins an apply.
func (b *bed) start() *acceptance.Process {
	return b.work.Start("apply", "-auto-approve", "-input=false", "-no-color")
}

// await waits for what an apply is about to bring.
func (b *bed) await(what string, apply *acceptance.Process, come func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !come(); time.Sleep(50 * time.Millisecond) {
		if !apply.Running() {
			b.t.Fatalf("waiting for %s: the apply has ended:\n%s", what, apply.Wait().Output())
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// interrupt sends SIGINT and measures how long the end takes.
func (b *bed) interrupt(apply *acceptance.Process) {
	b.t.Helper()
	began := time.Now()
	apply.Interrupt()
	result := apply.Wait()
	if took := time.Since(began); took > rollbackTime {
		b.t.Errorf("after the interrupt it took %s", took)
	}
	if result.ExitCode == 0 || !strings.Contains(result.Stderr, "interrupted") {
		b.t.Errorf("exit code %d:\n%s", result.ExitCode, result.Output())
	}
}
