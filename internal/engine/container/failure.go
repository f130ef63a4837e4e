package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/probe"
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
	var foreign *deployment.ForeignError
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
		c.explainStart(ctx, f, revision, at)
	case errors.As(at.err, &foreign): // under a name that cannot be taken over by itself
		f.What = fmt.Sprintf("It was not possible to %s.\nContainer %q (ID %s, image %s) exists and was not made by this provider.",
			at.action, foreign.Container, deployment.ShortID(foreign.ID), foreign.Image)
		f.Advice = "Remove or rename it, and apply again."
		return f
	default:
		f.What, f.Advice = fmt.Sprintf("It was not possible to %s: %s.", at.action, at.err), "Apply again once the cause is mended."
		return f
	}
	if at.id != "" {
		f.Replicas = append(f.Replicas, c.evidence(ctx, at, unready))
	}
	return f
}

// halfway is an error from beside the plan's own actions, with what serves and
// what to do; what is the beginning of its sentence. Errors that say all that by
// themselves stay as they are.
func (c *change) halfway(ctx context.Context, err error, what string) error {
	var told *deployment.Failure
	var locked *deployment.LockedError
	var owner *deployment.OwnerError
	if errors.As(err, &told) || errors.As(err, &locked) || errors.As(err, &owner) || c.again(ctx, err) {
		return err
	}
	f := &deployment.Failure{
		What: fmt.Sprintf("%s: %s.", what, strings.TrimSuffix(err.Error(), ".")), Err: err,
		Serving: c.serving(ctx, true), Advice: "Apply again: it goes on from what is there.",
	}
	switch {
	case errors.Is(err, context.Canceled):
		f.What = what + ": the change was interrupted."
	case errors.Is(err, context.DeadlineExceeded):
		f.Advice = "Raise timeouts, or find out what was slow. " + f.Advice
	}
	return f
}

func (c *change) advise(e *notReady) (advice, attribute string) {
	switch {
	case e.container.State.OOMKilled:
		return "Raise resources.memory, or fix the image, and apply again.", "resources.memory"
	case strings.HasPrefix(e.what, " within"):
		return c.adviseLate(e.lastAnswer), "readiness"
	default:
		return "Fix what the log shows, and apply again.", ""
	}
}

// adviseLate is for a replica that runs and is not ready in time. Besides being
// slow it can be asked in the wrong place, which its last answer tells of.
func (c *change) adviseLate(last probe.Answer) string {
	const slow = "Raise readiness.startup_timeout if the model needs longer to load, or fix what the log shows, and apply again."
	port, attribute := c.spec.Port, "port"
	if r := c.spec.Readiness; r != nil && r.Port != 0 {
		port, attribute = r.Port, "readiness.port"
	}
	switch {
	case last.Refused:
		return fmt.Sprintf("Nothing listens on %s %d: the server has to, and on all addresses (0.0.0.0 or [::], not 127.0.0.1 alone). ", attribute, port) + slow
	case last.Status == http.StatusNotFound:
		return "The server does not know readiness.path: correct it if that does not come with the model. " + slow
	default:
		return slow
	}
}

// explainStart names what most often keeps a container from starting.
func (c *change) explainStart(ctx context.Context, f *deployment.Failure, revision string, at *actionError) {
	text, replica := at.err.Error(), at.action.Replica.Name
	f.What = fmt.Sprintf("%s could not be started.\nReplica %s: %s.", revision, replica, strings.TrimSuffix(text, "."))
	if !strings.Contains(text, "port is already allocated") && !strings.Contains(text, "address already in use") {
		return
	}
	f.Attribute = "ports"
	f.Advice = "Choose another host_port, or free this one, and apply again."
	port := refusedPort(text)
	if i := slices.IndexFunc(c.spec.Ports, func(p deployment.Port) bool { return p.Host == port }); port > 0 && i >= 0 {
		f.What = fmt.Sprintf("%s could not be started.\nReplica %s needs host port %d, which %s has.", revision, replica, port, c.portHolder(ctx, port, at.id))
	}
}

// bindingRE is an address of the host with its port, which an engine's words may
// go on to map to a container's: 0.0.0.0:8501, [::]:8501.
var bindingRE = regexp.MustCompile(`[0-9\]]:([0-9]{1,5})\b`)

// refusedPort is the host port that an engine says it could not bind, 0 for none.
func refusedPort(text string) int {
	found := bindingRE.FindStringSubmatch(text)
	if found == nil {
		return 0
	}
	port, _ := strconv.Atoi(found[1]) // digits
	return port
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
		r.LastAnswer = deployment.Redact(unready.lastAnswer.Text, c.spec.Secrets.Values)
		found = unready.container // as it was when it was given up
	}
	if s := found.State; found.HostConfig != nil && (at.action.Op == rollout.OpAwait || at.action.Op == rollout.OpValidate) {
		r.Exited = !s.Running || s.Restarting || found.RestartCount > 0
		r.ExitCode, r.OOMKilled = s.ExitCode, s.OOMKilled
		r.MemLimit, r.Restarts = found.HostConfig.Memory, found.RestartCount
	}
	c.lastWords(ctx, at.id, &r)
	return r
}

// lastWords reads the end of a replica's log.
func (c *change) lastWords(ctx context.Context, id string, r *deployment.ReplicaFailure) {
	lines, err := c.engine.docker.ContainerLogs(ctx, id, logLines)
	if err != nil {
		r.LogsError = err.Error()
		return
	}
	r.LogsError = ""
	text := deployment.Redact(strings.Join(lines, "\n"), c.spec.Secrets.Values)
	if text != "" {
		r.Logs = strings.Split(text, "\n")
	}
}

// lookAgain reads the log that could not be read at first, of a replica that is
// to go: an engine answers nothing about a container while it starts it, and one
// that is busy starts a crashing one nearly all the time. Stopped, it is quiet.
func (c *change) lookAgain(ctx context.Context, cause error, f *deployment.Failure) {
	var at *actionError
	if !errors.As(cause, &at) || !c.failed[at.id] || len(f.Replicas) == 0 || f.Replicas[0].LogsError == "" {
		return
	}
	if err := c.engine.docker.StopContainer(ctx, at.id, failedGrace); err == nil {
		c.lastWords(ctx, at.id, &f.Replicas[0])
	}
}
