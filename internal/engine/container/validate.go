package container

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/probe"
)

// errWrongAnswer is the sentinel behind every wrongAnswer.
var errWrongAnswer = errors.New("not the answer that was expected")

// wrongAnswer is a golden request that was not answered as expected.
type wrongAnswer struct {
	index   int // of the request in Spec.Validation
	attempt int // from 1
	of      int // attempts
	verdict probe.Verdict
}

func (e *wrongAnswer) Error() string { return fmt.Sprintf("%s %s", e.verdict.Request, e.verdict.Miss) }
func (e *wrongAnswer) Unwrap() error { return errWrongAnswer }

// attribute is the path of the expectation that was missed.
func (e *wrongAnswer) attribute() string {
	return strings.TrimSuffix(fmt.Sprintf("validation[%d].%s", e.index, e.verdict.Attribute), ".")
}

// validate asks a ready replica the golden requests, in order, until one of
// them is not answered as expected. Each has a connection of its own.
func (c *change) validate(ctx context.Context, id string) error {
	c.failed[id] = true
	found, err := c.engine.docker.InspectContainer(ctx, id)
	if err != nil {
		return err
	}
	host := c.engine.network.Address(found)
	for i, v := range c.spec.Validation {
		if v.Body == "" && v.BodyDigest != "" {
			return &deployment.Failure{
				What:      fmt.Sprintf("The body of golden request %d is not known, only its digest (%s).", i+1, v.BodyDigest),
				Attribute: fmt.Sprintf("validation[%d].body", i), Advice: "Set the body in the configuration, and apply again.",
			}
		}
		address := net.JoinHostPort(host, strconv.Itoa(cmp.Or(v.Port, c.spec.Port)))
		repeat := v.WithDefaults().Repeat
		for n := range repeat {
			verdict := probe.Golden(ctx, c.session.Session, probe.Question{Validation: v, Address: address, Secrets: c.spec.Secrets.Values})
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if !verdict.OK() {
				if err := c.sessionGone(ctx); err != nil {
					return err
				}
				return &wrongAnswer{index: i, attempt: n + 1, of: repeat, verdict: verdict}
			}
		}
	}
	delete(c.failed, id)
	return nil
}

// explainAnswer says which golden request was answered how.
func (c *change) explainAnswer(f *deployment.Failure, revision, replica string, e *wrongAnswer) {
	f.What = fmt.Sprintf("%s failed its validation.\nGolden request %d of %d", revision, e.index+1, len(c.spec.Validation))
	if e.of > 1 {
		f.What += fmt.Sprintf(", attempt %d of %d", e.attempt, e.of)
	}
	f.What += fmt.Sprintf(", to replica %s: %s.", replica, e)
	if e.verdict.Answer != "" {
		f.What += "\nThe answer begins: " + e.verdict.Answer
	}
	f.Attribute = e.attribute()
	f.Advice = "Fix the model or the image, or what is expected of it, and apply again."
	if e.verdict.Attribute == "max_latency" {
		f.Advice = "Find out what makes it slow, or raise max_latency, and apply again. The first answer of a model is often its slowest: " +
			"a golden request without max_latency, before this one, warms it up."
	}
}
