package job_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// TestAccLedger keeps on a real engine what it is told, as large as it may be, and forgets all of it.
func TestAccLedger(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	name := s.Name("wf")
	unlock, err := p.ledger.Lock(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	result := workflow.Result{
		Step: "evaluate", Kind: workflow.KindEvaluation, Status: workflow.Succeeded, Hash: "w1:" + strings.Repeat("0f", 32),
		StartedAt: time.Now().UTC(), FinishedAt: time.Now().UTC(),
		Metrics: json.RawMessage(`{"curve":"` + strings.Repeat("é ", workflow.MaxMetrics/3-10) + `"}`),
	}
	run := workflow.Run{Number: 1, Workflow: name, Owner: "terraform", Status: workflow.Succeeded, StartedAt: time.Now().UTC()}
	for range 10 { // as many steps as a large workflow has
		run.Results = append(run.Results, result)
	}
	began := time.Now()
	if err := p.ledger.Keep(t.Context(), name, "terraform", result); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time over the first
		if err := p.ledger.Record(t.Context(), run); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("kept and recorded in %s", time.Since(began))
	results, err := p.ledger.Results(t.Context(), name)
	if err != nil || len(results) != 1 || !reflect.DeepEqual(results[result.Hash], result) {
		t.Errorf("results: %d, %v", len(results), err)
	}
	runs, err := p.ledger.Runs(t.Context(), name)
	if err != nil || len(runs) != 1 || !reflect.DeepEqual(runs[0].Results, run.Results) {
		t.Errorf("runs: %d, %v", len(runs), err)
	}
	if kept, err := p.ledger.Forget(t.Context(), name, nil); err != nil || len(kept) > 0 {
		t.Errorf("forgetting: %q, %v", kept, err)
	}
	if err := unlock(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	if err := p.ledger.Erase(t.Context(), name, run.Number); err != nil {
		t.Error(err)
	}
	if left := s.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
