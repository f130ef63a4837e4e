package workflow

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// hashVersion names the canonical encoding of the parts. A new attribute
// becomes a part that is left out at its zero value, so that existing hashes
// stay: another hash trains every user's models again.
const hashVersion = "w1:"

// Hash is the identity of a step's result: the hash of all that the result
// depends on. It is scoped to the workflow by where results are kept.
func Hash(parts map[string]string) string {
	return hashVersion + digest(parts) // encoding/json sorts the keys
}

// digest is the SHA-256, in hex, of a value's JSON.
func digest(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err) // strings, and slices and maps of strings, always encode
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:])
}

// facts are what the world adds to a step's definition before it can be hashed.
type facts struct {
	imageID  string              // the engine's ID of the image
	contents map[string]string   // digests of volumes and host paths, by the input's target
	trained  []trained           // by the training steps before this one, in order
	unknown  map[string]struct{} // parts that cannot be had yet; at plan only
}

// trained is what a training step made.
type trained struct {
	step     string
	artifact *deployment.Artifact // nil: it failed
}

// artifactOf is the artifact of the named training step, nil when there is none.
func (f facts) artifactOf(step string) *deployment.Artifact {
	for _, t := range f.trained {
		if t.step == step {
			return t.artifact
		}
	}
	return nil
}

// last is the artifact of the last training step before this one.
func (f facts) last() *deployment.Artifact {
	if len(f.trained) == 0 {
		return nil
	}
	return f.trained[len(f.trained)-1].artifact
}

// partNames of what is not known piece by piece.
const (
	partImage    = "image"
	partUpstream = "upstream"
)

func partInput(target string) string { return fmt.Sprintf("inputs[%q]", target) }

// partLength is how much of a digest stands for a part: 128 bits.
const partLength = 32

// parts are what the hash of a training or evaluation step is made of, by
// attribute. Each is a digest: they are kept and shown, so no value is in them,
// and of secrets the keys and the version only.
//
// Not among them is what says how a step runs, or what follows from its result,
// and not what it computes: names, resources, networks, pull policy, timeout,
// retries, gate, and for a volume or host path anything but its content.
func parts(spec Spec, step Step, f facts) map[string]string {
	job := step.job()
	p := map[string]string{}
	add := func(name string, values ...string) {
		if len(strings.Join(values, "")) > 0 {
			p[name] = digest(values)[:partLength]
		}
	}
	add("kind", string(step.Kind()))
	add(partImage, f.imageID)
	add("working_dir", job.WorkingDir)
	add("user", job.User)
	add("output", cmp.Or(job.Output, DefaultOutput))
	list := func(name string, values []string) {
		if len(values) > 0 { // an empty string in it is a part of it, too
			p[name] = digest(values)[:partLength]
		}
	}
	list("entrypoint", job.Entrypoint)
	list("command", job.Command)
	for key, value := range job.Env {
		p[fmt.Sprintf("env[%q]", key)] = digest(value)[:partLength]
	}
	if len(job.Secrets.Keys) > 0 || job.Secrets.Version != "" {
		keys := slices.Sorted(slices.Values(job.Secrets.Keys))
		p["env_wo"] = digest([][]string{keys, {job.Secrets.Version}})[:partLength]
	}
	for key, value := range spec.Triggers {
		p[fmt.Sprintf("triggers[%q]", key)] = digest(value)[:partLength]
	}
	for _, in := range job.Inputs {
		add(partInput(in.Target), f.input(in)...)
	}
	var upstream []string
	for _, t := range f.trained {
		upstream = append(upstream, identity(t.artifact)...)
	}
	list(partUpstream, upstream)
	if step.Training != nil {
		add("model_file", step.Training.ModelFile)
	}
	if step.Evaluation != nil {
		add("model_target", cmp.Or(step.Evaluation.ModelTarget, deployment.DefaultModelTarget))
	}
	for name := range f.unknown {
		delete(p, name)
	}
	return p
}

// input says what a job reads there. A version is the user's word for the
// content of one source, so it counts together with that source's name.
func (f facts) input(in Input) []string {
	switch {
	case in.Artifact != nil:
		return []string{in.Artifact.Digest} // all of the volume is mounted, whatever its path
	case in.Step != "":
		return identity(f.artifactOf(in.Step))[:1]
	case in.Version != "":
		return []string{"version", in.Version, in.Volume, in.HostPath}
	}
	return []string{"content", f.contents[in.Target]}
}

// identity tells artifacts apart: by content, and where in it the model lies.
func identity(a *deployment.Artifact) []string {
	if a == nil {
		return []string{"none", ""}
	}
	return []string{a.Digest, a.Path}
}

// differing are the names, sorted, of the parts in which two results differ.
func differing(a, b map[string]string) []string {
	names := map[string]struct{}{}
	for _, pair := range [][2]map[string]string{{a, b}, {b, a}} {
		for name, value := range pair[0] {
			if other, ok := pair[1][name]; !ok || other != value {
				names[name] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// shownParts is how many changed parts a reason names.
const shownParts = 3

// changed is the clause that names parts: `command and image changed`.
func changed(names []string) string {
	shown := slices.Clone(names[:min(len(names), shownParts)])
	for i, name := range shown {
		if name == partUpstream {
			shown[i] = "the model of an earlier step"
		}
	}
	if more := len(names) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return enumerate(shown) + " changed"
}

// enumerate joins as a sentence does: a, b and c.
func enumerate(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + " and " + items[last]
}
