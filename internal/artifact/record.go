package artifact

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// A model's record is an empty volume mlops-model.<name>.<n>, whose labels say
// what the name stands for. The highest n counts; the others are the versions
// that are kept.

// record is one version of a model.
type record struct {
	number   int
	volume   string // its own name
	name     string
	owner    string
	version  string
	source   string
	policy   policy
	artifact deployment.Artifact
}

// policy is what of a model's configuration is not in its artifact.
type policy struct {
	KeepVersions int                 `json:"keep_versions"`
	Verify       bool                `json:"verify,omitempty"`
	Timeouts     deployment.Timeouts `json:"timeouts,omitzero"`
}

// modelPrefix begins the names of records; a digest has no dot, so they are no artifact's.
const modelPrefix = "mlops-model."

func recordName(model string, number int) string {
	return modelPrefix + model + "." + strconv.Itoa(number)
}

// records are the versions of a model, the newest first.
func (s *Store) records(ctx context.Context, name string) ([]record, error) {
	volumes, err := s.docker.ListVolumes(ctx, map[string]string{docker.LabelKind: docker.KindModel, docker.LabelModel: name})
	if err != nil {
		return nil, fmt.Errorf("looking for the model's record: %w", err)
	}
	var all []record
	for _, v := range volumes {
		r, err := parseRecord(v)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
	}
	sortVersions(all)
	return all, nil
}

// sortVersions puts the newest first.
func sortVersions(versions []record) {
	slices.SortFunc(versions, func(a, b record) int { return cmp.Compare(b.number, a.number) })
}

// beyond are the versions of a model, newest first, that are not to be kept:
// superseded by a newer record of the same content, or more than the newest
// record's policy keeps.
func beyond(versions []record) (superseded, surplus []record) {
	wanted := map[string]bool{}
	for _, r := range versions {
		switch digest := r.artifact.Digest; {
		case wanted[digest]:
			superseded = append(superseded, r)
		case len(wanted) < max(1, versions[0].policy.KeepVersions):
			wanted[digest] = true
		default:
			surplus = append(surplus, r)
		}
	}
	return superseded, surplus
}

// parseRecord reads a record. One that cannot be read is an error, because
// guessing would forget which versions are wanted.
func parseRecord(v docker.Volume) (record, error) {
	l := v.Labels
	r := record{
		volume: v.Name, name: l[docker.LabelModel], owner: l[docker.LabelOwner], version: l[docker.LabelVersion],
		source: l[docker.LabelSource],
		artifact: deployment.Artifact{
			Volume: VolumeName(l[docker.LabelDigest]), Path: l[docker.LabelPath], Digest: l[docker.LabelDigest],
		},
	}
	digits, ours := strings.CutPrefix(v.Name, modelPrefix+r.name+".")
	var err error
	if r.number, err = strconv.Atoi(digits); !ours || err != nil {
		return r, fmt.Errorf("volume %q carries the labels of a model's record but not its name", v.Name)
	}
	if digestOf(r.artifact.Volume) != r.artifact.Digest {
		return r, fmt.Errorf("record %q has no digest", v.Name)
	}
	if r.artifact.Size, err = strconv.ParseInt(l[docker.LabelSize], 10, 64); err != nil {
		return r, fmt.Errorf("record %q has no size: %w", v.Name, err)
	}
	if err = json.Unmarshal([]byte(l[docker.LabelPolicy]), &r.policy); err != nil {
		return r, fmt.Errorf("record %q cannot be read: %w", v.Name, err)
	}
	return r, nil
}

func (r record) labels() (map[string]string, error) {
	text, err := json.Marshal(r.policy)
	return map[string]string{
		docker.LabelKind: docker.KindModel, docker.LabelModel: r.name, docker.LabelOwner: r.owner,
		docker.LabelVersion: r.version, docker.LabelSource: r.source, docker.LabelPolicy: string(text),
		docker.LabelDigest: r.artifact.Digest, docker.LabelPath: r.artifact.Path,
		docker.LabelSize: strconv.FormatInt(r.artifact.Size, 10),
	}, err
}

// commit writes next unless the newest record says the same.
func (s *Store) commit(ctx context.Context, versions []record, next record) ([]record, error) {
	next.number = 1
	labels, err := next.labels()
	if err != nil {
		return nil, err
	}
	if len(versions) > 0 {
		newest, err := versions[0].labels()
		if err != nil || maps.Equal(newest, labels) {
			return versions, err
		}
		next.number = versions[0].number + 1
	}
	next.volume = recordName(next.name, next.number)
	labels[docker.LabelProvider] = s.cfg.Version
	if err := s.docker.CreateVolume(ctx, next.volume, labels); err != nil {
		return nil, fmt.Errorf("writing the record %s: %w", next.volume, err)
	}
	return append([]record{next}, versions...), nil
}
