package provider_test

import (
	"archive/zip"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// canaries are looked for everywhere. The second one spans lines, as keys do.
var canaries = []string{"canary-3f9c1d7a55e24b08", "-----BEGIN-----\ncanary-b1946ac92492d234\ncanary-7c6235b01f4e1a2d\n-----END-----"}

// TestAccDeploymentSecret: a value of env_wo reaches the containers and nothing
// else, even when the program prints its environment and dies.
func TestAccDeploymentSecret(t *testing.T) {
	a := newAccTest(t)
	secrets := []string{"TF_VAR_token=" + canaries[0], "TF_VAR_key=" + canaries[1]}
	w := a.workspace("crash")
	w.Env = append(w.Env, secrets...)
	failed := w.Run("apply", "-input=false", "-no-color", "-auto-approve")
	if failed.ExitCode == 0 {
		t.Fatalf("the apply succeeded:\n%s", failed.Output())
	}
	said := unwrapped(failed.Stderr)
	for _, want := range []string{
		"Unable to create deployment", "exited with code 7", "Last log lines", "HF_TOKEN=(sensitive)", "TLS_KEY=(sensitive)", "VERSION=1",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the error does not say %q:\n%s", want, failed.Stderr)
		}
	}
	a.hasNoCanary("output of the crash", failed.Output())
	a.hasNoCanary("state after the crash", w.State())

	a.use(w, "healthy")
	plan, _ := w.Plan()
	a.hasNoCanary("plan JSON", plan.JSON)
	a.hasNoCanary("saved plan", unzipped(t, filepath.Join(w.Dir, "plan.out")))
	applied := w.Run("apply", "-input=false", "-no-color", "plan.out")
	if applied.ExitCode != 0 {
		t.Fatal(applied.Output())
	}
	a.hasNoCanary("output", applied.Output())
	a.hasNoCanary("state", w.State())
	a.planIsEmpty(w)

	c := a.Inspect(a.name())
	for _, want := range []string{"HF_TOKEN=" + canaries[0], "TLS_KEY=" + canaries[1]} {
		if !slices.Contains(c.Config.Env, want) {
			t.Errorf("the container does not have %q", want)
		}
	}
	a.hasNoCanary("container labels", fmt.Sprint(c.Config.Labels))
	a.hasNoCanary("record", a.volumeLabels())

	imported := a.workspace("healthy")
	imported.Env = append(imported.Env, secrets...)
	if result := imported.Run("import", "-input=false", "-no-color", iris, a.name()); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	a.hasNoCanary("state after an import", imported.State())
	a.planIsEmpty(imported)
	w.Destroy()
	a.hasNoneInLogs(canaryLines(), w.Dir, imported.Dir)
}

// hasNoCanary looks for each line of the canaries.
func (a *accTest) hasNoCanary(where, text string) {
	a.Helper()
	a.hasNone(where, text, canaryLines())
}

func canaryLines() []string {
	lines := strings.Split(strings.Join(canaries, "\n"), "\n")
	return slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, "canary") })
}

// hasNone looks for secrets, as they are and encoded.
func (a *accTest) hasNone(where, text string, secrets []string) {
	a.Helper()
	for _, secret := range secrets {
		for _, form := range append(base64Forms(secret), secret) {
			if n := strings.Count(text, form); n > 0 {
				a.Errorf("%s: %d hits of %q", where, n, form)
			}
		}
	}
}

// hasNoneInLogs looks for secrets in what all commands in these folders logged at
// level TRACE.
func (a *accTest) hasNoneInLogs(secrets []string, folders ...string) {
	a.Helper()
	for _, dir := range folders {
		logs, err := filepath.Glob(filepath.Join(dir, "trace-*.log"))
		if err != nil || len(logs) == 0 {
			a.Fatalf("no logs in %s: %v", dir, err)
		}
		for _, path := range logs {
			log := read(a.T, path)
			if log == "" {
				a.Fatalf("log %s is empty", path)
			}
			a.hasNone("TRACE log "+filepath.Base(path), log, secrets)
		}
	}
}

// read is what is in a file.
func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// base64Forms are what an encoded text looks like inside of another one: by
// where it begins there, and without the letters that depend on its neighbours.
func base64Forms(text string) []string {
	out := make([]string, 0, 3)
	for offset := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat(" ", offset) + text))
		out = append(out, encoded[4:len(encoded)-4])
	}
	return out
}

// volumeLabels are those of all records of the deployment.
func (a *accTest) volumeLabels() string {
	a.Helper()
	list, err := a.Client.ListVolumes(a.Context(), map[string]string{docker.LabelDeployment: a.name()})
	if err != nil || len(list) == 0 {
		a.Fatalf("%d records, %v", len(list), err)
	}
	return fmt.Sprint(list)
}

// unwrapped undoes what Terraform does to the lines of an error.
func unwrapped(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimSpace(lines[i]), "│ ")
	}
	return strings.Join(lines, " ")
}

// unzipped is all that is in a saved plan.
func unzipped(t *testing.T, path string) string {
	t.Helper()
	archive, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	var b strings.Builder
	for _, file := range archive.File {
		content, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(&b, io.LimitReader(content, 64<<20)); err != nil {
			t.Fatal(err)
		}
		content.Close()
	}
	return b.String()
}
