package artifact

import (
	"context"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/keyed"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// Config is what a Store needs to know.
type Config struct {
	Version string // of the provider, for labels
	Cache   *Cache // of local files' hashes; nil: none
	// Progress is told every few seconds how far an upload, or its reading
	// back, has come. nil: nobody is told. It must not block.
	Progress func(ctx context.Context, p Progress)
}

// Progress is how far something has come.
type Progress struct {
	Doing string // what is being done: `uploading`, `verifying`
	What  string // the model, or the volume
	Done  int64  // bytes
	Total int64  // bytes
}

// Store keeps artifacts and models on one engine. It is safe for concurrent use.
type Store struct {
	docker   Docker
	sessions *session.Manager
	cfg      Config
	volumes  keyed.Mutex // in-process: one change of a digest at a time
	readers  keyed.Mutex // in-process: one helper for each name
	names    keyed.Mutex // in-process: one change of a model at a time
	clock    func() time.Time
}

// New makes a store. Nothing is changed before the first upload.
func New(d Docker, sessions *session.Manager, cfg Config) *Store {
	return &Store{docker: d, sessions: sessions, cfg: cfg, clock: time.Now}
}

// kindArtifact is what errors call an artifact.
const kindArtifact = "artifact"

// claim is the right to change one artifact: its lock, under a live session.
type claim struct {
	session *session.Session
	release func()
}

// claimVolume takes the lock of an artifact.
func (s *Store) claimVolume(ctx context.Context, volume string) (*claim, error) {
	free, err := s.volumes.Acquire(ctx, volume)
	if err != nil {
		return nil, err
	}
	own, err := s.sessions.Acquire(ctx)
	if err != nil {
		free()
		return nil, err
	}
	unlock, err := s.sessions.Lock(ctx, own, lockOf(volume))
	if err != nil {
		s.sessions.Release(ctx, true)
		free()
		return nil, err
	}
	return &claim{session: own, release: func() {
		// A lock that stays is stale as soon as the session ends: its next taker removes it.
		_ = unlock(ctx)
		s.sessions.Release(ctx, true)
		free()
	}}, nil
}

func lockOf(volume string) session.Lock {
	return session.Lock{
		Container: volume + ".lock", Kind: kindArtifact, Name: deployment.ShortID(digestOf(volume)),
		Labels: map[string]string{docker.LabelVolume: volume},
	}
}
