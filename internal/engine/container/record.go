package container

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// labelAdopted, on a record, is the ID of the container that the deployment
// adopted and has not replaced yet.
const labelAdopted = "mlops.adopted"

// record is a deployment's memory: an empty volume whose labels carry what no
// container can. Volume labels appear with the volume, so a record is either
// complete or not there.
type record struct {
	number   int // n of mlops.<name>.<n>
	volume   string
	uid      string
	owner    string
	revision int // 0: an adopted container that was never replaced
	adopted  string
	spec     deployment.Spec
}

// readRecords sorts a deployment's record volumes: the highest one counts, the
// others are superseded. A volume that cannot be read is an error, because
// guessing would forget a user's policies.
func readRecords(name string, volumes []docker.Volume) (current *record, superseded []string, err error) {
	var all []record
	for _, v := range volumes {
		if v.Labels[docker.LabelKind] != docker.KindRecord || v.Labels[docker.LabelDeployment] != name {
			continue
		}
		r, err := parseRecord(name, v)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil, nil, nil
	}
	slices.SortFunc(all, func(a, b record) int { return cmp.Compare(b.number, a.number) })
	for _, r := range all[1:] {
		superseded = append(superseded, r.volume)
	}
	return &all[0], superseded, nil
}

func parseRecord(name string, v docker.Volume) (record, error) {
	r := record{
		volume: v.Name, uid: v.Labels[docker.LabelUID], owner: v.Labels[docker.LabelOwner],
		adopted: v.Labels[labelAdopted],
	}
	var err error
	if r.number, err = strconv.Atoi(strings.TrimPrefix(v.Name, strings.TrimSuffix(deployment.RecordName(name, 0), "0"))); err != nil {
		return r, fmt.Errorf("volume %q carries the labels of a record but not its name", v.Name)
	}
	if r.revision, err = strconv.Atoi(v.Labels[docker.LabelRevision]); err != nil {
		return r, fmt.Errorf("record %q has no revision: %w", v.Name, err)
	}
	if err = json.Unmarshal([]byte(v.Labels[docker.LabelSpec]), &r.spec); err != nil {
		return r, fmt.Errorf("record %q cannot be read: %w", v.Name, err)
	}
	return r, nil
}

// labels are the volume labels of r.
func (r record) labels(version string) (map[string]string, error) {
	spec, err := json.Marshal(r.spec)
	if err != nil {
		return nil, err
	}
	labels := map[string]string{
		docker.LabelKind:       docker.KindRecord,
		docker.LabelDeployment: r.spec.Name,
		docker.LabelOwner:      r.owner,
		docker.LabelUID:        r.uid,
		docker.LabelRevision:   strconv.Itoa(r.revision),
		docker.LabelSpec:       string(spec),
		docker.LabelProvider:   version,
	}
	if r.adopted != "" {
		labels[labelAdopted] = r.adopted
	}
	return labels, nil
}

// says reports whether r already says what next would: then nothing is written.
func (r *record) says(next record) bool {
	if r == nil {
		return false
	}
	a, errA := r.labels("")
	b, errB := next.labels("")
	return errA == nil && errB == nil && reflect.DeepEqual(a, b)
}

// takenOver warns whoever applies the deployment as uid that it is somebody
// else's as yet.
func (w *world) takenOver(uid string, warning func(what string, revision int, owner string) string) []string {
	if w.record == nil || !deployment.OtherLife(w.record.uid, uid) {
		return nil
	}
	return []string{warning(fmt.Sprintf("Deployment %q", w.name), w.record.revision, w.record.owner)}
}

// commit writes next as the deployment's record, with at least its number, and
// removes the earlier ones. Without a uid it goes on with that of the record.
// A crash between the two leaves two, of which the higher counts.
func (e *Engine) commit(ctx context.Context, w *world, next record) error {
	if next.uid == "" && w.record != nil {
		next.uid = w.record.uid
	}
	next.uid = cmp.Or(next.uid, deployment.NewUID())
	if w.number() < next.number || !w.record.says(next) {
		next.number = max(next.number, w.number()+1)
		next.volume = deployment.RecordName(next.spec.Name, next.number)
		labels, err := next.labels(e.cfg.Version)
		if err != nil {
			return err
		}
		if err := e.docker.CreateVolume(ctx, next.volume, labels); err != nil {
			return fmt.Errorf("writing the record %s: %w", next.volume, err)
		}
		if w.record != nil {
			w.superseded = append(w.superseded, w.record.volume)
		}
		w.record = &next
	}
	for _, v := range w.superseded {
		if err := e.docker.RemoveVolume(ctx, v); err != nil {
			return fmt.Errorf("removing the superseded record %s: %w", v, err)
		}
	}
	w.superseded = nil
	return nil
}
