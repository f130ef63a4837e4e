package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/rollout"
)

// logLines is how much of a failed replica's log an error shows.
const logLines = 50

// explain turns the error of an action into what its user needs to know. It
// runs before the rollback, while the evidence is still there.
func (c *change) explain(ctx context.Context, plan rollout.Plan, cause error) *deployment.Failure {
	var at *actionError
	if !errors.As(cause, &at) {
		return &deployment.Failure{What: cause.Error(), Err: cause}
	}
	revision := fmt.Sprintf("Revision %d (image %s)", plan.Revision, deployment.FamiliarImage(c.spec.Image))
	f := &deployment.Failure{Err: cause, Advice: "Fix the cause and apply again."}
	var unready *notReady
	var wrong *wrongAnswer
	var told *deployment.Failure
	switch {
	case errors.As(at.err, &told): // by whoever met it
		return told
	case errors.Is(cause, context.Canceled):
		f.What, f.Advice = "The change was interrupted.", "Apply again."
		return f
	case errors.Is(cause, context.DeadlineExceeded):
		f.What, f.Advice = fmt.Sprintf("The operation's timeout ended while it was to %s.", at.action), "Raise timeouts, or find out what was slow, and apply again."
	case errors.As(at.err, &unready):
		f.What = revision + " " + unready.Error() + "."
		f.Advice, f.Attribute = c.advise(unready)
	case errors.As(at.err, &wrong):
		c.explainAnswer(f, revision, at.action.Replica.Name, wrong)
	case at.action.Op == rollout.OpStart:
		c.explainStart(ctx, f, at)
	default:
		f.What, f.Advice = fmt.Sprintf("It was not possible to %s: %s.", at.action, at.err), "Apply again once the cause is mended."
		return f
	}
	if at.id != "" {
		f.Replicas = append(f.Replicas, c.evidence(ctx, at, unready))
	}
	return f
}

func (c *change) advise(e *notReady) (advice, attribute string) {
	switch {
	case e.container.State.OOMKilled:
		return "Raise resources.memory, or fix the image, and apply again.", "resources.memory"
	case strings.HasPrefix(e.what, " within"):
		return "Raise readiness.startup_timeout if the model needs longer to load, or fix what the log shows, and apply again.", "readiness"
	default:
		return "Fix what the log shows, and apply again.", ""
	}
}

// explainStart names what most often keeps a container from starting.
func (c *change) explainStart(ctx context.Context, f *deployment.Failure, at *actionError) {
	text := at.err.Error()
	f.What = fmt.Sprintf("Replica %s could not be started: %s.", at.action.Replica.Name, strings.TrimSuffix(text, "."))
	if !strings.Contains(text, "port is already allocated") && !strings.Contains(text, "address already in use") {
		return
	}
	f.Attribute = "ports"
	f.Advice = "Choose another host_port, or free this one, and apply again."
	for _, p := range c.spec.Ports {
		if p.Host == 0 || !strings.Contains(text, fmt.Sprint(p.Host)) {
			continue
		}
		f.What = fmt.Sprintf("Replica %s could not be started: host port %d is taken by %s.",
			at.action.Replica.Name, p.Host, c.portHolder(ctx, p.Host, at.id))
	}
}

// portHolder names who publishes a host port.
func (c *change) portHolder(ctx context.Context, port int, except string) string {
	const unknown = "a process outside of Docker"
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	all, err := c.engine.docker.ListContainers(ctx, nil)
	if err != nil {
		return unknown
	}
	var ids []string
	for _, s := range all {
		if s.State == "running" && s.ID != except {
			ids = append(ids, s.ID)
		}
	}
	found, err := c.engine.inspectAll(ctx, ids, docker.Container{})
	if err != nil {
		return unknown
	}
	for _, f := range found {
		if slices.ContainsFunc(f.Ports, func(p docker.PublishedPort) bool { return p.Host == port }) {
			return fmt.Sprintf("container %s (ID %s)", f.Name, deployment.ShortID(f.ID))
		}
	}
	return unknown
}

// evidence is what a failed replica leaves behind; secrets are redacted.
func (c *change) evidence(ctx context.Context, at *actionError, unready *notReady) deployment.ReplicaFailure {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	r := deployment.ReplicaFailure{Name: at.action.Replica.Name}
	found, err := c.engine.docker.InspectContainer(ctx, at.id)
	if err == nil {
		r.Name = cmp.Or(found.Name, r.Name)
	}
	if unready != nil {
		r.LastAnswer = deployment.Redact(unready.lastAnswer, c.spec.Secrets.Values)
		found = unready.container // as it was when it was given up
	}
	if s := found.State; found.HostConfig != nil && (at.action.Op == rollout.OpAwait || at.action.Op == rollout.OpValidate) {
		r.Exited = !s.Running || s.Restarting || found.RestartCount > 0
		r.ExitCode, r.OOMKilled = s.ExitCode, s.OOMKilled
		r.MemLimit, r.Restarts = found.HostConfig.Memory, found.RestartCount
	}
	lines, err := c.engine.docker.ContainerLogs(ctx, at.id, logLines)
	if err != nil {
		r.LogsError = err.Error()
		return r
	}
	text := deployment.Redact(strings.Join(lines, "\n"), c.spec.Secrets.Values)
	if text != "" {
		r.Logs = strings.Split(text, "\n")
	}
	return r
}

// serving is the sentence that says what answers now.
func serving(s deployment.Status, kept bool) string {
	running := 0
	for _, r := range s.Replicas {
		if r.State == deployment.StateRunning && r.Name == deployment.SlotName(s.Spec.Name, r.Slot) {
			running++
		}
	}
	of := fmt.Sprintf("Revision %d (%s)", s.Revision, deployment.FamiliarImage(s.Spec.Image))
	if s.Revision == 0 {
		of = fmt.Sprintf("The adopted container (%s)", deployment.FamiliarImage(s.Spec.Image))
	}
	switch {
	case len(s.Replicas) == 0 && kept:
		return "Nothing was serving before."
	case len(s.Replicas) == 0:
		return "Nothing was serving before, and nothing is left behind."
	case running == 0:
		return of + " is not serving on any replica."
	default:
		return fmt.Sprintf("%s is still serving on %d of %d replicas.", of, running, max(s.Spec.Replicas, running))
	}
}
