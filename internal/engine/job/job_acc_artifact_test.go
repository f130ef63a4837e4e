package job_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// TestAccJobArtifact trains, keeps what came of it, reads it in a second job, and forgets it once nobody uses it.
func TestAccJobArtifact(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	ctx, name := t.Context(), s.Name("wf")
	unlock, err := p.ledger.Lock(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	req := script(s, "train", `mkdir -p /output/sub; echo `+s.Prefix+` > /output/sub/model.bin; echo '{"loss":1}' > /output/metrics.json`)
	trained := mustWait(t, p, mustStart(t, p, req))
	want := workflow.Capture{Artifact: true, ModelFile: "sub/model.bin"}
	captured, err := p.Capture(ctx, trained, want)
	if err != nil || captured.Artifact == nil || string(captured.Metrics) != "{\"loss\":1}\n" || captured.Artifact.Path != "sub/model.bin" {
		t.Fatalf("captured %+v: %v", captured, err)
	}
	if again, err := p.Capture(ctx, trained, want); err != nil || *again.Artifact != *captured.Artifact {
		t.Errorf("captured again: %+v, %v", again, err)
	}
	for _, c := range []struct{ folder, file, says string }{
		{"/output", "other.bin", `folder /output has no "other.bin"`}, {"/nothing", "", "it has left no folder /nothing"},
	} {
		_, err := p.Capture(ctx, trained, workflow.Capture{Output: c.folder, Artifact: true, ModelFile: c.file})
		if !errors.Is(err, workflow.ErrOutput) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("capturing %s of %s: %v", c.file, c.folder, err)
		}
	}
	result := workflow.Result{Step: "train", Hash: req.Hash, Artifact: captured.Artifact, FinishedAt: trained.FinishedAt}
	if err := p.ledger.Keep(ctx, name, "terraform", result); err != nil {
		t.Fatal(err)
	}
	if err := p.ledger.Record(ctx, workflow.Run{Number: 1, Workflow: name, Results: []workflow.Result{result}, StartedAt: trained.StartedAt}); err != nil {
		t.Fatal(err)
	}

	reader := script(s, "evaluate", "cat $MODEL_PATH /in/sub/model.bin; touch /in/x 2>&1 | grep -o Read-only; sleep 60")
	reader.Model = captured.Artifact.Model()
	reader.Job.Inputs = []workflow.Input{{Target: "/in", Artifact: captured.Artifact}}
	status := mustStart(t, p, reader)
	if kept, err := p.ledger.Forget(ctx, name, nil); err != nil || len(kept) != 1 || !strings.Contains(kept[0], status.Name) {
		t.Errorf("forgetting what is in use: %q, %v", kept, err)
	}
	if present, err := p.ledger.Present(ctx, *captured.Artifact); err != nil || !present {
		t.Errorf("what is in use has gone: %v", err)
	}
	if digest, err := p.Content(ctx, workflow.Input{Volume: captured.Artifact.Volume}); err != nil || digest != captured.Artifact.Digest {
		t.Errorf("its content is %s: %v", digest, err)
	}
	if err := s.Client.StopContainer(ctx, status.ID, 0); err != nil {
		t.Fatal(err)
	}
	mustWait(t, p, status)
	if lines := p.log.all(); !slices.Equal(lines, []string{"evaluate: " + s.Prefix, "evaluate: " + s.Prefix, "evaluate: Read-only"}) {
		t.Errorf("what was read: %q", lines)
	}
	for _, j := range []workflow.JobStatus{status, trained} {
		if err := p.Remove(ctx, j); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := p.ledger.Forget(ctx, name, nil); err != nil || len(kept) > 0 {
		t.Errorf("forgetting: %q, %v", kept, err)
	}
	if present, err := p.ledger.Present(ctx, *captured.Artifact); err != nil || present {
		t.Errorf("the artifact is still there: %v", err)
	}
	if err := unlock(context.WithoutCancel(ctx)); err != nil {
		t.Fatal(err)
	}
	if err := p.ledger.Erase(ctx, name, 1); err != nil {
		t.Error(err)
	}
}

// TestAccJobContent is what a volume and a folder of the host hold, and nothing when they are not there.
func TestAccJobContent(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	volume := s.Volume("data")
	digests := map[string]bool{}
	for _, rows := range []string{"1 2 3", "1 2 4"} {
		writer := s.Run(docker.CreateRequest{
			Config:     &docker.ContainerConfig{Image: acceptance.ProbeImage(), Cmd: []string{"sh", "-c", "echo " + rows + " > /data/rows"}},
			HostConfig: &docker.HostConfig{Mounts: []docker.Mount{{Type: "volume", Source: volume, Target: "/data"}}},
		})
		if _, err := s.Client.WaitContainer(t.Context(), writer.ID); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			digest, err := p.Content(t.Context(), workflow.Input{Volume: volume})
			if err != nil {
				t.Fatal(err)
			}
			digests[digest] = true
		}
	}
	if digest, err := p.Content(t.Context(), workflow.Input{HostPath: "/etc/hostname"}); err != nil || !strings.HasPrefix(digest, "sha256:") {
		t.Errorf("of a file: %q, %v", digest, err)
	}
	if len(digests) != 2 {
		t.Errorf("contents %v", digests)
	}
	for _, in := range []workflow.Input{{Volume: s.Name("nothing")}, {HostPath: "/nowhere/" + s.Prefix}} {
		if digest, err := p.Content(t.Context(), in); err == nil {
			t.Errorf("of %+v: %s", in, digest)
		}
	}
	if digest, err := p.Content(t.Context(), workflow.Input{HostPath: "/nowhere", Version: "7"}); err != nil || digest != "7" {
		t.Errorf("of a version: %q, %v", digest, err)
	}
}
