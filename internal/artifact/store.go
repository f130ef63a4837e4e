package artifact

import (
	"cmp"
	"context"
	"errors"
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
	// TakeOver is after which time a helper container that is in the way counts
	// as left over. 0: a few seconds.
	TakeOver time.Duration
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
	cfg.TakeOver = cmp.Or(cfg.TakeOver, defaultTakeOver)
	return &Store{docker: d, sessions: sessions, cfg: cfg, clock: time.Now}
}

// claim is the right to change one artifact or model: its lock, under a live
// session.
type claim struct {
	session *session.Session            // nil for a removal that could have none
	end     func(context.Context) error // gives it back; what a removal has deserted goes
}

// release is end for whoever changes what stays. A lock that is left is stale as
// soon as the session ends: its next taker removes it.
func (c *claim) release(ctx context.Context) { _ = c.end(ctx) }

// claim takes a lock, after the process's own mutex of that name.
func (s *Store) claim(ctx context.Context, own *keyed.Mutex, lock session.Lock) (*claim, error) {
	current, err := s.sessions.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return s.lock(ctx, own, lock, current, func(ctx context.Context) error {
		s.sessions.Release(ctx, true)
		return nil
	})
}

// claimRemoval is claim for a removal, which may have no session.
func (s *Store) claimRemoval(ctx context.Context, own *keyed.Mutex, lock session.Lock) (*claim, error) {
	current, _, err := s.sessions.AcquireForRemoval(ctx)
	if err != nil {
		return nil, err
	}
	return s.lock(ctx, own, lock, current, func(ctx context.Context) error { return s.sessions.Vacate(ctx, current) })
}

func (s *Store) lock(ctx context.Context, own *keyed.Mutex, lock session.Lock, current *session.Session, release func(context.Context) error) (*claim, error) {
	free, err := own.Acquire(ctx, lock.Container)
	if err != nil {
		_ = release(ctx)
		return nil, err
	}
	unlock, err := s.sessions.Lock(ctx, current, lock)
	if err != nil {
		_ = release(ctx)
		free()
		return nil, err
	}
	return &claim{session: current, end: func(ctx context.Context) error {
		defer free()
		unlocked := unlock(ctx)
		return errors.Join(unlocked, release(ctx))
	}}, nil
}

func volumeLock(volume string) session.Lock {
	return session.Lock{
		Container: volume + ".lock", Kind: "artifact", Name: deployment.ShortID(digestOf(volume)),
		Labels: map[string]string{docker.LabelVolume: volume},
	}
}

func modelLock(name string) session.Lock {
	return session.Lock{
		Container: modelPrefix + name + ".lock", Kind: "model", Name: name, Labels: map[string]string{docker.LabelModel: name},
	}
}
