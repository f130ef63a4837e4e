package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// Forget implements workflow.Ledger. Results go first and runs last, so that an
// interrupted one is begun again by whoever still knows of the workflow.
// Between a result and its artifact stands a note that the artifact is to be
// removed: it survives a crash, and waits while the artifact is in use.
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
	if err := l.note(ctx, name, f); err != nil {
		return nil, err
	}
	if err := l.remove(ctx, f.results); err != nil {
		return nil, err
	}
	if kept, err = l.collect(ctx, f); err != nil {
		return kept, err
	}
	return kept, l.remove(ctx, f.runs)
}

// forgetting is what is to go and what stays.
type forgetting struct {
	results, runs []string                       // volumes to remove
	wanted        map[string]bool                // digests of artifacts that stay
	unwanted      map[string]deployment.Artifact // by digest: those that no result names any more
	notes         map[string]string              // digest to volume
}

func (l *Ledger) sort(all []docker.Volume, name string, keep []int) (*forgetting, error) {
	f := &forgetting{wanted: map[string]bool{}, unwanted: map[string]deployment.Artifact{}, notes: map[string]string{}}
	oldRuns, oldEditions, err := runs(all, name)
	if err != nil {
		return nil, err
	}
	hashes, oldest := map[string]bool{}, time.Time{}
	for key, run := range oldRuns {
		f.runs = append(f.runs, oldEditions[key]...)
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
	oldResults, editions, err := results(all, name)
	if err != nil {
		return nil, err
	}
	for hash, result := range oldResults {
		f.results = append(f.results, editions[hash]...)
		// A run that was killed has no record yet: what it came to is younger
		// than the oldest run that is kept, and may still save a training.
		if hashes[hash] || !oldest.IsZero() && result.value.FinishedAt.After(oldest) {
			f.want(result.value)
			continue
		}
		f.results = append(f.results, result.volume)
		if a := result.value.Artifact; a != nil {
			f.unwanted[a.Digest] = *a
		}
	}
	for _, v := range all {
		if v.Labels[docker.LabelKind] == docker.KindForgotten {
			f.notes[v.Labels[docker.LabelForgotten]] = v.Name
		}
	}
	slices.Sort(f.results)
	slices.Sort(f.runs)
	return f, nil
}

// want keeps what a result names.
func (f *forgetting) want(r workflow.Result) {
	if r.Artifact != nil {
		f.wanted[r.Artifact.Digest] = true
	}
}

// note writes down which artifacts are to be removed, before the results that
// name them go.
func (l *Ledger) note(ctx context.Context, name string, f *forgetting) error {
	for _, digest := range slices.Sorted(maps.Keys(f.unwanted)) {
		if f.wanted[digest] || f.notes[digest] != "" {
			continue
		}
		volume := "mlops-forgotten." + name + "." + shortHash(digest)
		err := l.docker.CreateVolume(ctx, volume, map[string]string{
			docker.LabelKind: docker.KindForgotten, docker.LabelWorkflow: name, docker.LabelForgotten: digest,
		})
		if err != nil {
			return fmt.Errorf("writing %s: %w", volume, err)
		}
		f.notes[digest] = volume
	}
	return nil
}

// collect removes the artifacts that were noted. One that is in use stays
// noted, and the next Forget tries again.
func (l *Ledger) collect(ctx context.Context, f *forgetting) (kept []string, err error) {
	for _, digest := range slices.Sorted(maps.Keys(f.notes)) {
		if !f.wanted[digest] {
			err := l.artifacts.Remove(ctx, digest)
			if errors.Is(err, docker.ErrConflict) {
				kept = append(kept, err.Error())
				continue
			}
			if err != nil {
				return kept, fmt.Errorf("removing the artifact %s: %w", digest, err)
			}
		}
		if err := l.remove(ctx, []string{f.notes[digest]}); err != nil {
			return kept, err
		}
	}
	return kept, nil
}
