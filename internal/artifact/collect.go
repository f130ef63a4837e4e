package artifact

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// orphanAge is how old an artifact must be that nothing names before it is
// taken for left over: until then whoever stored it may be about to name it.
const orphanAge = time.Hour

// users are what keeps an artifact: containers that mount it, and everything of
// this provider that names it, whatever it is: records of deployments and
// models, results of workflows. except are volumes that do not count.
func (s *Store) users(ctx context.Context, volume string, except []string) ([]string, error) {
	var out []string
	containers, err := s.docker.VolumeUsers(ctx, volume)
	if err != nil {
		return nil, fmt.Errorf("looking who uses volume %s: %w", volume, err)
	}
	for _, c := range containers {
		if c.Labels[docker.LabelKind] != docker.KindHelper {
			out = append(out, fmt.Sprintf("container %q", c.Name))
		}
	}
	volumes, err := s.docker.ListVolumes(ctx, map[string]string{docker.LabelKind: ""})
	if err != nil {
		return nil, fmt.Errorf("looking who uses volume %s: %w", volume, err)
	}
	// Versions that two models have beyond those to keep must not keep each other.
	except = append(surplusOf(volumes), except...)
	for _, v := range volumes {
		if v.Name == volume || slices.Contains(except, v.Name) || !names(v, volume) {
			continue
		}
		out = append(out, namer(v))
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// names reports whether a label of v has the artifact's digest in it.
func names(v docker.Volume, volume string) bool {
	digits := strings.TrimPrefix(volume, volumePrefix)
	for _, value := range v.Labels {
		if strings.Contains(value, digits) {
			return true
		}
	}
	return false
}

// namer is what a volume that names an artifact is the record of.
func namer(v docker.Volume) string {
	for _, label := range []string{docker.LabelModel, docker.LabelDeployment, docker.LabelWorkflow} {
		if name := v.Labels[label]; name != "" {
			return fmt.Sprintf("%s %q", strings.TrimPrefix(label, "mlops."), name)
		}
	}
	return fmt.Sprintf("volume %q", v.Name)
}

// surplusOf are the records, among volumes, of versions beyond those to keep.
func surplusOf(volumes []docker.Volume) []string {
	models := map[string][]record{}
	for _, v := range volumes {
		if v.Labels[docker.LabelKind] != docker.KindModel {
			continue
		}
		if r, err := parseRecord(v); err == nil { // one that cannot be read counts
			models[r.name] = append(models[r.name], r)
		}
	}
	var out []string
	for _, versions := range models {
		sortVersions(versions)
		superseded, surplus := beyond(versions)
		for _, r := range append(superseded, surplus...) {
			out = append(out, r.volume)
		}
	}
	return out
}

// Discard removes an artifact. Already gone is success. *InUseError: something
// mounts or names it, other than the volumes of except.
func (s *Store) Discard(ctx context.Context, digest string, except []string) error {
	if err := s.sweep(ctx); err != nil { // a removal that was killed leaves its lock
		return err
	}
	return s.drop(ctx, VolumeName(digest), except)
}

func (s *Store) drop(ctx context.Context, volume string, except []string) (err error) {
	if _, err := s.docker.InspectVolume(ctx, volume); errors.Is(err, deployment.ErrNotFound) {
		return nil
	}
	if users, err := s.users(ctx, volume, except); err != nil || len(users) > 0 {
		return inUse(volume, users, err)
	}
	held, err := s.claimRemoval(ctx, &s.volumes, volumeLock(volume))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, held.end(ctx)) }() // nobody takes the lock of what is gone again
	users, err := s.users(ctx, volume, except)               // it may have been taken into use while we waited
	if err != nil || len(users) > 0 {
		return inUse(volume, users, err)
	}
	if err := s.dropHelpers(ctx, volume); err != nil {
		return err
	}
	err = s.docker.RemoveVolume(ctx, volume)
	if errors.Is(err, docker.ErrConflict) {
		users, err = s.users(ctx, volume, except)
		return inUse(volume, append(users, "a container"), err)
	}
	return err
}

func inUse(volume string, users []string, err error) error {
	if err != nil {
		return err
	}
	return &InUseError{Volume: volume, Users: users}
}

// dropHelpers removes the containers through which the volume was read or
// written. The caller holds the lock, so nobody writes; whoever reads is told
// that the volume is gone.
func (s *Store) dropHelpers(ctx context.Context, volume string) error {
	list, err := s.docker.VolumeUsers(ctx, volume)
	if err != nil {
		return err
	}
	for _, c := range list {
		if c.Labels[docker.LabelKind] != docker.KindHelper {
			continue
		}
		if err := s.docker.RemoveContainer(ctx, c.ID); err != nil {
			return fmt.Errorf("removing %s: %w", c.Name, err)
		}
	}
	return nil
}

// collect removes artifacts that nothing has named or mounted for a while. What
// cannot be removed now is left for the next time.
func (s *Store) collect(ctx context.Context) error {
	volumes, err := s.docker.ListVolumes(ctx, nil)
	if err != nil {
		return err
	}
	for _, v := range volumes {
		if digestOf(v.Name) == "" || s.clock().Sub(v.Created) < orphanAge {
			continue
		}
		if named := slices.ContainsFunc(volumes, func(o docker.Volume) bool {
			return o.Name != v.Name && o.Labels[docker.LabelKind] != "" && names(o, v.Name)
		}); named {
			continue
		}
		var used *InUseError
		if err := s.drop(ctx, v.Name, nil); err != nil && !errors.As(err, &used) && !errors.Is(err, deployment.ErrLocked) {
			return err
		}
	}
	return nil
}
