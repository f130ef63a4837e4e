package artifact

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// DefaultKeepVersions is how many versions of a model are kept, the current one included.
const DefaultKeepVersions = 2

// Model is what a user asks of one model.
type Model struct {
	Name    string // like a deployment's
	Owner   string
	Version string // the user's own word for it, "" for none
	Source  string // local file or folder
	// Digest is what the plan found, "" when it did not look. A source with
	// another one is *DigestError.
	Digest       string
	Verify       bool // read the artifact back after the upload
	KeepVersions int  // 0: DefaultKeepVersions
	// Timeouts are kept for an import to find; nothing here is bounded by them.
	Timeouts deployment.Timeouts
}

// ModelStatus is what a model's name stands for.
type ModelStatus struct {
	Name         string
	Owner        string
	Version      string
	Source       string // where it was uploaded from last
	Verify       bool
	KeepVersions int
	Timeouts     deployment.Timeouts
	Artifact     deployment.Artifact
	Drift        []string              // sentences: what is wrong with the artifact
	Earlier      []deployment.Artifact // further versions that are kept, the newest first
}

// Put stores a model's source, unless it is stored already, and makes it the
// model's current version. Versions beyond those to keep are removed, unless
// something uses them. Errors: *SourceError, *DigestError, *ChangedError,
// *deployment.OwnerError, *DamagedError, *deployment.LockedError.
func (s *Store) Put(ctx context.Context, m Model) (ModelStatus, error) {
	src, err := Scan(ctx, m.Source, s.cfg.Cache)
	if err != nil {
		return ModelStatus{}, err
	}
	if m.Digest != "" && m.Digest != src.Digest {
		return ModelStatus{}, &DigestError{Source: m.Source, Planned: m.Digest, Found: src.Digest}
	}
	if err := s.sweep(ctx); err != nil {
		return ModelStatus{}, err
	}
	held, err := s.claim(ctx, &s.names, modelLock(m.Name))
	if err != nil {
		return ModelStatus{}, err
	}
	err = s.changing(ctx, m.Name, m.Owner, func(versions []record) error {
		versions, err := s.putVersion(ctx, m, src, versions)
		if err != nil {
			return err
		}
		return s.prune(ctx, versions)
	})
	held.release(ctx)
	if err != nil {
		return ModelStatus{}, err
	}
	return s.status(ctx, m.Name)
}

// putVersion uploads the source and names it, both under the artifact's lock:
// else somebody could collect it in between, as nothing names it yet.
func (s *Store) putVersion(ctx context.Context, m Model, src Source, versions []record) ([]record, error) {
	held, err := s.claim(ctx, &s.volumes, volumeLock(VolumeName(src.Digest)))
	if err != nil {
		return nil, err
	}
	defer held.release(ctx)
	if err := s.keepHeld(ctx, held, content{Listing: src.Listing, source: src.parts}, Upload{Verify: m.Verify}); err != nil {
		return nil, err
	}
	return s.commit(ctx, versions, record{
		name: m.Name, owner: m.Owner, version: m.Version, source: m.Source, artifact: src.artifact(src.Path),
		policy: policy{KeepVersions: cmp.Or(m.KeepVersions, DefaultKeepVersions), Verify: m.Verify, Timeouts: m.Timeouts},
	})
}

// Get is what a model's name stands for, and whether that is still as it was
// made. deployment.ErrNotFound.
func (s *Store) Get(ctx context.Context, name string) (ModelStatus, error) {
	return s.status(ctx, name)
}

func (s *Store) status(ctx context.Context, name string) (ModelStatus, error) {
	versions, err := s.records(ctx, name)
	if err != nil {
		return ModelStatus{}, err
	}
	if len(versions) == 0 {
		return ModelStatus{}, fmt.Errorf("model %q: %w", name, deployment.ErrNotFound)
	}
	r := versions[0]
	status := ModelStatus{
		Name: name, Owner: r.owner, Version: r.version, Source: r.source,
		Verify: r.policy.Verify, KeepVersions: r.policy.KeepVersions, Timeouts: r.policy.Timeouts, Artifact: r.artifact,
	}
	for _, v := range versions[1:] {
		if v.artifact.Digest != r.artifact.Digest {
			status.Earlier = append(status.Earlier, v.artifact)
		}
	}
	status.Drift, err = s.Check(ctx, r.artifact)
	if errors.Is(err, deployment.ErrNotFound) {
		status.Drift, err = []string{fmt.Sprintf("Volume %s was deleted.", r.artifact.Volume)}, nil
	}
	if err != nil {
		return status, err
	}
	for _, lock := range []session.Lock{modelLock(name), volumeLock(r.artifact.Volume)} {
		stale, err := s.sessions.Stale(ctx, lock)
		if err != nil {
			return status, err
		}
		if stale {
			status.Drift = append(status.Drift, lock.Left())
		}
	}
	return status, nil
}

// Delete forgets a model, and removes its versions. It names those that stay
// because something uses them: they go when nothing does, with a later change
// of any model. Already gone is success.
func (s *Store) Delete(ctx context.Context, name, owner string) (kept []string, err error) {
	versions, err := s.records(ctx, name)
	if err != nil || len(versions) == 0 {
		return nil, err
	}
	if err := s.sweep(ctx); err != nil {
		return nil, err
	}
	versions, left, err := s.vacate(ctx, name, owner)
	if err != nil {
		return nil, err
	}
	for i := len(versions) - 1; i >= 0; i-- { // the newest last: until then it is still a model
		if err := s.docker.RemoveVolume(ctx, versions[i].volume); err != nil {
			return nil, fmt.Errorf("removing the record %s: %w", versions[i].volume, err)
		}
	}
	// Of models that go at the same time and share an artifact, the last one takes it along.
	for _, volume := range left {
		var used *InUseError
		if err := s.drop(ctx, volume, nil); errors.As(err, &used) {
			kept = append(kept, used.Error())
		} else if err != nil {
			return kept, err
		}
	}
	return kept, s.collect(ctx)
}

// vacate removes all of a model but its records, which go last, when nobody is
// left to be told by them: its lock, what nothing else needs any more, and its
// artifacts, of which it names the volumes that something uses.
func (s *Store) vacate(ctx context.Context, name, owner string) (versions []record, left []string, err error) {
	held, err := s.claimRemoval(ctx, &s.names, modelLock(name))
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, held.end(ctx)) }()
	err = s.changing(ctx, name, owner, func(all []record) error {
		versions = all
		except := make([]string, len(versions))
		for i, r := range versions {
			except[i] = r.volume
		}
		for _, r := range versions {
			var used *InUseError
			if err := s.drop(ctx, r.artifact.Volume, except); errors.As(err, &used) {
				left = append(left, used.Volume)
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	return versions, left, err
}

// changing runs change with the versions of a model. The caller has its lock.
func (s *Store) changing(ctx context.Context, name, owner string, change func(versions []record) error) error {
	versions, err := s.records(ctx, name)
	if err != nil {
		return err
	}
	if len(versions) > 0 && owner != "" && versions[0].owner != owner {
		return &deployment.OwnerError{Kind: "model", Name: name, Owner: versions[0].owner, Want: owner}
	}
	return change(versions)
}

// prune removes the versions beyond those to keep, with their artifacts, unless
// something uses them; and what was left over of others.
func (s *Store) prune(ctx context.Context, versions []record) error {
	superseded, surplus := beyond(versions)
	for _, r := range superseded {
		if err := s.docker.RemoveVolume(ctx, r.volume); err != nil {
			return fmt.Errorf("removing the superseded record %s: %w", r.volume, err)
		}
	}
	except := make([]string, len(surplus))
	for i, r := range surplus {
		except[i] = r.volume
	}
	for i := len(surplus) - 1; i >= 0; i-- {
		err := s.drop(ctx, surplus[i].artifact.Volume, except)
		var used *InUseError
		if errors.As(err, &used) {
			continue // its record stays, so that it is known what it is
		}
		if err == nil {
			err = s.docker.RemoveVolume(ctx, surplus[i].volume)
		}
		if err != nil {
			return fmt.Errorf("removing an earlier version: %w", err)
		}
	}
	return s.collect(ctx)
}
