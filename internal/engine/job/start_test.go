package job_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

func TestStartAsksForWhatTheStepSays(t *testing.T) {
	b := newBench(t, slow())
	b.Operator().CreateNetwork(docker.NetworkRequest{Name: "data"})
	for _, volume := range []string{"rows", "mlops-model-aa"} {
		if err := b.CreateVolume(t.Context(), volume, nil); err != nil {
			t.Fatal(err)
		}
	}
	p := newProcess(t, b)
	req := request("train", "ever:1")
	req.Attempt = 2
	req.Job.Entrypoint, req.Job.WorkingDir, req.Job.User, req.Job.Output = []string{"python"}, "/srv", "7", "/data/out/x"
	req.Job.Env = map[string]string{"A": "1"}
	req.Job.Secrets = deployment.Secrets{Values: map[string]string{"TOKEN": "hunter22"}, Keys: []string{"TOKEN"}}
	req.Job.Resource = deployment.Resources{CPUs: 2, Memory: 64 << 20, PidsLimit: 50, GPUs: "device=0,1", ShmSize: 1 << 20}
	req.Job.Networks = []string{"data"}
	req.Job.Inputs = []workflow.Input{
		{Target: "/rows", Volume: "rows"}, {Target: "/host", HostPath: "/srv/data"},
		{Target: "/base", Artifact: &deployment.Artifact{Volume: "mlops-model-aa", Digest: "sha256:aa"}},
	}
	req.Model = &deployment.Model{Volume: "mlops-model-aa", Path: "model.pt"}
	status, err := p.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	c := b.Containers()["mlops-job.iris.train"]
	if status.ID != c.ID || status.Attempt != 2 || status.MemLimit != 64<<20 || !status.Running {
		t.Errorf("%+v", status)
	}
	if want := []string{"A=1", "MODEL_PATH=/models/model.pt", "TOKEN=hunter22"}; !slices.Equal(c.Config.Env, want) {
		t.Errorf("environment %q", c.Config.Env)
	}
	if c.Config.Entrypoint[0] != "python" || c.Config.WorkingDir != "/srv" || c.Config.User != "7" || c.Config.Image != "ever:1" {
		t.Errorf("process %+v", c.Config)
	}
	var mounts []string
	for _, m := range c.HostConfig.Mounts {
		if !m.ReadOnly {
			t.Errorf("%s can be written to", m.Target)
		}
		mounts = append(mounts, string(m.Type)+" "+m.Source+" "+m.Target)
	}
	if want := []string{"volume rows /rows", "bind /srv/data /host", "volume mlops-model-aa /base", "volume mlops-model-aa /models"}; !slices.Equal(mounts, want) {
		t.Errorf("mounts %q", mounts)
	}
	h := c.HostConfig
	if h.CPUQuota != 2*h.CPUPeriod || h.Memory != 64<<20 || h.MemorySwap != h.Memory || *h.PidsLimit != 50 || h.ShmSize != 1<<20 ||
		h.DeviceRequests[0].DeviceIDs[1] != "1" || h.RestartPolicy.Name != "no" || h.AutoRemove || h.SecurityOpt[0] != "no-new-privileges:true" {
		t.Errorf("host %+v", h)
	}
	if len(c.Networks) != 2 || c.Networks["mlops"].IPAddress == "" || c.Networks["data"].IPAddress == "" {
		t.Errorf("networks %+v", c.Networks)
	}
	for _, folder := range []string{"/data/out", "/data/out/x"} {
		if stat, err := b.StatPath(t.Context(), c.ID, folder); err != nil || !stat.Mode.IsDir() || stat.Mode.Perm() != 0o777 {
			t.Errorf("folder %s: %+v, %v", folder, stat, err)
		}
	}
	for label, want := range map[string]string{
		docker.LabelKind: docker.KindJob, docker.LabelWorkflow: "iris", docker.LabelStep: "train", docker.LabelHash: req.Hash,
		docker.LabelAttempt: "2", docker.LabelOwner: "terraform", docker.LabelSecretKeys: "TOKEN",
	} {
		if got := c.Config.Labels[label]; got != want {
			t.Errorf("label %s is %q", label, got)
		}
	}
}

func TestStartReplacesWhatIsNotRunning(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	first := started(t, p, "slow:1", 0)
	if again := started(t, p, "slow:1", 0); again.ID != first.ID {
		t.Error("a running job of the same hash was replaced")
	}
	other := started(t, p, "ever:1", 0) // another hash: superseded
	if other.ID == first.ID || b.Names(docker.LabelStep)[0] != other.Name {
		t.Errorf("%+v", other)
	}
	if err := p.Stop(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	if next := started(t, p, "ever:1", 0); next.ID == other.ID {
		t.Error("a job that has ended was taken for a new one")
	}
}

func TestStartRefuses(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	if _, err := b.Operator().Create(docker.CreateRequest{Name: job.ContainerName("iris", "taken"), Config: &docker.ContainerConfig{Image: busybox}}); err != nil {
		t.Fatal(err)
	}
	b.MissHostPath("/nowhere")
	noVolume, noFolder := request("train", "ever:1"), request("train", "ever:1")
	noVolume.Job.Inputs = []workflow.Input{{Target: "/data", Volume: "typo"}}
	noFolder.Job.Inputs = []workflow.Input{{Target: "/data", HostPath: "/nowhere"}}
	for _, c := range []struct {
		req  workflow.JobRequest
		want string
		is   error
	}{
		{request("taken", "ever:1"), "rename the step", deployment.ErrForeign},
		{noVolume, "volume typo, to be mounted at /data", deployment.ErrNotFound},
		{noFolder, "/nowhere", nil},
		{request("train", "gone:1"), "exec: \"train\": not found", nil},
		{request("train", "none:1"), "No such image: none:1", deployment.ErrNotFound},
	} {
		_, err := p.Start(t.Context(), c.req)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s %s: %v", c.req.Step, c.req.Job.Image, err)
		}
	}
	var taken *deployment.ForeignError
	if _, err := p.Find(t.Context(), "iris", "taken"); !errors.As(err, &taken) || taken.Container != "mlops-job.iris.taken" {
		t.Errorf("finding what is not ours: %v", err)
	}
	if left := b.Names(docker.LabelStep); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if _, ok := b.Volumes()["typo"]; ok {
		t.Error("the engine has made a volume that nobody asked for")
	}
}

func TestListHasStepsThatAreNoMore(t *testing.T) {
	b := newBench(t, slow())
	p := newProcess(t, b)
	for _, step := range []string{"train", "evaluate"} {
		if _, err := p.Start(t.Context(), request(step, "ever:1")); err != nil {
			t.Fatal(err)
		}
	}
	other := request("train", "ever:1")
	other.Workflow = "iris-2"
	if _, err := p.Start(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	list, err := p.List(t.Context(), "iris")
	if err != nil || len(list) != 2 || list[0].Step != "evaluate" || list[1].Step != "train" {
		t.Errorf("%+v, %v", list, err)
	}
}

func TestCapture(t *testing.T) {
	for _, c := range []struct{ written, want string }{
		{"", ""}, {`{"a": 1}`, `{"a": 1}`}, {"not JSON", "not JSON"}, // whoever reads them judges
		{strings.Repeat("x", workflow.MaxMetrics+10), strings.Repeat("x", workflow.MaxMetrics+1)},
	} {
		writes := map[string]string{"/out/model.bin": "weights"}
		if c.written != "" {
			writes["/out/metrics.json"] = c.written
		}
		b := newBench(t, map[string]fakedocker.Behaviour{"train:1": {Exits: true, Writes: writes}})
		p := newProcess(t, b)
		status := ended(t, p, "train:1")
		captured, err := p.Capture(t.Context(), status, workflow.Capture{Output: "/out"})
		if err != nil || string(captured.Metrics) != c.want || captured.Artifact != nil || (captured.Metrics == nil) != (c.want == "") {
			t.Errorf("%d bytes written: %d bytes, %v", len(c.written), len(captured.Metrics), err)
		}
		captured, err = p.Capture(t.Context(), status, workflow.Capture{Output: "/out", Artifact: true, ModelFile: "model.bin"})
		if err != nil || captured.Artifact.Path != "model.bin" || b.Files(captured.Artifact.Volume)["model.bin"] != "weights" {
			t.Errorf("%+v, %v", captured, err)
		}
	}
}

func TestCaptureTellsWhoIsToBlame(t *testing.T) {
	b := newBench(t, map[string]fakedocker.Behaviour{
		"train:1": {Exits: true, Writes: map[string]string{"/out/model.bin": "", "/odd/metrics.json/x": ""}},
	})
	p := newProcess(t, b)
	status := ended(t, p, "train:1")
	for _, c := range []struct {
		want workflow.Capture
		says string
	}{
		{workflow.Capture{Output: "/out", Artifact: true, ModelFile: "m.pt"}, `folder /out has no "m.pt", which model_file names`},
		{workflow.Capture{Output: "/none", Artifact: true}, "it has left no folder /none"},
		{workflow.Capture{Artifact: true}, "folder /output is empty: there is nothing to store"},
		{workflow.Capture{Output: "/odd"}, "/odd/metrics.json is not a file"},
	} {
		if _, err := p.Capture(t.Context(), status, c.want); !errors.Is(err, workflow.ErrOutput) || err.Error() != c.says {
			t.Errorf("%+v: %v", c.want, err)
		}
	}
	b.SetFault(fakedocker.FailFrom(1, true))
	if _, err := p.Capture(t.Context(), status, workflow.Capture{Artifact: true}); errors.Is(err, workflow.ErrOutput) || !errors.Is(err, deployment.ErrUnreachable) {
		t.Errorf("of an engine that is away: %v", err)
	}
	b.SetFault(nil)
	if err := p.Jobs.Remove(t.Context(), status); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Capture(t.Context(), status, workflow.Capture{}); errors.Is(err, workflow.ErrOutput) || !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("of a container that is gone: %v", err)
	}
}

// ended is a job that has run to its end.
func ended(t *testing.T, p process, ref string) workflow.JobStatus {
	t.Helper()
	status, err := p.Wait(t.Context(), started(t, p, ref, 0))
	if err != nil {
		t.Fatal(err)
	}
	return status
}

// TestStartRunsTheImageThatWasHashed: a tag that moves between the look that the
// hash is made of and the start leads nowhere else.
func TestStartRunsTheImageThatWasHashed(t *testing.T) {
	b := newBench(t, map[string]fakedocker.Behaviour{"trainer:1": fakedocker.Exiting(0, "hashed")})
	p := newProcess(t, b)
	req := request("train", "trainer:1")
	var err error
	if req.ImageID, err = p.Image(t.Context(), req.Job.Image, deployment.PullMissing, true); err != nil {
		t.Fatal(err)
	}
	run := func() docker.Container {
		t.Helper()
		status, err := p.Start(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if status, err = p.Wait(t.Context(), status); err != nil || status.ExitCode != 0 || status.ImageID != req.ImageID {
			t.Errorf("it ran image %s, hashed was %s: %v, %+v", status.ImageID, req.ImageID, err, status)
		}
		return b.Containers()["mlops-job.iris.train"]
	}
	if c := run(); c.Config.Image != "trainer:1" {
		t.Errorf("docker ps shows %s", c.Config.Image)
	}
	b.Build(fakedocker.Image{Ref: "trainer:1", Behaviour: fakedocker.Exiting(7, "rebuilt")})
	if c := run(); c.Config.Image != req.ImageID {
		t.Errorf("docker ps shows %s", c.Config.Image)
	}
}
