package workflow

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

var update = flag.Bool("update", false, "write testdata/stories")

// story is what a user sees of a workflow over several applies: what the plan
// says, what runs and why, how it ends. Its text is compared with a golden file.
type story struct {
	t *testing.T
	*world
	text strings.Builder
}

func (s *story) line(format string, args ...any) { fmt.Fprintf(&s.text, format+"\n", args...) }

func (s *story) block(text string) {
	for l := range strings.Lines(text) {
		s.text.WriteString(strings.TrimRight("  "+l, " \n") + "\n")
	}
}

// then tells what happens between two applies.
func (s *story) then(what string, happen func()) {
	s.line("--- %s", what)
	happen()
}

func (s *story) plan(spec Spec) {
	p, err := s.runner(standard).Plan(s.t.Context(), spec)
	s.line("plan of run %d:", p.Run)
	s.block(p.String())
	for _, warning := range p.Warnings {
		s.line("  warning: %s", warning)
	}
	if err != nil {
		s.line("  error: %s", err)
	}
}

func (s *story) apply(spec Spec) { s.applyIn(s.t.Context(), spec) }

func (s *story) applyIn(ctx context.Context, spec Spec) {
	run, actions, err := s.world.apply(ctx, standard, spec)
	s.line("apply:")
	s.block(strings.Join(actions, "\n") + "\n")
	for _, warning := range run.Warnings {
		s.line("  warning: %s", warning)
	}
	s.line("run %d: %s", run.Number, orDefault(string(run.Status), "unfinished"))
	for _, r := range run.Results {
		s.line("  %s", s.describe(r))
	}
	if err != nil {
		s.line("error:")
		s.block(err.Error())
		if f := new(Failure); errors.As(err, &f) && f.Attribute != "" {
			s.line("at %s", f.Attribute)
		}
	}
	s.line("left: %s", s.left())
}

func (s *story) describe(r Result) string {
	text := fmt.Sprintf("%s: %s", r.Step, r.Status)
	if r.Attempt > 0 {
		text += fmt.Sprintf(", attempt %d", r.Attempt)
	}
	if r.ExitCode != nil {
		text += fmt.Sprintf(", exit code %d", *r.ExitCode)
	}
	if r.Artifact != nil {
		text += ", artifact"
	}
	if len(r.Metrics) > 0 {
		text += ", " + string(r.Metrics)
	}
	for _, more := range []string{r.Reason, r.Message} {
		if more != "" {
			text += "; " + more
		}
	}
	return text
}

// left is what there is on the engine.
func (w *world) left() string {
	return fmt.Sprintf("%d containers, %d results, %d artifacts, %d deployments", len(w.containers), len(w.results), len(w.artifacts), len(w.services))
}

func TestStories(t *testing.T) {
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			spec, w := retrain("fit")
			s := &story{t: t, world: w}
			tell(s, spec)
			for _, breach := range w.breaches {
				t.Error(breach)
			}
			file := filepath.Join("testdata", "stories", strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name)+".txt")
			if *update {
				if err := os.WriteFile(file, []byte(s.text.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if s.text.String() != string(golden) {
				t.Errorf("got:\n%s\nwant:\n%s", s.text.String(), golden)
			}
		})
	}
}

// apply lets the clock and the world go on with spec, and expects no error.
func (w *world) mustApply(t *testing.T, spec Spec) Run {
	t.Helper()
	run, actions, err := w.apply(t.Context(), standard, spec)
	if err != nil {
		t.Fatalf("%v\n%s", err, strings.Join(actions, "\n"))
	}
	return run
}

// adopted puts a container into the world that somebody else made.
func (w *world) adopted(name string, state deployment.State) {
	w.services[name] = &service{foreign: true, Status: deployment.Status{State: state, Reason: "exited with code 1 and was not removed", Spec: deployment.Spec{Name: name, Image: "serve:1"}}}
}
