package main

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

func TestAJobSaysWhatItSaysAndLeavesNoContainer(t *testing.T) {
	m := &memory{says: "row 1\nversion abc"} // the last line without an end
	m.containers = []docker.ContainerSummary{
		{ID: "left", Name: "mlops-demo-ask", Labels: usual.labels()},
		{ID: "other", Name: "digits", Labels: map[string]string{docker.LabelDeployment: "digits"}},
	}
	var said []string
	err := newDemo(t, m).runJob(t.Context(), job{name: "mlops-demo-ask", binds: []string{"v:/data:ro"}}, func(line string) { said = append(said, line) })
	if err != nil || fmt.Sprint(said) != "[row 1 version abc]" {
		t.Errorf("%q, %v", said, err)
	}
	if len(m.containers) != 1 || m.containers[0].ID != "other" {
		t.Errorf("left: %v", m.containers)
	}
	host := m.created[0].HostConfig
	if host.Binds[0] != "v:/data:ro" || host.NetworkMode != "none" {
		t.Errorf("%+v", host)
	}
}

func TestAJobFails(t *testing.T) {
	for want, m := range map[string]*memory{
		"exit code 1":   {says: "error: no data", exits: 1},
		"no such image": {startFails: errors.New("no such image")},
	} {
		err := newDemo(t, m).runJob(t.Context(), job{name: "job"}, func(string) {})
		if err == nil || !strings.Contains(err.Error(), want) || len(m.containers) > 0 {
			t.Errorf("error %v, want %q; left: %v", err, want, m.containers)
		}
	}
}

// TestOneRequestThatFailsFailsTheDemo: whatever the client saw or did not see is told.
func TestOneRequestThatFailsFailsTheDemo(t *testing.T) {
	const (
		before = `{"model_version":"v1","outputs":[{"name":"digit","datatype":"INT64","shape":[1],"data":[7]}]}`
		after  = `{"model_version":"v2","outputs":[{"name":"digit","datatype":"INT64","shape":[1],"data":[7]}]}`
	)
	said := func(result load.Result) string {
		encoded, _ := json.Marshal(result)
		return "asking\n" + string(encoded) + "\n"
	}
	for name, tc := range map[string]struct {
		says  string
		exits int
		fails error  // what is done meanwhile
		want  string // in the error; "": none
	}{
		"good":            {says: said(load.Result{Total: 5, Answers: map[string]int{before: 2, after: 3}})},
		"one failed":      {says: said(load.Result{Total: 6, Failed: 1, Answers: map[string]int{after: 5}, Failures: map[string]int{"EOF": 1}}), want: "Of 6 requests during the rollout, 1 failed"},
		"none was sent":   {says: said(load.Result{}), want: "Of 0 requests"},
		"no prediction":   {says: said(load.Result{Total: 1, Answers: map[string]int{"<html>": 1}}), want: "An answer is no prediction"},
		"no result":       {says: "asking\n", want: "does not say what came of its requests"},
		"no answer":       {says: "client: nothing has been answered\n", exits: 1, want: "exit code 1"},
		"ends too early":  {want: "ended before it had an answer"},
		"the apply fails": {says: said(load.Result{Total: 1, Answers: map[string]int{before: 1}}), fails: errors.New("no apply"), want: "no apply"},
	} {
		t.Run(name, func(t *testing.T) {
			m := &memory{says: tc.says, exits: tc.exits}
			answered, err := newDemo(t, m).observed(t.Context(), address{url: "http://digits:8080", volume: "data"}, func() error { return tc.fails })
			if tc.want == "" && (err != nil || fmt.Sprint(answered) != "map[v1:2 v2:3]") {
				t.Errorf("%v, %v", answered, err)
			}
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
			if len(m.containers) > 0 {
				t.Errorf("left: %v", m.containers)
			}
		})
	}
}

func TestStepsAreFollowed(t *testing.T) {
	of := func(step string) map[string]string {
		return map[string]string{docker.LabelKind: docker.KindJob, docker.LabelWorkflow: "digits", docker.LabelStep: step}
	}
	m := &memory{says: "epoch 1\nepoch 2\n"}
	m.containers = []docker.ContainerSummary{{ID: "failed before", Labels: of("evaluate")}}
	j := newDemo(t, m).followJobs(t.Context())
	m.add(docker.ContainerSummary{ID: "1", Labels: of("train"), State: "running"},
		docker.ContainerSummary{ID: "2", Labels: map[string]string{docker.LabelKind: docker.KindJob, docker.LabelWorkflow: "others"}})
	m.awaitFollowed(t)
	if got, want := j.stop(), "▸ train: epoch 1\n▸ train: epoch 2\n"; got != want {
		t.Errorf("shown: %q, want %q", got, want)
	}
}

func TestOfAPlanRemainsWhatTellsItsStory(t *testing.T) {
	printed := "\x1b[1mTerraform will perform the following actions:\x1b[0m\n" + `

  # mlops_workflow.digits will be updated in-place
  ~ resource "mlops_workflow" "digits" {
      ~ results = {
          ~ "train"    = {
              ~ reason = "it has no result yet" -> "inputs[\"/data\"] changed"
              ~ status = "succeeded" -> (known after apply)
            },
        }
    }

Plan: 0 to add, 1 to change, 0 to destroy.

Changes to Outputs:
  ~ accuracy = 0.9 -> (known after apply)
mlops_workflow.digits: Modifying...
    indented
Outputs:
accuracy = 0.9
`
	var shown []string
	p := plan{each: func(line string) { shown = append(shown, line) }, brief: true}
	for line := range strings.Lines(printed) {
		p.line(strings.TrimSuffix(line, "\n"))
	}
	want := []string{
		"\x1b[1mTerraform will perform the following actions:\x1b[0m",
		"  # mlops_workflow.digits will be updated in-place",
		`      step train runs: inputs["/data"] changed`,
		"Plan: 0 to add, 1 to change, 0 to destroy.",
		"mlops_workflow.digits: Modifying...",
		"    indented",
	}
	if !slices.Equal(shown, want) {
		t.Errorf("shown:\n%s", strings.Join(shown, "\n"))
	}
}

func TestExpectReadsWhatTerraformBrokeIntoLines(t *testing.T) {
	printed := "\x1b[31m│\x1b[0m Error: gate\n│\n│ $.accuracy is 0.5, and must be\n\x1b[31m│\x1b[0m at least 0.95."
	if err := expect(printed, "$.accuracy", "must be at least 0.95"); err != nil {
		t.Error(err)
	}
	if err := expect(printed, "No changes."); err == nil || !strings.Contains(err.Error(), `did not say "No changes."`) {
		t.Errorf("error %v", err)
	}
}

func TestAnInterruptedJobIsRemoved(t *testing.T) {
	m := &memory{startFails: context.Canceled}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := newDemo(t, m).runJob(ctx, job{name: "job"}, func(string) {})
	if len(m.containers) != 0 || strings.Count(err.Error(), "canceled") != 1 {
		t.Errorf("left %v, error %v", m.containers, err)
	}
}

func TestArchiveDependsOnContentsAlone(t *testing.T) {
	pack := func() []byte {
		folder := t.TempDir()
		if err := os.Mkdir(filepath.Join(folder, "bin"), 0o750); err != nil {
			t.Fatal(err)
		}
		for name, content := range map[string]string{"bin/server": "binary", "Dockerfile": "FROM scratch"} {
			if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		made, err := archive([]packed{
			{name: "Dockerfile", from: filepath.Join(folder, "Dockerfile"), mode: 0o644},
			{name: "bin/server", from: filepath.Join(folder, "bin", "server"), mode: 0o755},
		})
		if err != nil {
			t.Fatal(err)
		}
		content, _ := io.ReadAll(made)
		return content
	}
	first := pack()
	if !bytes.Equal(first, pack()) {
		t.Error("equal files made different archives")
	}
	reader := tar.NewReader(bytes.NewReader(first))
	for _, want := range []string{"Dockerfile 644", "bin/server 755"} {
		header, err := reader.Next()
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %o", header.Name, header.Mode); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if _, err := archive([]packed{{name: "absent", from: filepath.Join(t.TempDir(), "absent")}}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}

func TestTargetOf(t *testing.T) {
	for arch, want := range map[string]target{
		"x86_64": {arch: "amd64"}, "aarch64": {arch: "arm64"}, "arm64": {arch: "arm64"},
		"armv7l": {arch: "arm", arm: "7"}, "s390x": {arch: "s390x"},
	} {
		if got, err := targetOf("linux", arch); err != nil || got != want {
			t.Errorf("%s: %v, %v", arch, got, err)
		}
	}
	if _, err := targetOf("windows", "x86_64"); err == nil || !strings.Contains(err.Error(), "Linux containers") {
		t.Errorf("error %v", err)
	}
	if _, err := targetOf("linux", "vax"); err == nil || !strings.Contains(err.Error(), `"vax"`) {
		t.Errorf("error %v", err)
	}
}

func TestTerraformFolderIsTheExample(t *testing.T) {
	tf := terraform{folder: t.TempDir()}
	for name, content := range map[string]string{"removed.tf": "", "terraform.tfstate": "{}"} {
		if err := os.WriteFile(filepath.Join(tf.folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := tf.write(os.DirFS("../../..")); err != nil {
		t.Fatal(err)
	}
	if err := tf.set(usual, variables{"learning_rate": "0.1"}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(tf.folder)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if got := strings.Join(names, " "); got != "canary.tf data main.tf outputs.tf terraform.tfstate terraform.tfvars variables.tf" {
		t.Errorf("the folder holds %s", got)
	}
	want := "learning_rate = \"0.1\"\nname = \"digits\"\nserver_image = \"mlops-demo-server\"\ntrainer_image = \"mlops-demo-trainer\"\n"
	if content, _ := os.ReadFile(filepath.Join(tf.folder, variablesFile)); string(content) != want {
		t.Errorf("variables %q", content)
	}
}
