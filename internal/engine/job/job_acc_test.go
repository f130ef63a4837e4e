package job_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/job"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// process is what one provider process has of jobs.
type process struct {
	*job.Jobs
	ledger   *job.Ledger
	sessions *session.Manager
	log      *recorded
}

// recorded is the log of a process.
type recorded struct {
	mu    sync.Mutex
	lines []string
}

func (r *recorded) add(_ context.Context, step, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, step+": "+line)
}

func (r *recorded) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.lines)
}

// accProcess is a process on the engine that client is connected to.
func accProcess(t *testing.T, s *acceptance.Scope, client *docker.Client) process {
	t.Helper()
	images := image.NewResolver(client)
	sessions := session.New(client, session.Config{ProbeImage: acceptance.ProbeImage(), Hostname: "here"}, session.NewNetwork(client, s.Network()), images)
	t.Cleanup(func() { // as the end of a run does
		ctx := context.WithoutCancel(t.Context())
		if _, err := sessions.Acquire(ctx); err == nil {
			sessions.Release(ctx, true)
		}
		_ = sessions.Close()
	})
	log, store := &recorded{}, artifact.New(client, sessions, artifact.Config{Version: "test"})
	return process{
		Jobs:   job.New(client, sessions, images, store, job.Config{Log: log.add, Patience: 20 * time.Second}),
		ledger: job.NewLedger(client, sessions, store, "test"), sessions: sessions, log: log,
	}
}

// script is a step that runs a shell script.
func script(s *acceptance.Scope, step, text string) workflow.JobRequest {
	return workflow.JobRequest{
		Workflow: s.Name("wf"), Owner: "terraform", Step: step, Hash: "w1:" + strings.Repeat("ab", 32), Attempt: 1,
		Job: workflow.Job{Image: acceptance.ProbeImage(), Command: []string{"sh", "-c", text}},
	}
}

func mustStart(t *testing.T, p process, req workflow.JobRequest) workflow.JobStatus {
	t.Helper()
	status, err := p.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Remove(context.WithoutCancel(t.Context()), status) })
	return status
}

func mustWait(t *testing.T, p process, status workflow.JobStatus) workflow.JobStatus {
	t.Helper()
	ended, err := p.Wait(t.Context(), status)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

// TestAccJob runs jobs to their end: what they are given, what they say, what they leave.
func TestAccJob(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	req := script(s, "train", `echo "reading $DATA with $TOKEN"; seq 1 5000; mkdir -p /output/m; echo weights > /output/m/model.bin
		echo '{"accuracy": 0.93}' > /output/metrics.json; id -u; echo done >&2`)
	req.Job.User = "1000:1000" // the folder is made for every user
	req.Job.Env = map[string]string{"DATA": "rows"}
	req.Job.Secrets = deployment.Secrets{Values: map[string]string{"TOKEN": "hunter22"}, Keys: []string{"TOKEN"}, Version: "1"}
	status := mustStart(t, p, req)
	if status.Name != "mlops-job."+s.Name("wf")+".train" || status.Step != "train" || status.Hash != req.Hash || status.Attempt != 1 || status.StartedAt.IsZero() {
		t.Errorf("started %+v", status)
	}
	ended := mustWait(t, p, status)
	if !ended.Finished() || ended.ExitCode != 0 || ended.OOMKilled || ended.FinishedAt.IsZero() {
		t.Errorf("ended %+v", ended)
	}
	lines := p.log.all()
	want := []string{"train: reading rows with (sensitive)"}
	for i := range 5000 {
		want = append(want, fmt.Sprintf("train: %d", i+1))
	}
	slices.Sort(want)
	got := slices.Clone(lines)
	slices.Sort(got)
	if want = append(want, "train: 1000", "train: done"); len(got) != len(want) {
		t.Errorf("%d lines of %d: %q … %q", len(got), len(want), lines[:min(3, len(lines))], lines[max(0, len(lines)-3):])
	}
	if captured, err := p.Capture(t.Context(), ended, workflow.Capture{}); err != nil || string(captured.Metrics) != "{\"accuracy\": 0.93}\n" {
		t.Errorf("captured %s: %v", captured.Metrics, err)
	}
	last, err := p.Logs(t.Context(), ended, deployment.Secrets{})
	if err != nil || len(last) != 50 || !slices.Contains(last, "5000") {
		t.Errorf("last lines %q: %v", last, err)
	}
	if err := p.Remove(t.Context(), ended); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Find(t.Context(), s.Name("wf"), "train"); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("after the removal: %v", err)
	}
}

// TestAccJobImage: what runs is the image that the hash stands for, also when its tag has moved to another one since.
func TestAccJobImage(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	req := script(s, "train", "exit 0") // the image that the tag leads to has no shell
	var err error
	if req.ImageID, err = p.Image(t.Context(), req.Job.Image, deployment.PullNever, false); err != nil {
		t.Fatal(err)
	}
	for _, tag := range []string{req.Job.Image, "mlops-dev/testserver:1"} {
		req.Job.Image = tag
		ended := mustWait(t, p, mustStart(t, p, req))
		if ended.ExitCode != 0 || ended.ImageID != req.ImageID {
			t.Errorf("of %s: %+v, want image %s", tag, ended, req.ImageID)
		}
		if err := p.Remove(t.Context(), ended); err != nil {
			t.Fatal(err)
		}
	}
}

// TestAccJobReattach leaves a job alone when its process goes, and gives the next one all of its log.
func TestAccJobReattach(t *testing.T) {
	s := acceptance.New(t)
	first := accProcess(t, s, s.Client)
	status := mustStart(t, first, script(s, "train", "for i in 1 2 3 4 5 6 7 8; do echo epoch $i; sleep 0.3; done; exit 3"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := first.Wait(ctx, status); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("interrupted: %v", err)
	}
	second := accProcess(t, s, s.Client)
	found, err := second.Find(t.Context(), s.Name("wf"), "train")
	if err != nil || !found.Running || found.ID != status.ID {
		t.Fatalf("found %+v: %v", found, err)
	}
	again, err := second.Start(t.Context(), script(s, "train", "echo never"))
	if err != nil || again.ID != status.ID {
		t.Errorf("a second one was started beside the first: %+v, %v", again, err)
	}
	ended := mustWait(t, second, found)
	if ended.ExitCode != 3 {
		t.Errorf("ended %+v", ended)
	}
	if lines := second.log.all(); len(lines) != 8 || lines[0] != "train: epoch 1" {
		t.Errorf("its log: %q", lines)
	}
}

// TestAccJobEngineGoesAway breaks every connection to the engine while a job runs, and refuses new ones for a while.
func TestAccJobEngineGoesAway(t *testing.T) {
	s := acceptance.New(t)
	host := os.Getenv("DOCKER_HOST")
	if host == "" {
		host = "unix:///var/run/docker.sock"
	}
	proxy := faultproxy.Start(t, host)
	client, err := docker.Connect(t.Context(), docker.Options{Host: proxy.Host})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	p := accProcess(t, s, client)
	status := mustStart(t, p, script(s, "train", "for i in $(seq 1 40); do echo epoch $i; sleep 0.1; done"))
	proxy.Add(
		faultproxy.Rule{Path: "/wait$", Nth: 1, Fault: faultproxy.CutAfter()},
		faultproxy.Rule{Path: "/logs$", Nth: 1, Fault: faultproxy.CutResponseBody(200)},
		faultproxy.Rule{Path: "/logs$", Nth: 2, Fault: faultproxy.CutBefore()},
		faultproxy.Rule{Path: "/json$", Nth: 3, Fault: faultproxy.CutBefore()},
		faultproxy.Rule{Path: "/wait$", Nth: 2, Fault: faultproxy.InternalError()},
	)
	ended := mustWait(t, p, status)
	if !ended.Finished() || ended.ExitCode != 0 || len(proxy.Fired()) < 4 {
		t.Errorf("ended %+v after %v", ended, proxy.Fired())
	}
	lines := p.log.all()
	for i := range 40 {
		if i >= len(lines) || lines[i] != fmt.Sprintf("train: epoch %d", i+1) {
			t.Fatalf("its log: %q", lines)
		}
	}
}

// TestAccJobStop asks first and kills then.
func TestAccJobStop(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	polite := mustStart(t, p, script(s, "polite", "trap 'echo saving; exit 7' TERM; while :; do sleep 0.1; done"))
	deaf := mustStart(t, p, script(s, "deaf", "trap '' TERM; while :; do sleep 0.1; done"))
	time.Sleep(500 * time.Millisecond) // until the traps are set
	for _, c := range []struct {
		status workflow.JobStatus
		code   int
		least  time.Duration
	}{{polite, 7, 0}, {deaf, 137, workflow.StopGrace - time.Second}} {
		began := time.Now()
		if err := p.Stop(t.Context(), c.status); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < c.least {
			t.Errorf("%s was killed after %s", c.status.Name, took)
		}
		ended := mustWait(t, p, c.status)
		if ended.ExitCode != c.code || ended.OOMKilled || !ended.Finished() {
			t.Errorf("%s: %+v", c.status.Name, ended)
		}
	}
}

// TestAccJobOutOfMemory is never missed, not even where the engine's own flag is.
func TestAccJobOutOfMemory(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	for range 5 {
		req := script(s, "train", "exec tail /dev/zero")
		req.Job.Resource.Memory = 16 << 20
		ended := mustWait(t, p, mustStart(t, p, req))
		if !ended.OOMKilled || ended.ExitCode != 137 || ended.MemLimit != 16<<20 {
			t.Errorf("%+v", ended)
		}
	}
	req := script(s, "train", "kill -9 $$; sleep 1; exec sleep 60")
	req.Job.Resource.Memory = 16 << 20
	status := mustStart(t, p, req)
	killed := s.Client.StopContainer(t.Context(), status.ID, 0) // by hand
	if ended := mustWait(t, p, status); killed != nil || ended.OOMKilled || ended.ExitCode != 137 {
		t.Errorf("killed by hand: %+v, %v", ended, killed)
	}
}

// TestAccJobRefuses what would go wrong in silence, and leaves nothing behind.
func TestAccJobRefuses(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	taken := script(s, "taken", "true")
	s.Create(docker.CreateRequest{Name: job.ContainerName(taken.Workflow, "taken"), Config: &docker.ContainerConfig{Image: acceptance.ProbeImage()}})
	noVolume, noFolder, noProgram := script(s, "a", "true"), script(s, "b", "true"), script(s, "c", "true")
	noVolume.Job.Inputs = []workflow.Input{{Target: "/data", Volume: s.Name("nothing")}}
	noFolder.Job.Inputs = []workflow.Input{{Target: "/data", HostPath: "/nowhere/" + s.Prefix}}
	noProgram.Job.Entrypoint = []string{"/no/such/program"}
	for _, c := range []struct {
		req  workflow.JobRequest
		want string
		is   error
	}{
		{taken, "was not made by this provider", deployment.ErrForeign},
		{noVolume, s.Name("nothing"), deployment.ErrNotFound},
		{noFolder, "bind source path does not exist: /nowhere/", nil},
		{noProgram, "/no/such/program", nil},
	} {
		status, err := p.Start(t.Context(), c.req)
		if err == nil || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: %+v, %v", c.req.Step, status, err)
		}
	}
	if _, err := p.Find(t.Context(), taken.Workflow, "taken"); !errors.Is(err, deployment.ErrForeign) {
		t.Errorf("finding what is not ours: %v", err)
	}
	if list, err := p.List(t.Context(), taken.Workflow); err != nil || len(list) > 0 {
		t.Errorf("left behind: %+v, %v", list, err)
	}
}

// TestAccJobOutput finds its folder made, wherever it is; one of the image's own stays as it is.
func TestAccJobOutput(t *testing.T) {
	s := acceptance.New(t)
	p := accProcess(t, s, s.Client)
	own := s.Prefix + "own:1"
	s.BuildImage(own, "FROM "+acceptance.ProbeImage()+"\nRUN mkdir -p /srv/out && chmod 750 /srv/out && chown 42:43 /srv/out\n")
	for _, c := range []struct{ image, output, want string }{
		{acceptance.ProbeImage(), "", "777 0 0"},
		{acceptance.ProbeImage(), "/srv/deep/er", "777 0 0"},
		{acceptance.ProbeImage(), "/tmp/out/", "777 0 0"},
		{own, "/srv/out", "750 42 43"},
	} {
		req := script(s, "train", "stat -c '%a %u %g' "+c.output+" "+map[bool]string{true: "/output"}[c.output == ""])
		req.Job.Image, req.Job.Output = c.image, c.output
		if strings.HasPrefix(c.output, "/tmp") {
			req.Job.Command[2] += " && stat -c '%a' /tmp | grep -v 755" // as the image has it
		}
		before := len(p.log.all())
		ended := mustWait(t, p, mustStart(t, p, req))
		if lines := p.log.all()[before:]; ended.ExitCode != 0 || len(lines) == 0 || lines[0] != "train: "+c.want {
			t.Errorf("%s of %s: %q, exit code %d", c.output, c.image, lines, ended.ExitCode)
		}
	}
}
