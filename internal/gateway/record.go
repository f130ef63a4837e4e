package gateway

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
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// record is an endpoint's memory: an empty volume whose labels say what is
// wanted. It is complete or not there, the highest counts, and it is written
// before anything is done about it: from then on rollouts of the deployments
// know that they are routed to.
type record struct {
	number   int // n of mlops-endpoint.<name>.<n>
	volume   string
	uid      string
	revision int // rises with every change that a user makes of spec
	spec     endpoint.Spec
	backends []Backend // in the order of spec.Traffic

	split []endpoint.Range // which numbers go where; nil: as endpoint.Split has it
}

// ranges are which numbers go where. It follows from the weights and from those
// before: clients keep their numbers, and are not to move where they need not.
func (r record) ranges() []endpoint.Range { return r.config().ranges() }

// splitAs keeps ranges, unless they need not be said.
func (r *record) splitAs(ranges []endpoint.Range) {
	if r.split = ranges; slices.Equal(ranges, endpoint.Split(r.spec.Traffic)) {
		r.split = nil
	}
}

// config is what the gateway's configuration is made of.
func (r record) config() config {
	s := r.spec
	c := config{
		name: s.Name, backends: r.backends, routes: s.Traffic, split: r.split,
		fallback: s.Fallback, overrideHeader: s.OverrideHeader, sticky: s.Sticky == endpoint.StickyCookie, requestLog: s.Shift != nil,
		tls: s.TLS, hostPort: s.HostPort, metrics: s.MetricsPort != 0,
		timeouts: s.TimeoutsHTTP, maxBody: s.MaxBody, retry: s.Retry, pathPrefix: s.PathPrefix, stripPrefix: s.StripPrefix,
		accessLog: s.AccessLog, threads: threadsOf(s.Resources),
	}
	if s.Auth != nil {
		c.keys = s.Auth.Keys
	}
	return c
}

// takenOver warns whoever has applied an endpoint as uid that it was somebody
// else's before; r is nil when there was none.
func (r *record) takenOver(uid string) []string {
	if r == nil || !deployment.OtherLife(r.uid, uid) {
		return nil
	}
	return []string{deployment.TakenOver(fmt.Sprintf("Endpoint %q", r.spec.Name), r.revision, r.spec.Owner)}
}

// backend of a deployment; false when the endpoint does not route to it.
func (r record) backend(name string) (Backend, bool) {
	i := slices.IndexFunc(r.backends, func(b Backend) bool { return b.Deployment == name })
	if i < 0 {
		return Backend{}, false
	}
	return r.backends[i], true
}

// memory is what a record's label holds.
type memory struct {
	Spec     endpoint.Spec `json:"spec"`
	Backends []Backend     `json:"backends"`
	Revision int           `json:"revision,omitempty"` // 0, of the first versions: 1

	Split []endpoint.Range `json:"split,omitempty"` // see record
}

// says reports whether r, which may be nil, says the same as next.
func (r *record) says(next record) bool {
	return r != nil && r.uid == next.uid && r.revision == next.revision && reflect.DeepEqual(r.spec, next.spec) &&
		slices.Equal(r.backends, next.backends) && slices.Equal(r.split, next.split)
}

// records reads all endpoints of the managed network, and the volumes that are
// superseded, by endpoint.
func (g *Gateways) records(ctx context.Context) (current map[string]record, superseded map[string][]string, err error) {
	volumes, err := g.docker.ListVolumes(ctx, map[string]string{docker.LabelKind: docker.KindEndpoint})
	if err != nil {
		return nil, nil, err
	}
	current, superseded = map[string]record{}, map[string][]string{}
	var all []record
	for _, v := range volumes {
		if v.Labels[session.LabelNetwork] != g.cfg.Network {
			continue
		}
		r, err := parseRecord(v)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b record) int { return cmp.Compare(b.number, a.number) })
	for _, r := range all {
		name := r.spec.Name
		if _, ok := current[name]; ok {
			superseded[name] = append(superseded[name], r.volume)
		} else {
			current[name] = r
		}
	}
	return current, superseded, nil
}

func parseRecord(v docker.Volume) (record, error) {
	name := v.Labels[docker.LabelEndpoint]
	r := record{volume: v.Name, uid: v.Labels[docker.LabelUID]}
	var err error
	if r.number, err = strconv.Atoi(strings.TrimPrefix(v.Name, strings.TrimSuffix(endpoint.RecordName(name, 0), "0"))); err != nil {
		return r, fmt.Errorf("volume %q carries the labels of an endpoint's record but not its name", v.Name)
	}
	var m memory
	if err := json.Unmarshal([]byte(v.Labels[docker.LabelSpec]), &m); err != nil {
		return r, fmt.Errorf("record %q cannot be read: %w", v.Name, err)
	}
	if m.Spec.Name != name {
		return r, fmt.Errorf("record %q is that of endpoint %q", v.Name, m.Spec.Name)
	}
	r.spec, r.backends, r.revision, r.split = m.Spec, m.Backends, max(1, m.Revision), m.Split
	return r, nil
}

// commit writes what is wanted of an endpoint from now on and removes what was
// wanted before. A crash between the two leaves two, of which the higher counts.
func (g *Gateways) commit(ctx context.Context, w *world, spec endpoint.Spec, backends []Backend) error {
	next := record{number: 1, uid: w.uid, revision: max(1, w.revision), spec: spec, backends: backends}
	if w.record != nil {
		next.number, next.uid, next.revision = w.record.number+1, cmp.Or(w.uid, w.record.uid), cmp.Or(w.revision, w.record.revision)
		if w.split == nil {
			w.split = w.record.ranges()
		}
	}
	next.uid = cmp.Or(next.uid, deployment.NewUID())
	if w.previous = nil; w.record != nil {
		w.previous = w.record.spec.Traffic
	}
	next.splitAs(endpoint.Resplit(w.split, spec.Traffic))
	if !w.record.says(next) {
		encoded, err := json.Marshal(memory{spec, backends, next.revision, next.split})
		if err != nil {
			return err
		}
		next.volume = endpoint.RecordName(spec.Name, next.number)
		if err := g.docker.CreateVolume(ctx, next.volume, map[string]string{
			docker.LabelKind: docker.KindEndpoint, docker.LabelEndpoint: spec.Name, docker.LabelOwner: spec.Owner,
			docker.LabelUID: next.uid, docker.LabelSpec: string(encoded), docker.LabelProvider: g.cfg.Version,
			session.LabelNetwork: g.cfg.Network,
		}); err != nil {
			return fmt.Errorf("writing the record %s: %w", next.volume, err)
		}
		if w.record != nil {
			w.superseded = append(w.superseded, w.record.volume)
		}
		w.record, w.split = &next, nil
	}
	for _, v := range w.superseded {
		if err := g.docker.RemoveVolume(ctx, v); err != nil {
			return fmt.Errorf("removing the superseded record %s: %w", v, err)
		}
	}
	w.superseded = nil
	return nil
}
