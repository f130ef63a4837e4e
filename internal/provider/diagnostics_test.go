package provider

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func TestUnable(t *testing.T) {
	failure := &deployment.Failure{
		What: "Revision 4 did not become ready within 2m0s.", Attribute: "resources.memory",
		Replicas: []deployment.ReplicaFailure{{Name: "iris.r4.0", OOMKilled: true, ExitCode: 137, Logs: []string{"loading"}}},
		Serving:  "Revision 3 is still serving on 2 of 2 replicas.", Advice: "Raise resources.memory.",
	}
	elsewhere := *failure
	elsewhere.Attribute = "the moon"
	const complete = "It broke!"
	for _, tc := range []struct {
		name string
		err  error
		at   string
		want []string
	}{
		{"failure", failure, "resources.memory", []string{"did not become ready", "out of memory", "  loading", "still serving", "Raise resources.memory."}},
		{"wrapped failure", fmt.Errorf("apply: %w", failure), "resources.memory", []string{"did not become ready"}},
		{"failure without a path", &elsewhere, "", []string{"did not become ready"}},
		{"owner", fmt.Errorf("x: %w", &deployment.OwnerError{Name: "iris", Owner: "a", Want: "b"}), "", []string{`"a"`, `"b"`}},
		{"foreign", &deployment.ForeignError{Container: "iris", ID: "sha256:0123456789abcdef", Image: "nginx", Adoptable: true}, "", []string{"adopt_existing", "0123456789ab"}},
		{"locked", &deployment.LockedError{Name: "iris", Host: "ci-7", Session: "mlops.session.1", Since: time.Unix(0, 0)}, "", []string{"ci-7", "1970-01-01T00:00:00Z"}},
		{"unreachable", fmt.Errorf("%w: gone", deployment.ErrUnreachable), "", []string{"The engine cannot be reached: gone.", "The state is unchanged."}},
		{"interrupted", context.Canceled, "", []string{"interrupted", "Apply again"}},
		{"timeout", fmt.Errorf("pull: %w", context.DeadlineExceeded), "", []string{"pull: context deadline exceeded.", "timeouts"}},
		{"unsupported", fmt.Errorf("%w: too old", deployment.ErrUnsupported), "", []string{"Not supported by this engine: too old."}},
		{"other", errors.New("no such image"), "", []string{"No such image."}},
		{"a name first", errors.New("iris.2: gone"), "", []string{"iris.2: gone."}},
		{"sentence already", errors.New(complete), "", []string{complete}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := unable("update", "deployment", "iris", tc.err)
			if d.Severity() != diag.SeverityError || d.Summary() != `Unable to update deployment "iris"` {
				t.Errorf("%s: %s", d.Severity(), d.Summary())
			}
			at := ""
			if with, ok := d.(diag.DiagnosticWithPath); ok {
				at = with.Path().String()
			}
			if at != tc.at {
				t.Errorf("at %q, want %q", at, tc.at)
			}
			for _, want := range tc.want {
				if !strings.Contains(d.Detail(), want) {
					t.Errorf("%q is not in:\n%s", want, d.Detail())
				}
			}
		})
	}
}

func TestUnableWithoutName(t *testing.T) {
	if got := unable("list", "deployments", "", errors.New("x")).Summary(); got != "Unable to list deployments" {
		t.Errorf("got %q", got)
	}
}

// TestDiagnosticsAreSafe: whatever a daemon or a container writes into any part
// of an error reaches no terminal.
func TestDiagnosticsAreSafe(t *testing.T) {
	for name, err := range map[string]error{
		"plain":   errors.New(hostile),
		"owner":   &deployment.OwnerError{Name: hostile, Owner: hostile, Want: hostile},
		"foreign": &deployment.ForeignError{Container: hostile, ID: hostile, Image: hostile},
		"locked":  &deployment.LockedError{Name: hostile, Host: hostile, Session: hostile},
		"gone":    fmt.Errorf("%w: %s", deployment.ErrUnreachable, hostile),
		"late":    fmt.Errorf("%w: %s", context.DeadlineExceeded, hostile),
		"failure": &deployment.Failure{
			What: hostile, Attribute: "image", Serving: hostile, Advice: hostile,
			Replicas: []deployment.ReplicaFailure{{Name: hostile, Exited: true, LastAnswer: hostile, Logs: []string{hostile}}, {Name: hostile, LogsError: hostile}},
		},
	} {
		d := unable("update", "deployment", hostile, err)
		assertSafe(t, name, d)
		if !strings.Contains(d.Detail(), "red") {
			t.Errorf("%s: the text itself is lost: %q", name, d.Detail())
		}
	}
	for _, d := range warnings("deployment", hostile, []string{hostile}) {
		assertSafe(t, "warning", d)
	}
	assertSafe(t, "attribute", attributeError(path.Root("image"), hostile, hostile))
	assertSafe(t, "invalid", invalid(path.Root("env").AtMapKey(hostile), "%s", hostile))
}

func assertSafe(t *testing.T, name string, d diag.Diagnostic) {
	t.Helper()
	if strings.ContainsAny(d.Summary()+d.Detail(), "\x1b\a\u202e") {
		t.Errorf("%s is not safe to print: %q %q", name, d.Summary(), d.Detail())
	}
}

func TestAttributePath(t *testing.T) {
	for text, want := range map[string]string{
		"image":              "image",
		"resources.memory":   "resources.memory",
		"ports[1].host_port": "ports[1].host_port",
		`env["A.B]\"C"]`:     `env["A.B]\"C"]`,
		"":                   "", ".a": "", "[0]": "", "a.": "", "a[": "", "a[x]": "", "a b": "", "a..b": "", `a["\z"]`: "",
	} {
		got, ok := attributePath(text)
		if ok != (want != "") || got.String() != want {
			t.Errorf("%q: got %q, %t", text, got, ok)
		}
	}
}

// TestConfiguredByStranger: a mistake in the wiring is a diagnostic, no crash.
func TestConfiguredByStranger(t *testing.T) {
	var c configured
	var diags diag.Diagnostics
	c.take(nil, &diags)
	if diags.HasError() || c.rt != nil {
		t.Errorf("before the provider is configured: %v", diags)
	}
	c.take("a string", &diags)
	if !diags.HasError() {
		t.Error("no error")
	}
}
