package workflow

import (
	"cmp"
	"fmt"
	"slices"
)

// why says, in one clause, why a step without a usable result runs: what has
// changed since it was run last. gone is why a kept result cannot be used.
func (h history) why(step Step, v view, gone string) string {
	if gone != "" {
		return gone
	}
	for _, run := range h.runs {
		last := run.Result(step.Name)
		if last == nil || len(last.Inputs) == 0 {
			continue
		}
		names := slices.DeleteFunc(differing(last.Inputs, v.parts), func(name string) bool { return slices.Contains(v.unknown, name) })
		switch {
		case len(names) > 0:
			return changed(names)
		case len(v.unknown) > 0:
			return missing(v.unknown)
		case last.Status == Failed:
			return fmt.Sprintf("it failed in run %d", run.Number)
		}
		return "its result is gone"
	}
	if len(v.unknown) > 0 {
		return missing(v.unknown)
	}
	return "it has no result yet"
}

// missing names parts that cannot be had at plan.
func missing(names []string) string {
	slices.Sort(names)
	if slices.Equal(names, []string{partImage}) {
		return "its image is not on the engine yet"
	}
	return enumerate(names) + " cannot be read yet"
}

// superseded says why a container's work is not the step's.
func (s situation) superseded(job JobStatus) string {
	if s.spent(job) && !job.Running {
		if s.attempt.failed > 0 {
			return fmt.Sprintf("attempt %d failed", s.attempt.failed)
		}
		return "it was stopped, or its output refused"
	}
	for _, run := range s.history.runs {
		for _, r := range run.Results {
			if r.Hash == job.Hash && len(r.Inputs) > 0 {
				return changed(differing(r.Inputs, s.attempt.view.parts))
			}
		}
	}
	if kept, ok := s.history.results[job.Hash]; ok {
		return changed(differing(kept.Inputs, s.attempt.view.parts))
	}
	return "the step has changed since it was started"
}

// clause is the failure in one clause.
func (c *cause) clause() string {
	switch c.kind {
	case causeExit:
		return "it failed"
	case causeTimeout:
		return "its time was up"
	case causeOutput:
		return "its output cannot be used"
	case causeGate:
		return "gate missed"
	case causeState:
		return "its container is broken"
	case causeError:
	}
	return "it could not " + cmp.Or(c.doing, "go on")
}

// idle reports whether nothing has to be done for a deployment.
func (v view) idle() bool { return len(v.preview.Actions) == 0 && !v.policies }

// deploymentReason is the clause that says why a deployment changes.
func (v view) deploymentReason() string {
	switch n := len(v.preview.Actions); n {
	case 0:
		return "its policies changed"
	case 1:
		return v.preview.Actions[0]
	default:
		return fmt.Sprintf("%s and %d more", v.preview.Actions[0], n-1)
	}
}
