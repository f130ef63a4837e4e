package container

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const (
	sessionPrefix = "mlops.session."
	// sessionLinger keeps the session for the next change of this process:
	// Terraform walks dependencies one after the other.
	sessionLinger = 2 * time.Second
	// tidyTimeout bounds what is cleaned up after a change, also when its
	// context has ended.
	tidyTimeout = 10 * time.Second
)

// errNoProbeImage says that no session can be started for want of its image.
var errNoProbeImage = errors.New("the probe image is not available")

// sessions holds this process's session container while changes are under way.
// The session is gone a moment after the process, however that dies, so it is
// the liveness of everything the process began.
type sessions struct {
	docker   Docker
	cfg      Config
	networks *managedNetwork
	images   *imageResolver

	mu      sync.Mutex
	current *session
	users   int
	tidy    bool // something was removed: the network may be deserted
	linger  *time.Timer
}

// session is one started session container.
type session struct {
	docker.Session
	networkID string
	watch     *watcher
}

// acquire starts the session or joins the one that is there.
func (s *sessions) acquire(ctx context.Context) (*session, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.linger != nil {
		s.linger.Stop()
		s.linger = nil
	}
	if s.users == 0 && !s.alive(ctx) {
		_ = s.end() // whatever is left of it
	}
	if s.current == nil {
		started, err := s.start(ctx)
		if err != nil {
			return nil, err
		}
		s.current = started
	}
	s.users++
	return s.current, nil
}

// alive reports whether an idle session is still there: an engine that was
// restarted meanwhile has ended it.
func (s *sessions) alive(ctx context.Context) bool {
	if s.current == nil {
		return false
	}
	c, err := s.docker.InspectContainer(ctx, s.current.ContainerID())
	return err == nil && c.State.Running
}

// start makes the network and the session container. The network may vanish
// between the two when another process removes its last deployment: then the
// pair is made again, once.
func (s *sessions) start(ctx context.Context) (*session, error) {
	if _, err := s.images.resolve(ctx, s.cfg.ProbeImage, deployment.PullMissing, ""); err != nil {
		return nil, fmt.Errorf("%w: %s, which checks readiness from inside the network: %w\n"+
			"Pull it, or set the provider's probe_image to a busybox image that the engine has", errNoProbeImage, s.cfg.ProbeImage, err)
	}
	var err error
	for range 2 {
		var id string
		if id, err = s.networks.ensure(ctx); err != nil {
			return nil, err
		}
		var started docker.Session
		started, err = s.docker.StartSession(ctx, docker.SessionRequest{
			Name: sessionPrefix + strings.ToLower(rand.Text()[:12]), Image: s.cfg.ProbeImage, NetworkID: id,
			Labels: map[string]string{
				docker.LabelKind: docker.KindSession, docker.LabelHost: s.cfg.Hostname, docker.LabelProvider: s.cfg.Version,
			},
		})
		if err == nil {
			return &session{Session: started, networkID: id, watch: newWatcher(s.docker)}, nil
		}
		if !errors.Is(err, deployment.ErrNotFound) {
			break
		}
	}
	return nil, fmt.Errorf("starting the session container: %w", err)
}

// release gives the session back. The last user ends it: at once when a removal
// or a failed create may have left the network deserted, else a little later.
func (s *sessions) release(ctx context.Context, deserted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	s.tidy = s.tidy || deserted
	if s.users > 0 || s.current == nil {
		return
	}
	if s.tidy {
		s.tidy = false
		s.tidyUp(ctx)
	}
	if s.current != nil {
		s.linger = time.AfterFunc(sessionLinger, s.lingered)
	}
}

// tidyUp removes session and network when nothing else is left on the network.
// It runs after a successful removal, so a failure here is not the user's: the
// network is found and removed by the next one.
func (s *sessions) tidyUp(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), tidyTimeout)
	defer cancel()
	id, err := s.networks.find(ctx)
	if err != nil || id == "" {
		return
	}
	if deserted, err := s.networks.deserted(ctx, id); err != nil || !deserted {
		return
	}
	_ = s.end()
	_ = s.docker.RemoveNetwork(ctx, id) // refused while another process's session is on it
}

// tidyUnused is tidyUp for a removal that had no session.
func (s *sessions) tidyUnused(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		s.tidyUp(ctx)
	}
}

// close ends the session unless it is in use.
func (s *sessions) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users > 0 {
		return nil
	}
	return s.end()
}

// end removes the session container. The caller holds mu.
func (s *sessions) end() error {
	if s.linger != nil {
		s.linger.Stop()
		s.linger = nil
	}
	if s.current == nil {
		return nil
	}
	old := s.current
	s.current = nil
	old.watch.close()
	return old.Close()
}

// lingered ends an idle session, and the network with it when meanwhile another
// process removed the last thing on it: that one could not, as this session was there.
func (s *sessions) lingered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users > 0 {
		return
	}
	s.tidyUp(context.Background())
	_ = s.end()
}
