package container

import (
	"context"
	"errors"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// inspectWorkers bounds concurrent inspects of one observation.
const inspectWorkers = 32

// world is what the engine holds of one deployment.
type world struct {
	name       string
	record     *record            // nil: none, so an unfinished create or not ours
	superseded []string           // record volumes that a crash left behind
	replicas   []docker.Container // made by us, by slot label
	routed     bool               // an endpoint routes to it
	kept       *docker.Container  // a replica of ours that failed and was kept for inspection
	foreign    *docker.Container  // holds the deployment's name and is not ours
	// foreignSpec is the foreign container's, rebuilt by inspection.
	foreignSpec deployment.Spec
	interrupted bool            // a change may have ended in the middle of a drain
	locked      bool            // there is a lock, held or stale
	lockedBy    string          // name of its session
	sessions    map[string]bool // names of the running sessions; nil when not looked at
}

// exists reports whether anything of the deployment is there.
func (w *world) exists() bool { return w.record != nil || len(w.replicas) > 0 || w.kept != nil }

// owner of what is there, "" when nothing is.
func (w *world) owner() string {
	if w.record != nil {
		return w.record.owner
	}
	if len(w.replicas) > 0 {
		return w.replicas[0].Config.Labels[docker.LabelOwner]
	}
	if w.kept != nil {
		return w.kept.Config.Labels[docker.LabelOwner]
	}
	return ""
}

// revision is the record's.
func (w *world) revision() int {
	if w.record == nil {
		return 0
	}
	return w.record.revision
}

// number is the record's.
func (w *world) number() int {
	if w.record == nil {
		return 0
	}
	return w.record.number
}

// unfinished reports whether c was made by a change that was never committed.
func (w *world) unfinished(c docker.Container) bool {
	return number(c, docker.LabelChange) > w.number()
}

// adopted reports whether the foreign container belongs to the deployment: the
// record says so, or the caller's state does.
func (w *world) adopted(ids []string) bool {
	if w.foreign == nil {
		return false
	}
	return w.record != nil && w.record.adopted == w.foreign.ID || slices.Contains(ids, w.foreign.ID)
}

// observe looks at one deployment now, for a change of it.
func (e *Engine) observe(ctx context.Context, name string) (*world, error) {
	labels := map[string]string{docker.LabelDeployment: name}
	var list listing
	var named docker.Container
	group, gctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) { list.containers, err = e.docker.ListContainers(gctx, labels); return })
	group.Go(func() (err error) { list.volumes, err = e.docker.ListVolumes(gctx, labels); return })
	group.Go(func() (err error) { list.routed, err = e.routes(gctx); return })
	group.Go(func() (err error) {
		named, err = e.docker.InspectContainer(gctx, name)
		if errors.Is(err, deployment.ErrNotFound) {
			err = nil
		}
		return
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	list.inspected = named
	w, err := e.worldOf(ctx, name, list)
	if err == nil && named.ID != "" && named.Name == name && named.Config.Labels[docker.LabelDeployment] == "" {
		w.foreign = &named
	}
	return w, err
}

// worldOf inspects what a listing shows of one deployment.
func (e *Engine) worldOf(ctx context.Context, name string, list listing) (*world, error) {
	w := &world{name: name, routed: list.routed[name]}
	var err error
	if w.record, w.superseded, err = readRecords(name, list.volumes); err != nil {
		return nil, err
	}
	var ids []string
	foreign := -1
	for _, c := range list.containers {
		switch {
		case c.Labels[docker.LabelDeployment] == name && c.Labels[docker.LabelKind] == docker.KindReplica:
			ids = append(ids, c.ID)
		case c.Labels[docker.LabelDeployment] == name && c.Labels[docker.LabelKind] == docker.KindLock:
			w.locked, w.lockedBy = true, c.Labels[docker.LabelSession]
		case c.Name == name && c.Labels[docker.LabelDeployment] == "":
			foreign = len(ids)
			ids = append(ids, c.ID)
		}
	}
	found, err := e.inspectAll(ctx, ids, list.inspected)
	if err != nil {
		return nil, err
	}
	for i := range found {
		switch {
		case found[i].ID == "": // gone between list and inspect
		case i == foreign:
			w.foreign = &found[i]
		case found[i].Name == deployment.FailedName(name):
			w.kept = &found[i]
		default:
			w.replicas = append(w.replicas, found[i])
		}
	}
	slices.SortFunc(w.replicas, func(a, b docker.Container) int { return strings.Compare(a.Name, b.Name) })
	w.sessions = list.sessions()
	return w, nil
}

// inspectAll inspects concurrently, in order; one that has gone is left zero,
// one that is known already is not asked for again.
func (e *Engine) inspectAll(ctx context.Context, ids []string, known docker.Container) ([]docker.Container, error) {
	out := make([]docker.Container, len(ids))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(inspectWorkers)
	for i, id := range ids {
		if id == known.ID {
			out[i] = known
			continue
		}
		group.Go(func() error {
			c, err := e.docker.InspectContainer(ctx, id)
			if errors.Is(err, deployment.ErrNotFound) {
				return nil
			}
			out[i] = c
			return err
		})
	}
	return out, group.Wait()
}
