package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// stored is what comes back of what is kept as JSON.
func stored[T any](value T) T {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	var out T
	if err := json.Unmarshal(encoded, &out); err != nil {
		panic(err)
	}
	return out
}

// Lock implements Ledger.
func (w *world) Lock(ctx context.Context, workflow string) (func(context.Context) error, error) {
	err := w.call(ctx, "lock", false, func() error {
		if w.locked {
			return &deployment.LockedError{Kind: "workflow", Name: workflow, Host: "elsewhere", Session: "s", Since: epoch, Waited: time.Minute}
		}
		w.locked, w.stale = true, false
		return nil
	})
	unlock := func(ctx context.Context) error {
		return w.call(ctx, "unlock", false, func() error { w.locked = false; return nil })
	}
	return unlock, err
}

// Results implements Ledger.
func (w *world) Results(ctx context.Context, _ string) (out map[string]Result, err error) {
	err = w.call(ctx, "results", false, func() error { out = maps.Clone(w.results); return nil })
	return out, err
}

// Keep implements Ledger.
func (w *world) Keep(ctx context.Context, _, _ string, result Result) error {
	return w.call(ctx, "keep "+result.Step, true, func() error {
		if result.Hash == "" || result.Status != Succeeded || Hash(result.Inputs) != result.Hash {
			w.breach("an incomplete result is kept: %+v", result)
		}
		w.results[result.Hash] = stored(result)
		return nil
	})
}

// Runs implements Ledger.
func (w *world) Runs(ctx context.Context, _ string) (out []Run, err error) {
	err = w.call(ctx, "runs", false, func() error {
		out = slices.Clone(w.runs)
		slices.SortFunc(out, func(a, b Run) int { return cmp.Compare(b.Number, a.Number) })
		return nil
	})
	return out, err
}

// Unreleased implements Ledger.
func (w *world) Unreleased(ctx context.Context, _ string) (left string, err error) {
	err = w.call(ctx, "unreleased", false, func() error {
		if w.stale {
			left = "The lock is left."
		}
		return nil
	})
	return left, err
}

// Record implements Ledger.
func (w *world) Record(ctx context.Context, run Run) error {
	return w.call(ctx, fmt.Sprintf("record %d %s", run.Number, cmp.Or(run.Status, "unfinished")), true, func() error {
		run = stored(run)
		w.runs = slices.DeleteFunc(w.runs, func(r Run) bool { return r.Number == run.Number })
		w.runs = append(w.runs, run)
		return nil
	})
}

// Forget implements Ledger.
func (w *world) Forget(ctx context.Context, _ string, keep []int) (kept []string, err error) {
	err = w.call(ctx, "forget", false, func() error {
		newest := 0
		for _, r := range w.runs {
			newest = max(newest, r.Number)
		}
		w.runs = slices.DeleteFunc(w.runs, func(r Run) bool {
			return !slices.Contains(keep, r.Number) && (len(keep) > 0 || r.Number < newest)
		})
		named := map[string]bool{}
		for _, run := range w.runs {
			for _, r := range run.Results {
				named[r.Hash] = slices.Contains(keep, run.Number)
			}
		}
		maps.DeleteFunc(w.results, func(hash string, _ Result) bool { return !named[hash] })
		maps.DeleteFunc(w.artifacts, func(d string, _ bool) bool { return !w.referred(d) && !w.serves(d) })
		for d := range w.artifacts {
			if !w.referred(d) {
				kept = append(kept, "the artifact "+d[:12])
			}
		}
		return nil
	})
	return kept, err
}

// Erase implements Ledger.
func (w *world) Erase(ctx context.Context, _ string, through int) error {
	return w.call(ctx, fmt.Sprintf("erase %d", through), true, func() error {
		if w.locked {
			w.breach("a workflow is erased under its lock: killed now, it would leave that")
		}
		w.runs = slices.DeleteFunc(w.runs, func(r Run) bool { return r.Number <= through })
		return nil
	})
}

// referred reports whether a kept result has the artifact.
func (w *world) referred(digest string) bool {
	for _, r := range w.results {
		if r.Artifact != nil && r.Artifact.Digest == digest {
			return true
		}
	}
	return false
}

func (w *world) serves(digest string) bool {
	for _, s := range w.services {
		if s.Spec.Model != nil && s.Spec.Model.Digest == digest {
			return true
		}
	}
	return false
}

// Present implements Ledger.
func (w *world) Present(ctx context.Context, a deployment.Artifact) (ok bool, err error) {
	err = w.call(ctx, "present", false, func() error { ok = w.artifacts[a.Digest]; return nil })
	return ok, err
}

// services are the deployments of the world.
type services world

func (s *services) Preview(ctx context.Context, spec deployment.Spec) (p deployment.Preview, err error) {
	w := (*world)(s)
	err = w.call(ctx, "preview", false, func() error { p = w.preview(spec); return nil })
	return p, err
}

func (w *world) preview(spec deployment.Spec) (p deployment.Preview) {
	have, ok := w.services[spec.Name]
	if !ok || deployment.Fingerprint(have.Spec) != deployment.Fingerprint(spec) || have.State != deployment.StateRunning {
		p.Actions = []string{"create " + spec.Name + ".r1.0", "start " + spec.Name + ".r1.0"}
		p.Replaces = true
	}
	return p
}

func (s *services) Apply(ctx context.Context, spec deployment.Spec) (status deployment.Status, err error) {
	w := (*world)(s)
	err = w.call(ctx, "deploy "+spec.Name, true, func() error {
		w.checkDeploy(spec)
		changed := len(w.preview(spec).Actions) > 0
		have, ok := w.services[spec.Name]
		if !ok {
			have = &service{}
			w.services[spec.Name] = have
		}
		if changed {
			have.Revision++
		}
		have.Spec, have.State, have.Recorded, have.Managed = spec, deployment.StateRunning, true, true
		have.Replicas = []deployment.Replica{{Name: spec.Name, State: deployment.StateRunning}}
		status = have.Status
		return nil
	})
	return status, err
}

func (s *services) Status(ctx context.Context, name string) (status deployment.Status, err error) {
	w := (*world)(s)
	err = w.call(ctx, "status", false, func() error {
		have, ok := w.services[name]
		if !ok {
			return deployment.ErrNotFound
		}
		status = have.Status
		return nil
	})
	return status, err
}

func (s *services) Start(ctx context.Context, name string) error {
	w := (*world)(s)
	return w.call(ctx, "resume "+name, true, func() error {
		w.services[name].State = deployment.StateRunning
		return nil
	})
}

func (s *services) Remove(ctx context.Context, r deployment.Removal) error {
	w := (*world)(s)
	return w.call(ctx, "retire "+r.Name, true, func() error {
		if have, ok := w.services[r.Name]; ok && have.foreign {
			w.breach("%s is removed, which the workflow did not make", r.Name)
		}
		delete(w.services, r.Name)
		return nil
	})
}
