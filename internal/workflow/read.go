package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Read returns the newest run, and as its Drift what has changed since. It runs
// nothing. deployment.ErrNotFound when there is no such workflow.
func (r *Runner) Read(ctx context.Context, name string) (Run, error) {
	runs, err := r.ledger.Runs(ctx, name)
	if err != nil {
		return Run{}, err
	}
	if len(runs) == 0 || runs[0].Destroyed {
		return Run{}, fmt.Errorf("workflow %q: %w", name, deployment.ErrNotFound)
	}
	run := runs[0]
	if run.Status == "" {
		run.Drift = append(run.Drift, fmt.Sprintf("Run %d was interrupted before it came to its end.", run.Number))
	}
	left, err := r.ledger.Unreleased(ctx, name)
	if err != nil {
		return Run{}, err
	}
	if left != "" {
		run.Drift = append(run.Drift, left)
	}
	for _, result := range standing(runs) {
		drift, err := r.driftOf(ctx, result)
		if err != nil {
			return Run{}, err
		}
		for _, sentence := range drift {
			if !slices.Contains(run.Drift, sentence) {
				run.Drift = append(run.Drift, sentence)
			}
		}
	}
	return run, nil
}

// standing are the results that something can have happened to since: those of
// the newest run and, unless it succeeded, of the newest that did, whose
// deployments serve on.
func standing(runs []Run) []Result {
	newest := runs[0]
	if newest.Status == Succeeded {
		return newest.Results
	}
	for _, earlier := range runs[1:] {
		if earlier.Destroyed { // nothing serves since
			break
		}
		if earlier.Status == Succeeded {
			return slices.Concat(newest.Results, earlier.Results)
		}
	}
	return newest.Results
}

func (r *Runner) driftOf(ctx context.Context, result Result) ([]string, error) {
	switch {
	case result.Status == Failed, result.Status == Skipped:
		return nil, nil
	case result.Artifact != nil:
		present, err := r.ledger.Present(ctx, *result.Artifact)
		if err != nil || present {
			return nil, err
		}
		return []string{fmt.Sprintf("The artifact of step %q (volume %s) is gone or not complete.", result.Step, result.Artifact.Volume)}, nil
	case result.Kind != KindDeployment:
		return nil, nil
	}
	status, err := r.deployments.Status(ctx, result.Deployment)
	switch {
	case errors.Is(err, deployment.ErrNotFound) && result.Owned:
		return []string{fmt.Sprintf("Deployment %q of step %q is gone.", result.Deployment, result.Step)}, nil
	case errors.Is(err, deployment.ErrNotFound):
		return []string{fmt.Sprintf("Container %q, which step %q refers to, is gone.", result.Deployment, result.Step)}, nil
	case err != nil:
		return nil, err
	case !result.Owned && status.State != deployment.StateRunning:
		return []string{fmt.Sprintf("Container %q, which step %q refers to, is %s.", result.Deployment, result.Step, status.State)}, nil
	case !result.Owned:
		return nil, nil
	}
	var out []string
	for _, d := range status.Drift {
		out = append(out, d.Text)
	}
	return out, nil
}
