package job

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/keyed"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
	"github.com/seed-mlops/terraform-provider-mlops/internal/workflow"
)

// Ledger implements workflow.Ledger: every entry is an empty volume whose
// labels say it all. Volume labels appear with the volume, so an entry is
// either complete or not there. To overwrite one is to write a higher edition,
// then to remove the lower ones: a crash in between leaves both, and the
// highest counts.
type Ledger struct {
	docker    Volumes
	sessions  *session.Manager
	artifacts Artifacts
	version   string
	reads     *volumeReads
	names     keyed.Mutex // the goroutines of one process; the lock keeps processes apart
}

var _ workflow.Ledger = (*Ledger)(nil)

// NewLedger makes the Ledger of an engine. version is the provider's, for labels.
func NewLedger(d Volumes, sessions *session.Manager, artifacts Artifacts, version string) *Ledger {
	return &Ledger{docker: d, sessions: sessions, artifacts: artifacts, version: version, reads: &volumeReads{docker: d}}
}

// Lock implements workflow.Ledger. It serves runs as well as removals: a run
// without the probe image, and so without a lock, fails at its first job.
func (l *Ledger) Lock(ctx context.Context, name string) (func(context.Context) error, error) {
	release, err := l.names.Acquire(ctx, name)
	if err != nil {
		return nil, err
	}
	unlock, err := l.lock(ctx, lockOf(name))
	if err != nil {
		release()
		return nil, err
	}
	l.reads.forget() // what others wrote while we waited
	return func(ctx context.Context) error {
		defer release()
		return unlock(ctx)
	}, nil
}

func lockOf(workflow string) session.Lock {
	return session.Lock{
		Container: "mlops-workflow." + workflow + ".lock", // deployments of that name have a lock of their own
		Kind:      "workflow", Name: workflow,
		Labels: map[string]string{docker.LabelWorkflow: workflow},
	}
}

// Unreleased implements workflow.Ledger.
func (l *Ledger) Unreleased(ctx context.Context, name string) (string, error) {
	lock := lockOf(name)
	if stale, err := l.sessions.Stale(ctx, lock); err != nil || !stale {
		return "", err
	}
	return lock.Left(), nil
}

// lock keeps other processes away.
func (l *Ledger) lock(ctx context.Context, lock session.Lock) (func(context.Context) error, error) {
	s, releaseSession, err := l.sessions.AcquireForRemoval(ctx)
	if err != nil {
		return nil, err
	}
	unlock, err := l.sessions.Lock(ctx, s, lock)
	if err != nil {
		releaseSession(ctx, true)
		return nil, err
	}
	return func(ctx context.Context) error {
		if err := unlock(ctx); err != nil {
			releaseSession(ctx, true)
			return err
		}
		return l.sessions.Vacate(ctx, s)
	}, nil
}

// Present implements workflow.Ledger.
func (l *Ledger) Present(ctx context.Context, artifact deployment.Artifact) (bool, error) {
	return l.artifacts.Present(ctx, artifact)
}

// entry is one volume of the ledger.
type entry[T any] struct {
	volume  string
	edition int // grows with each writing over
	value   T
}

// entries reads the volumes of one kind: by key the one of the highest edition,
// and those that it has superseded. One that cannot be read is an error,
// because guessing would train again or forget what was deployed.
func entries[T any](volumes []docker.Volume, kind, name, label string, key func(T) string) (current map[string]entry[T], superseded map[string][]string, err error) {
	current, superseded = map[string]entry[T]{}, map[string][]string{}
	for _, v := range volumes {
		if v.Labels[docker.LabelKind] != kind || v.Labels[docker.LabelWorkflow] != name {
			continue
		}
		e := entry[T]{volume: v.Name}
		if err := json.Unmarshal([]byte(v.Labels[label]), &e.value); err != nil {
			return nil, nil, fmt.Errorf("the volume %s, in which workflow %q keeps what it came to, cannot be read: %w", v.Name, name, err)
		}
		if e.edition, err = strconv.Atoi(v.Labels[docker.LabelEdition]); err != nil {
			return nil, nil, fmt.Errorf("the volume %s, in which workflow %q keeps what it came to, has no edition: %w", v.Name, name, err)
		}
		k := key(e.value)
		lower := e
		if have, ok := current[k]; !ok || e.edition > have.edition {
			current[k], lower = e, have
		}
		if lower.volume != "" {
			superseded[k] = append(superseded[k], lower.volume)
		}
	}
	return current, superseded, nil
}

func hashOf(r workflow.Result) string { return r.Hash }
func numberOf(r workflow.Run) string  { return strconv.Itoa(r.Number) }

func results(volumes []docker.Volume, name string) (map[string]entry[workflow.Result], map[string][]string, error) {
	return entries(volumes, docker.KindResult, name, docker.LabelResult, hashOf)
}

func runs(volumes []docker.Volume, name string) (map[string]entry[workflow.Run], map[string][]string, error) {
	return entries(volumes, docker.KindRun, name, docker.LabelRun, numberOf)
}

// Results implements workflow.Ledger.
func (l *Ledger) Results(ctx context.Context, name string) (map[string]workflow.Result, error) {
	volumes, err := l.reads.get(ctx)
	if err != nil {
		return nil, err
	}
	current, _, err := results(volumes, name)
	if err != nil {
		return nil, err
	}
	out := make(map[string]workflow.Result, len(current))
	for hash, e := range current {
		out[hash] = e.value
	}
	return out, nil
}

// Runs implements workflow.Ledger.
func (l *Ledger) Runs(ctx context.Context, name string) ([]workflow.Run, error) {
	volumes, err := l.reads.get(ctx)
	if err != nil {
		return nil, err
	}
	current, _, err := runs(volumes, name)
	if err != nil {
		return nil, err
	}
	out := make([]workflow.Run, 0, len(current))
	for _, e := range current {
		out = append(out, e.value)
	}
	slices.SortFunc(out, func(a, b workflow.Run) int { return cmp.Compare(b.Number, a.Number) })
	return out, nil
}

// Keep implements workflow.Ledger.
func (l *Ledger) Keep(ctx context.Context, name, owner string, result workflow.Result) error {
	defer l.reads.forget()
	volumes, err := l.volumes(ctx, docker.KindResult, name)
	if err != nil {
		return err
	}
	current, superseded, err := results(volumes, name)
	if err != nil {
		return err
	}
	labels, err := l.labels(docker.KindResult, name, owner, docker.LabelResult, result)
	if err != nil {
		return err
	}
	labels[docker.LabelStep], labels[docker.LabelHash] = result.Step, result.Hash
	if result.Artifact != nil {
		labels[docker.LabelDigest] = result.Artifact.Digest
	}
	have := current[result.Hash]
	return l.write(ctx, "mlops-result."+name+"."+shortHash(result.Hash), labels, have.volume, have.edition, superseded[result.Hash])
}

// Record implements workflow.Ledger.
func (l *Ledger) Record(ctx context.Context, run workflow.Run) error {
	defer l.reads.forget()
	volumes, err := l.volumes(ctx, docker.KindRun, run.Workflow)
	if err != nil {
		return err
	}
	current, superseded, err := runs(volumes, run.Workflow)
	if err != nil {
		return err
	}
	labels, err := l.labels(docker.KindRun, run.Workflow, run.Owner, docker.LabelRun, run)
	if err != nil {
		return err
	}
	number := numberOf(run)
	labels[docker.LabelNumber] = number
	have := current[number]
	return l.write(ctx, "mlops-run."+run.Workflow+"."+number, labels, have.volume, have.edition, superseded[number])
}

// volumes are those of one kind now, for a change of them.
func (l *Ledger) volumes(ctx context.Context, kind, name string) ([]docker.Volume, error) {
	return l.docker.ListVolumes(ctx, map[string]string{docker.LabelKind: kind, docker.LabelWorkflow: name})
}

func (l *Ledger) labels(kind, name, owner, label string, value any) (map[string]string, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		docker.LabelKind: kind, docker.LabelWorkflow: name, docker.LabelOwner: owner,
		docker.LabelProvider: l.version, label: string(text),
	}, nil
}

// write writes the next edition and removes the earlier ones.
func (l *Ledger) write(ctx context.Context, prefix string, labels map[string]string, current string, edition int, superseded []string) error {
	edition++
	labels[docker.LabelEdition] = strconv.Itoa(edition)
	volume := prefix + "." + strconv.Itoa(edition)
	if err := l.docker.CreateVolume(ctx, volume, labels); err != nil {
		return fmt.Errorf("writing %s: %w", volume, err)
	}
	if current != "" {
		superseded = append(superseded[:len(superseded):len(superseded)], current)
	}
	return l.remove(ctx, superseded)
}

func (l *Ledger) remove(ctx context.Context, volumes []string) error {
	for _, v := range volumes {
		if err := l.docker.RemoveVolume(ctx, v); err != nil {
			return fmt.Errorf("removing %s: %w", v, err)
		}
	}
	return nil
}

// hashLength is how much of a hash is in a volume's name: the labels have it all.
const hashLength = 32

// shortHash is the beginning of the hash, without the name of its algorithm.
func shortHash(hash string) string {
	if _, digits, ok := strings.Cut(hash, ":"); ok {
		hash = digits
	}
	return hash[:min(len(hash), hashLength)]
}
