package fakedocker_test

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// TestAccParity runs one script of calls on this engine and on a real one and
// compares what each of them answered.
func TestAccParity(t *testing.T) {
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: acceptance tests run with a real engine")
	}
	client, err := docker.Connect(t.Context(), docker.Options{})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	info, err := client.Info(t.Context())
	must(t, err)
	image, err := client.InspectImage(t.Context(), parityImage)
	if err != nil {
		t.Fatalf("image %s: %v; \"make test\" builds it", parityImage, err)
	}
	fake := fakedocker.New(fakedocker.Image{
		Ref:    parityImage,
		Config: image.Config,
		Vary:   func(s fakedocker.Start) fakedocker.Behaviour { return programs[s.Env["PROGRAM"]].fake },
	})
	t.Cleanup(fake.Close)
	fake.SetInfo(func(i *docker.Info) { *i = info })
	for _, scene := range scenes {
		t.Run(scene.name, func(t *testing.T) {
			want, got := play(t, client, scene), play(t, fake, scene)
			for tries := 1; got != want && tries < attempts; tries++ {
				want = play(t, client, scene)
			}
			if got != want {
				t.Errorf("the real engine:\n%s\nthe one in memory:\n%s", want, got)
			}
			if testing.Verbose() {
				t.Log("\n" + want)
			}
		})
	}
}

// attempts: an engine under load misses the kernel's word of a memory kill now
// and then, and reports exit code 137 alone. What it never does is a difference.
const attempts = 3

const parityImage = "mlops-dev/busybox:1"

// programs are what containers run: a shell script, and the same as a Behaviour.
var programs = map[string]struct {
	script string
	fake   fakedocker.Behaviour
}{
	"run":    {`trap 'exit 0' TERM; echo up; while :; do sleep 0.05; done`, fakedocker.Behaviour{Log: []string{"up"}, Memory: 1 << 20}},
	"deaf":   {`trap '' TERM; while :; do sleep 0.05; done`, fakedocker.Behaviour{IgnoreSIGTERM: true}},
	"serve":  {`mkdir /www; echo hi >/www/index.html; exec httpd -f -p 8080 -h /www`, fakedocker.Serving(fakedocker.OK, 0)},
	"oom":    {`exec tail /dev/zero`, fakedocker.OutOfMemory()},
	"exit":   {`echo bye; exit 3`, fakedocker.Exiting(3, "bye")},
	"absent": {"", fakedocker.Behaviour{StartFail: "exec: no such file or directory"}},
}

// stage is one engine with the names of one scene, which end with it.
type stage struct {
	parityDocker
	t      *testing.T
	prefix string
	out    strings.Builder
}

// parityDocker is what scenes call.
type parityDocker interface {
	container.Docker
	StatPath(ctx context.Context, id, path string) (docker.FileStat, error)
	CopyTo(ctx context.Context, id, folder string, archive io.Reader) error
	CopyFrom(ctx context.Context, id, path string) (io.ReadCloser, error)
	InspectVolume(ctx context.Context, name string) (docker.Volume, error)
	VolumeUsers(ctx context.Context, name string) ([]docker.ContainerSummary, error)
	WaitContainer(ctx context.Context, id string) (int, error)
	FollowLogs(ctx context.Context, id string, w io.Writer) error
	PastEvents(ctx context.Context, id string, since, until time.Time) ([]docker.Event, error)
}

func play(t *testing.T, engine parityDocker, s scene) string {
	t.Helper()
	random := make([]byte, 4)
	_, _ = rand.Read(random) // never fails
	st := &stage{parityDocker: engine, t: t, prefix: "parity-" + hex.EncodeToString(random) + "-"}
	defer st.clean()
	s.play(st)
	return st.out.String()
}

// clean removes what the scene made.
func (s *stage) clean() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	mine := map[string]string{"parity": s.prefix}
	containers, err := s.ListContainers(ctx, mine)
	for _, c := range containers {
		err = errors.Join(err, s.RemoveContainer(ctx, c.ID))
	}
	networks, listErr := s.ListNetworks(ctx, mine)
	for _, n := range networks {
		err = errors.Join(err, s.RemoveNetwork(ctx, n.ID))
	}
	volumes, volumesErr := s.ListVolumes(ctx, mine)
	for _, v := range volumes {
		err = errors.Join(err, s.RemoveVolume(ctx, v.Name))
	}
	if err = errors.Join(err, listErr, volumesErr); err != nil {
		s.t.Error(err)
	}
}

func (s *stage) labels() map[string]string { return map[string]string{"parity": s.prefix} }

// note writes one line of what was observed, without what differs by run.
func (s *stage) note(format string, args ...any) {
	line := strings.ReplaceAll(fmt.Sprintf(format, args...), s.prefix, "")
	s.out.WriteString("  " + line + "\n")
}

// did notes a call and the kind of its error.
func (s *stage) did(what string, err error) { s.note("%s: %s", what, kindOf(err)) }

func kindOf(err error) string {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, deployment.ErrNotFound):
		return "not found"
	case errors.Is(err, docker.ErrConflict):
		return "conflict"
	case errors.Is(err, deployment.ErrUnsupported):
		return "unsupported"
	case errors.Is(err, deployment.ErrUnreachable), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return "no answer: " + err.Error()
	}
	return "refused"
}

// container makes one that runs program; "" when the engine refuses.
func (s *stage) container(name, program string, with ...func(*docker.CreateRequest)) string {
	p := programs[program]
	req := docker.CreateRequest{
		Name: s.prefix + name,
		Config: &docker.ContainerConfig{
			Image: parityImage, Entrypoint: []string{"sh", "-c", p.script}, Env: []string{"PROGRAM=" + program}, Labels: s.labels(),
		},
		HostConfig: &docker.HostConfig{NetworkMode: "none"},
	}
	if program == "absent" {
		req.Config.Entrypoint = []string{"/absent"}
	}
	for _, change := range with {
		change(&req)
	}
	id, err := s.CreateContainer(s.t.Context(), req)
	s.did("create "+name, err)
	return id
}

func (s *stage) network(name string) string {
	id, err := s.CreateNetwork(s.t.Context(), docker.NetworkRequest{Name: s.prefix + name, Labels: s.labels()})
	s.did("create network "+name, err)
	return id
}

func (s *stage) start(id string) { s.did("start", s.StartContainer(s.t.Context(), id)) }

func (s *stage) stop(id string, grace time.Duration) {
	s.did("stop", s.StopContainer(s.t.Context(), id, grace))
}

// look notes what an inspect shows.
func (s *stage) look(id string) {
	c, err := s.InspectContainer(s.t.Context(), id)
	if err != nil {
		s.did("inspect", err)
		return
	}
	st := c.State
	s.note("%s is %s running=%t paused=%t restarting=%t oom=%t exit=%d pid=%t started=%t finished=%t error=%t",
		c.Name, st.Status, st.Running, st.Paused, st.Restarting, st.OOMKilled, st.ExitCode,
		st.Pid > 0, !st.StartedAt.IsZero(), !st.FinishedAt.IsZero(), st.Error != "")
	var networks []string
	for name, a := range c.Networks {
		if name != "none" { // the engine's own, which the one in memory has not
			networks = append(networks, fmt.Sprintf("%s id=%t ip=%t", name, a.NetworkID != "", a.IPAddress != ""))
		}
	}
	sort.Strings(networks)
	s.note("  networks %v, ports %v", networks, c.Ports)
}

// limits notes what an inspect shows of them.
func (s *stage) limits(id string) {
	c, err := s.InspectContainer(s.t.Context(), id)
	if err != nil {
		s.did("inspect", err)
		return
	}
	h, pids := c.HostConfig, int64(0)
	if h.PidsLimit != nil {
		pids = *h.PidsLimit
	}
	s.note("  quota=%d nano=%d memory=%d swap=%d reservation=%d pids=%d restart=%s:%d shm=%d log=%s",
		h.CPUQuota, h.NanoCPUs, h.Memory, h.MemorySwap, h.MemoryReservation, pids,
		cmp.Or(h.RestartPolicy.Name, "no"), h.RestartPolicy.MaximumRetryCount, h.ShmSize, h.LogConfig.Type)
}

// until waits for a container to come to a state by itself.
func (s *stage) until(id string, holds func(docker.Container) bool) {
	deadline := time.Now().Add(20 * time.Second)
	for {
		c, err := s.InspectContainer(s.t.Context(), id)
		if err != nil {
			s.did("inspect", err)
			return
		}
		if holds(c) {
			return
		}
		if time.Now().After(deadline) {
			s.note("never came to the state: %+v", c.State)
			return
		}
		time.Sleep(2 * time.Millisecond)
	}
}
