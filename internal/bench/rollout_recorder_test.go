package bench

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// span is a time in which something has to be waited for.
type span struct {
	what     string
	from, to time.Time
}

// recorder is an engine's client that notes when its calls were under way: the
// engine's own work. What is not noted, streams of events and what goes through
// a tunnel once it is open, counts as the provider's.
type recorder struct {
	*docker.Client
	mu    sync.Mutex
	calls []span
}

// note begins a call, and ends it when what it returns is called.
func (r *recorder) note(what string) func() {
	from := time.Now()
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, span{what, from, time.Now()})
	}
}

// take are the calls so far, and forgets them.
func (r *recorder) take() []span {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = nil
	return calls
}

// covered is how long at least one of the spans was under way.
func covered(spans []span) time.Duration {
	var total time.Duration
	for _, s := range merged(spans) {
		total += s.to.Sub(s.from)
	}
	return total
}

// merged are the spans in their order, those that overlap as one.
func merged(spans []span) []span {
	spans = slices.SortedFunc(slices.Values(spans), func(a, b span) int { return a.from.Compare(b.from) })
	var out []span
	for _, s := range spans {
		if n := len(out); n > 0 && !s.from.After(out[n-1].to) {
			if s.to.After(out[n-1].to) {
				out[n-1].to, out[n-1].what = s.to, s.what
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// gaps are the longest times in which nothing had to be waited for: where an
// overhead goes.
func gaps(spans []span) string {
	type gap struct {
		text string
		long time.Duration
	}
	var all []gap
	spans = merged(spans)
	for i := 1; i < len(spans); i++ {
		long := spans[i].from.Sub(spans[i-1].to)
		all = append(all, gap{fmt.Sprintf("%s after %s", long.Round(time.Millisecond), spans[i-1].what), long})
	}
	slices.SortFunc(all, func(a, b gap) int { return cmp.Compare(b.long, a.long) })
	var texts []string
	for _, g := range all[:min(5, len(all))] {
		texts = append(texts, g.text)
	}
	return strings.Join(texts, ", ")
}

func (r *recorder) ListContainers(ctx context.Context, labels map[string]string) ([]docker.ContainerSummary, error) {
	defer r.note("list")()
	return r.Client.ListContainers(ctx, labels)
}

func (r *recorder) InspectContainer(ctx context.Context, idOrName string) (docker.Container, error) {
	defer r.note("inspect")()
	return r.Client.InspectContainer(ctx, idOrName)
}

func (r *recorder) Info(ctx context.Context) (docker.Info, error) {
	defer r.note("info")()
	return r.Client.Info(ctx)
}

func (r *recorder) CreateContainer(ctx context.Context, req docker.CreateRequest) (string, error) {
	defer r.note("create")()
	return r.Client.CreateContainer(ctx, req)
}

func (r *recorder) StartContainer(ctx context.Context, id string) error {
	defer r.note("start")()
	return r.Client.StartContainer(ctx, id)
}

func (r *recorder) StopContainer(ctx context.Context, id string, grace time.Duration) error {
	defer r.note("stop")()
	return r.Client.StopContainer(ctx, id, grace)
}

func (r *recorder) RenameContainer(ctx context.Context, id, name string) error {
	defer r.note("rename")()
	return r.Client.RenameContainer(ctx, id, name)
}

func (r *recorder) RemoveContainer(ctx context.Context, id string) error {
	defer r.note("remove")()
	return r.Client.RemoveContainer(ctx, id)
}

func (r *recorder) UpdateContainer(ctx context.Context, id string, limits deployment.Limits, nanoCPUs bool) error {
	defer r.note("update")()
	return r.Client.UpdateContainer(ctx, id, limits, nanoCPUs)
}

func (r *recorder) CopyTo(ctx context.Context, id, folder string, archive io.Reader) error {
	defer r.note("copy")()
	return r.Client.CopyTo(ctx, id, folder, archive)
}

func (r *recorder) Exec(ctx context.Context, id string, req docker.ExecRequest) (docker.ExecResult, error) {
	defer r.note("exec")()
	return r.Client.Exec(ctx, id, req)
}

func (r *recorder) InspectImage(ctx context.Context, ref string) (docker.Image, error) {
	defer r.note("image")()
	return r.Client.InspectImage(ctx, ref)
}

func (r *recorder) ListNetworks(ctx context.Context, labels map[string]string) ([]docker.Network, error) {
	defer r.note("networks")()
	return r.Client.ListNetworks(ctx, labels)
}

func (r *recorder) InspectNetwork(ctx context.Context, idOrName string) (docker.Network, error) {
	defer r.note("network")()
	return r.Client.InspectNetwork(ctx, idOrName)
}

func (r *recorder) CreateNetwork(ctx context.Context, req docker.NetworkRequest) (string, error) {
	defer r.note("create network")()
	return r.Client.CreateNetwork(ctx, req)
}

func (r *recorder) ConnectNetwork(ctx context.Context, networkID, containerID string, aliases []string) error {
	defer r.note("connect")()
	return r.Client.ConnectNetwork(ctx, networkID, containerID, aliases)
}

func (r *recorder) DisconnectNetwork(ctx context.Context, networkID, containerID string) error {
	defer r.note("disconnect")()
	return r.Client.DisconnectNetwork(ctx, networkID, containerID)
}

func (r *recorder) ListVolumes(ctx context.Context, labels map[string]string) ([]docker.Volume, error) {
	defer r.note("volumes")()
	return r.Client.ListVolumes(ctx, labels)
}

func (r *recorder) CreateVolume(ctx context.Context, name string, labels map[string]string) error {
	defer r.note("create volume")()
	return r.Client.CreateVolume(ctx, name, labels)
}

func (r *recorder) RemoveVolume(ctx context.Context, name string) error {
	defer r.note("remove volume")()
	return r.Client.RemoveVolume(ctx, name)
}

func (r *recorder) StartSession(ctx context.Context, req docker.SessionRequest) (docker.Session, error) {
	defer r.note("session")()
	s, err := r.Client.StartSession(ctx, req)
	if err != nil {
		return nil, err
	}
	return &recordedSession{s, r}, nil
}

// recordedSession notes how long the engine takes to open a tunnel.
type recordedSession struct {
	docker.Session
	recorder *recorder
}

func (s *recordedSession) Dial(ctx context.Context, address string) (net.Conn, error) {
	defer s.recorder.note("tunnel")()
	return s.Session.Dial(ctx, address)
}
