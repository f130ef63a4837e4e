package session

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const (
	namePrefix = "mlops.session."
	// linger keeps the session for the next change of this process: Terraform
	// walks dependencies one after the other.
	linger = 2 * time.Second
	// tidyTimeout bounds what is cleaned up after a change, also when its
	// context has ended.
	tidyTimeout = 10 * time.Second
	// networkTimeout bounds the removal of the network by itself. The engine
	// removes one network after the other, and a busy one takes its time; one that
	// is not removed in time makes a destroy fail that is to be done again.
	networkTimeout = time.Minute
)

// ErrNoProbeImage says that no session can be started for want of its image.
var ErrNoProbeImage = errors.New("the probe image is not available")

// Config is what sessions need to know.
type Config struct {
	ProbeImage string // has sh, cat and nc
	Version    string // of the provider, for labels
	Hostname   string // of this machine, for whoever meets our lock
}

// Manager holds this process's session container while changes are under way.
// The session is gone a moment after the process, however that dies, so it is
// the liveness of everything the process began.
type Manager struct {
	docker  Docker
	cfg     Config
	network *Network
	images  Images

	mu      sync.Mutex
	current *Session
	users   int
	tidy    bool // something was removed: the network may be deserted
	idle    *time.Timer
}

// New makes the manager of a process. Nothing is started before the first Acquire.
func New(d Docker, cfg Config, network *Network, images Images) *Manager {
	return &Manager{docker: d, cfg: cfg, network: network, images: images}
}

// Session is one started session container.
type Session struct {
	docker.Session
	NetworkID string // of the managed network
}

// Name is the session's, "" of none.
func (s *Session) Name() string {
	if s == nil {
		return ""
	}
	return s.Session.Name()
}

// Acquire starts the session or joins the one that is there.
func (m *Manager) Acquire(ctx context.Context) (*Session, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.idle != nil {
		m.idle.Stop()
		m.idle = nil
	}
	if m.users == 0 && !m.alive(ctx) {
		_ = m.end() // whatever is left of it
	}
	if m.current == nil {
		started, err := m.start(ctx)
		if err != nil {
			return nil, err
		}
		m.current = started
	}
	m.users++
	return m.current, nil
}

// alive reports whether an idle session is still there: an engine that was
// restarted meanwhile has ended it.
func (m *Manager) alive(ctx context.Context) bool {
	if m.current == nil {
		return false
	}
	c, err := m.docker.InspectContainer(ctx, m.current.ContainerID())
	return err == nil && c.State.Running
}

// Renew is for when the engine may have been restarted while s was in use: if
// that has gone, the next Acquire starts another. An error says that the engine
// does not answer. Without a session it says no more than that.
func (m *Manager) Renew(ctx context.Context, s *Session) error {
	if s == nil {
		_, err := m.network.find(ctx)
		return err
	}
	c, err := m.docker.InspectContainer(ctx, s.ContainerID())
	if err != nil && !errors.Is(err, deployment.ErrNotFound) {
		return err
	}
	if err == nil && c.State.Running {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.current == s { // others who share it may have been quicker
		_ = m.end()
	}
	return nil
}

// start makes the network and the session container. The network may vanish
// between the two when another process removes its last deployment, and the
// container when another takes it for left over: then the pair is made again, once.
func (m *Manager) start(ctx context.Context) (*Session, error) {
	if _, err := m.images.Resolve(ctx, m.cfg.ProbeImage, deployment.PullMissing, ""); err != nil {
		return nil, fmt.Errorf("%w: %s, which checks readiness from inside the network: %w\n"+
			"Pull it, or set the provider's probe_image to a busybox image that the engine has", ErrNoProbeImage, m.cfg.ProbeImage, err)
	}
	var err error
	for range 2 {
		var id string
		if id, err = m.network.Ensure(ctx); err != nil {
			return nil, err
		}
		var started docker.Session
		started, err = m.docker.StartSession(ctx, docker.SessionRequest{
			Name: namePrefix + strings.ToLower(rand.Text()[:12]), Image: m.cfg.ProbeImage, NetworkID: id,
			Labels: map[string]string{
				docker.LabelKind: docker.KindSession, docker.LabelHost: m.cfg.Hostname, docker.LabelProvider: m.cfg.Version,
				docker.LabelPID: strconv.Itoa(os.Getpid()),
			},
		})
		if err == nil {
			m.sweep(ctx)
			return &Session{Session: started, NetworkID: id}, nil
		}
		if !errors.Is(err, deployment.ErrNotFound) {
			break
		}
	}
	return nil, fmt.Errorf("starting the session container: %w", err)
}

// Release gives the session back. The last user ends it: at once when a removal
// or a failed create may have left the network deserted, else a little later.
// A network that could not be removed is found and removed by the next one.
func (m *Manager) Release(ctx context.Context, deserted bool) { _ = m.release(ctx, deserted) }

// release is Release; the error says why a deserted network is still there.
func (m *Manager) release(ctx context.Context, deserted bool) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users--
	m.tidy = m.tidy || deserted
	if m.users > 0 || m.current == nil {
		return nil
	}
	if m.tidy {
		m.tidy = false
		err = m.tidyUp(ctx)
	}
	if m.current != nil {
		m.idle = time.AfterFunc(linger, m.lingered)
	}
	return err
}

// tidyUp removes session and network when nothing else is left on the network.
func (m *Manager) tidyUp(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	looking, cancel := context.WithTimeout(ctx, tidyTimeout)
	defer cancel()
	id, err := m.network.find(looking)
	if err != nil || id == "" {
		return err
	}
	deserted, err := m.network.deserted(looking, id)
	if errors.Is(err, deployment.ErrNotFound) { // another process was quicker
		return nil
	}
	if err != nil || !deserted {
		return err
	}
	ended := m.end()
	removing, cancelRemoval := context.WithTimeout(ctx, networkTimeout) // whatever time the session took
	defer cancelRemoval()
	err = m.docker.RemoveNetwork(removing, id)
	if errors.Is(err, docker.ErrConflict) { // another process's session is on it, or still ours
		return ended
	}
	return err
}

// Close ends the session unless it is in use.
func (m *Manager) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users > 0 {
		return nil
	}
	return m.end()
}

// end removes the session container. The caller holds mu.
func (m *Manager) end() error {
	if m.idle != nil {
		m.idle.Stop()
		m.idle = nil
	}
	if m.current == nil {
		return nil
	}
	old := m.current
	m.current = nil
	return old.Close()
}

// lingered ends an idle session, and the network with it when meanwhile another
// process removed the last thing on it: that one could not, as this session was there.
func (m *Manager) lingered() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users > 0 {
		return
	}
	_ = m.tidyUp(context.Background())
	_ = m.end()
}
