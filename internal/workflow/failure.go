package workflow

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// Failure is what a failed run tells its user, in the one grammar of this
// provider: what happened, what serves now, what to do next.
type Failure struct {
	What      string            // e.g. `Step "train" failed: it exited with code 1.`
	Attribute string            // path of the attribute to blame, e.g. `steps[0].training.resources.memory`; "" for none
	Container *ContainerFailure // the job that failed; nil for none
	// Deployment is the failure of a deployment step, which says itself what
	// serves and what to do; nil for others.
	Deployment *deployment.Failure
	Serving    string // what the workflow's deployments do now
	Advice     string // one or two sentences
	Err        error  // the cause, for errors.Is
}

// ContainerFailure is the evidence of a failed job.
type ContainerFailure struct {
	Name      string
	Logs      []string // last lines, oldest first, already redacted
	LogsError string   // why there are none
}

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// Error renders the whole text. It is multi-line and ends without a newline.
// Everything in it that came from a container or a daemon is sanitised.
func (f *Failure) Error() string {
	var b strings.Builder
	line := func(s string) {
		if s != "" {
			b.WriteString(deployment.Sanitise(s) + "\n")
		}
	}
	line(f.What)
	if f.Deployment != nil {
		line(f.Deployment.Error())
	}
	if f.Container != nil {
		f.Container.writeLogs(&b)
	}
	line(f.Serving)
	line(f.Advice)
	return strings.TrimRight(b.String(), "\n")
}

func (c *ContainerFailure) writeLogs(b *strings.Builder) {
	switch {
	case len(c.Logs) > 0:
		fmt.Fprintf(b, "\nLast log lines of %s:\n", c.Name)
		for _, l := range c.Logs {
			b.WriteString("  " + strings.ReplaceAll(deployment.Sanitise(l), "\n", "\n  ") + "\n")
		}
		b.WriteString("\n")
	case c.LogsError != "":
		fmt.Fprintf(b, "The log of %s cannot be read: %s\n", c.Name, deployment.Sanitise(c.LogsError))
	}
}

// clauseOf says what happened to a step, in one clause, e.g. `it exited with code 1`.
func (s situation) clauseOf(c *cause) string {
	switch c.kind {
	case causeExit:
		return exit(*s.attempt.job)
	case causeTimeout:
		return fmt.Sprintf("it did not end within %s and was stopped", s.step().Timeout)
	case causeOutput:
		return "its output cannot be used: " + strings.TrimSuffix(text(c.err), ": "+ErrOutput.Error())
	case causeGate:
		var missed []string
		for _, m := range c.missed {
			missed = append(missed, m.String())
		}
		return strings.Join(missed, "; ")
	case causeState:
		return fmt.Sprintf("container %q is broken: %s", s.step().Deployment.Name, strings.TrimSuffix(s.attempt.view.status.Reason, "."))
	case causeError:
	}
	if plain := plainly(c.err); plain != "" {
		first, _, _ := strings.Cut(plain, "\n")
		return fmt.Sprintf("it could not %s: %s", c.doing, strings.TrimSuffix(first, "."))
	}
	if failure := failureOf(c.err); failure != nil {
		return fmt.Sprintf("deployment %q failed: %s", s.step().Deployment.Name, strings.TrimSuffix(failure.What, "."))
	}
	return fmt.Sprintf("it could not %s: %s", c.doing, text(c.err))
}

// failureOf is the failure of a deployment that err is, nil when it is none.
func failureOf(err error) *deployment.Failure {
	var failure *deployment.Failure
	if errors.As(err, &failure) {
		return failure
	}
	return nil
}

// plainly is the text of an error that says itself what to do; "" for others.
func plainly(err error) string {
	for _, itself := range []error{deployment.ErrOwner, deployment.ErrForeign, deployment.ErrLocked} {
		if errors.Is(err, itself) && failureOf(err) == nil {
			return err.Error()
		}
	}
	return ""
}

// text is an error inside of a sentence.
func text(err error) string { return strings.TrimSuffix(strings.TrimSpace(err.Error()), ".") }

// exit says how a container ended: `it exited with code 137: out of memory, limit 512 MiB`.
func exit(job JobStatus) string {
	out := fmt.Sprintf("it exited with code %d", job.ExitCode)
	switch {
	case job.OOMKilled && job.MemLimit > 0:
		return out + ": out of memory, limit " + deployment.BinaryUnits(job.MemLimit)
	case job.OOMKilled:
		return out + ": out of memory"
	case job.Error != "":
		return out + ": " + strings.TrimSuffix(job.Error, ".")
	}
	return out
}

// message is what a result says of the failure: one sentence, safe to print.
func (s situation) message(c *cause) string {
	return s.redacted(capitalised(s.clauseOf(c)) + ".")
}

// redacted hides the values of all secrets of the workflow and makes text that
// came from outside safe to print.
func (s situation) redacted(text string) string {
	return deployment.Sanitise(deployment.Redact(text, s.spec.secrets()))
}

// secrets are the values of all write-only variables of the steps.
func (s Spec) secrets() map[string]string {
	out := map[string]string{}
	for i, step := range s.Steps {
		values := map[string]string{}
		if job := step.job(); job != nil {
			values = job.Secrets.Values
		} else if step.Deployment != nil {
			values = step.Deployment.Secrets.Values
		}
		for key, value := range values {
			out[fmt.Sprintf("%d %s", i, key)] = value
		}
	}
	return out
}

// capitalised begins a sentence, unless it begins with a metric.
func capitalised(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// attribute is the path of what is to blame in the step under way.
func (s situation) attribute(c *cause) string {
	step := s.step()
	at := fmt.Sprintf("steps[%d]", s.index())
	switch inside := fmt.Sprintf("%s.%s", at, step.Kind()); {
	case c.kind == causeTimeout:
		return at + ".timeout"
	case c.kind == causeGate && len(c.missed) == 1:
		return fmt.Sprintf("%s.gate[%q]", inside, c.missed[0].Metric)
	case failureOf(c.err) != nil && failureOf(c.err).Attribute != "":
		return inside + "." + failureOf(c.err).Attribute
	case c.attribute != "":
		return inside + "." + c.attribute
	default:
		return inside
	}
}

// advice is what to do about a failed step.
func (s situation) advice(c *cause) string {
	const kept = " What succeeded before is not run again."
	switch {
	case failureOf(c.err) != nil, plainly(c.err) != "":
		return ""
	case c.kind == causeExit && s.attempt.job.OOMKilled:
		return "Raise resources.memory of the step, or let it use less, and apply again." + kept
	case c.kind == causeExit:
		return "Fix what the log shows, and apply again." + kept
	case c.kind == causeTimeout:
		return "Raise the timeout of the step if it needs longer, or fix what the log shows, and apply again." + kept
	case c.kind == causeOutput:
		return "Fix what the job writes, or what the step expects of it, and apply again." + kept
	case c.kind == causeGate:
		return "Train a better model, or change the gate, and apply again."
	case c.kind == causeState:
		return fmt.Sprintf("Repair or remove container %q, and apply again.", s.step().Deployment.Name)
	}
	return "Apply again once the cause is mended." + kept
}
