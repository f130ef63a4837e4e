package job

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// Forget implements workflow.Ledger. Artifacts go first, then the results that
// named them, and runs last: an interrupted one is begun again by whoever still
// knows of the workflow, which is why the newest run never goes. A result whose
// artifact is in use stays with it, and the next Forget tries again.
func (l *Ledger) Forget(ctx context.Context, name string, keep []int) (kept []string, err error) {
	defer l.reads.forget()
	all, err := l.docker.ListVolumes(ctx, map[string]string{docker.LabelWorkflow: name})
	if err != nil {
		return nil, err
	}
	f, err := l.sort(all, name, keep)
	if err != nil {
		return nil, err
	}
	if err := l.remove(ctx, f.superseded); err != nil {
		return nil, err
	}
	for _, e := range f.results {
		sentence, err := l.forgetResult(ctx, e, f)
		switch {
		case err != nil:
			return kept, err
		case sentence != "":
			kept = append(kept, sentence)
		}
	}
	return kept, l.remove(ctx, f.runs)
}

// Erase implements workflow.Ledger.
func (l *Ledger) Erase(ctx context.Context, name string, through int) error {
	defer l.reads.forget()
	volumes, err := l.volumes(ctx, docker.KindRun, name)
	if err != nil {
		return err
	}
	current, superseded, err := runs(volumes, name)
	if err != nil {
		return err
	}
	of := slices.SortedFunc(maps.Values(current), func(a, b entry[workflow.Run]) int { return cmp.Compare(a.value.Number, b.value.Number) })
	for _, run := range of {
		if run.value.Number > through { // of whoever has come since
			break
		}
		if err := l.remove(ctx, append(slices.Clone(superseded[numberOf(run.value)]), run.volume)); err != nil {
			return err
		}
	}
	return nil
}

// forgetResult removes a result with its artifact, unless that is in use: then
// it says so.
func (l *Ledger) forgetResult(ctx context.Context, e entry[workflow.Result], f *forgetting) (kept string, err error) {
	if a := e.value.Artifact; a != nil && !f.wanted[a.Digest] {
		err := l.artifacts.Discard(ctx, a.Digest, f.namers())
		if errors.Is(err, docker.ErrConflict) {
			return fmt.Sprintf("The artifact %s of step %q is kept: %s", a.Volume, e.value.Step, err), nil
		}
		if err != nil {
			return "", fmt.Errorf("removing the artifact %s: %w", a.Volume, err)
		}
	}
	return "", l.remove(ctx, []string{e.volume})
}

// forgetting is what is to go and what stays.
type forgetting struct {
	results    []entry[workflow.Result]
	runs       []string        // volumes
	newest     string          // volume of the newest run, where none is to be kept
	superseded []string        // volumes
	wanted     map[string]bool // digests of artifacts that stay
}

// namers are the volumes that name artifacts and are about to go.
func (f *forgetting) namers() []string {
	out := append(slices.Clone(f.runs), f.newest)
	for _, e := range f.results {
		out = append(out, e.volume)
	}
	return out
}

// want keeps the artifact that a result names.
func (f *forgetting) want(r workflow.Result) {
	if r.Artifact != nil {
		f.wanted[r.Artifact.Digest] = true
	}
}

func (l *Ledger) sort(all []docker.Volume, name string, keep []int) (*forgetting, error) {
	f := &forgetting{wanted: map[string]bool{}}
	allRuns, olderRuns, err := runs(all, name)
	if err != nil {
		return nil, err
	}
	allResults, olderResults, err := results(all, name)
	if err != nil {
		return nil, err
	}
	newest := 0
	for _, run := range allRuns {
		newest = max(newest, run.value.Number)
	}
	hashes, oldest := map[string]bool{}, time.Time{}
	for key, run := range allRuns {
		f.superseded = append(f.superseded, olderRuns[key]...)
		if len(keep) == 0 && run.value.Number == newest {
			f.newest = run.volume
			continue
		}
		if !slices.Contains(keep, run.value.Number) {
			f.runs = append(f.runs, run.volume)
			continue
		}
		if began := run.value.StartedAt; oldest.IsZero() || began.Before(oldest) {
			oldest = began
		}
		for _, r := range run.value.Results {
			hashes[r.Hash] = true
			f.want(r)
		}
	}
	for hash, result := range allResults {
		f.superseded = append(f.superseded, olderResults[hash]...)
		// A run that was killed has no record yet: what it came to is younger
		// than the oldest run that is kept, and may still save a training.
		if hashes[hash] || !oldest.IsZero() && result.value.FinishedAt.After(oldest) {
			f.want(result.value)
			continue
		}
		f.results = append(f.results, result)
	}
	slices.SortFunc(f.results, func(a, b entry[workflow.Result]) int { return strings.Compare(a.volume, b.volume) })
	slices.Sort(f.runs)
	slices.Sort(f.superseded)
	return f, nil
}
