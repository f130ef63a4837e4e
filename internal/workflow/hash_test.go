package workflow

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// What a change of a field means for the hash of a step. A field that is in
// none of the lists has to change it, so a new field is decided by its author,
// here: a field that does not matter for the result and is forgotten below fails
// the test, as does one that matters and is not in the hash.
var exempt = map[string]string{
	"Name": "results are kept by workflow", "Owner": "", "KeepRuns": "", "PurgeOnDestroy": "",
	"Timeouts.Create": "", "Timeouts.Read": "", "Timeouts.Update": "", "Timeouts.Delete": "",
	"Steps.Name": "a step that is renamed has the same result", "Steps.Unknown": "of a plan",
	"Steps.Timeout": "how it runs", "Steps.Retries": "how it runs", "Steps.Backoff": "how it runs", "Steps.OnFailure": "what follows",
	"Job.Image": "the ID of the image counts", "Job.PullPolicy": "the ID of the image counts",
	"Job.Secrets.Values": "the version counts", "Job.Networks": "how it runs",
	"Job.Resource.CPUs": "how fast it runs", "Job.Resource.Memory": "how it runs", "Job.Resource.MemoryReservation": "how it runs",
	"Job.Resource.PidsLimit": "how it runs", "Job.Resource.GPUs": "how fast it runs", "Job.Resource.ShmSize": "how it runs",
	"Job.Inputs.Artifact.Volume": "follows from the digest", "Job.Inputs.Artifact.Size": "follows from the digest",
	"Job.Inputs.Artifact.Path": "all of the volume is mounted", "Job.Inputs.Volume": "its content counts", "Job.Inputs.HostPath": "its content counts",
	"Job.Inputs.Step": "its artifact counts",
	"Gate.Metric":     "judged anew in every run", "Gate.Min": "", "Gate.Max": "", "Gate.Equals": "",
	"facts.artifact.Volume": "follows from the digest", "facts.artifact.Size": "follows from the digest", "facts.step": "", "facts.unknown": "of a plan",
}

// TestHashOfEveryField changes each field of a workflow, and each fact, one at a time.
func TestHashOfEveryField(t *testing.T) {
	left := map[string]bool{}
	for name := range exempt {
		left[name] = true
	}
	for _, kind := range []Kind{KindTraining, KindEvaluation} {
		for _, path := range append(leaves("", reflect.TypeFor[Spec](), kind), factsOf()...) {
			name := exemption(path)
			t.Run(string(kind)+" "+path, func(t *testing.T) {
				before, after := full(kind), full(kind)
				if strings.HasSuffix(path, "Inputs.Version") { // of an artifact it would be invalid
					before.versioned()
					after.versioned()
				}
				after.change(t, path)
				changed := before.hash() != after.hash()
				reason, ok := exempt[name]
				delete(left, name)
				if changed == ok {
					t.Errorf("changes the hash: %t, exempt: %t (%s)", changed, ok, reason)
				}
				if names := differing(before.parts(), after.parts()); changed != (len(names) > 0) {
					t.Errorf("parts that changed: %q", names)
				}
			})
		}
	}
	if len(left) > 0 {
		t.Errorf("no such fields: %v", left)
	}
}

// exemption is the row of a path: that of a training and of an evaluation is one.
func exemption(path string) string {
	for _, prefix := range []string{"Steps.Training.", "Steps.Evaluation."} {
		path = strings.TrimPrefix(path, prefix)
	}
	return path
}

// subject is a step and what the world adds to it.
type subject struct {
	spec  Spec
	facts facts
}

func (s *subject) parts() map[string]string { return parts(s.spec, s.spec.Steps[0], s.facts) }
func (s *subject) hash() string             { return Hash(s.parts()) }

// full has a value in every field, or in every one that can be beside others.
func full(kind Kind) *subject {
	least, most, text := 0.5, 1.5, "x"
	artifact := func(d string) *deployment.Artifact {
		return &deployment.Artifact{Volume: "v" + d, Path: "p" + d, Digest: "sha256:" + d, Size: 1}
	}
	job := Job{
		Image: "trainer:1", PullPolicy: deployment.PullMissing, Entrypoint: []string{"e"}, Command: []string{"c"}, WorkingDir: "/w", User: "u",
		Env: map[string]string{"A": "1"}, Secrets: deployment.Secrets{Values: map[string]string{"S": "s"}, Keys: []string{"S"}, Version: "1"},
		Resource: deployment.Resources{CPUs: 1, Memory: 2, MemoryReservation: 1, PidsLimit: 3, GPUs: "all", ShmSize: 4},
		Networks: []string{"n"}, Output: "/out",
		Inputs: []Input{{Target: "/in", Artifact: artifact("in")}},
	}
	step := Step{Name: "step", Timeout: 1, Retries: 1, Backoff: 1, OnFailure: Continue, Unknown: []string{"u"}}
	if kind == KindTraining {
		step.Training = &Training{Job: job, ModelFile: "model.bin"}
	} else {
		step.Evaluation = &Evaluation{Job: job, ModelTarget: "/model", Gate: []Bound{{Metric: "$.a", Min: &least, Max: &most, Equals: &text}}}
	}
	return &subject{
		spec: Spec{
			Name: "retrain", Owner: "me", Steps: []Step{step}, Triggers: map[string]string{"t": "1"}, KeepRuns: 1, PurgeOnDestroy: true,
			Timeouts: deployment.Timeouts{Create: "1m", Read: "1m", Update: "1m", Delete: "1m"},
		},
		facts: facts{
			imageID: "sha256:image", contents: map[string]string{"/data": "sha256:content"},
			trained: []trained{{step: "first", artifact: artifact("up")}},
		},
	}
}

// factsOf are the paths of what the world adds; all fields of facts are among them.
func factsOf() []string {
	var out []string
	for f := range reflect.TypeFor[facts]().Fields() {
		switch f.Name {
		case "trained":
			out = append(out, "facts.step", "facts.artifact.Volume", "facts.artifact.Path", "facts.artifact.Digest", "facts.artifact.Size")
		default:
			out = append(out, "facts."+f.Name)
		}
	}
	return out
}

// change gives the field at the path another value.
func (s *subject) change(t *testing.T, path string) {
	if name, ok := strings.CutPrefix(path, "facts."); ok {
		s.changeFact(t, name)
		return
	}
	change(t, leaf(reflect.ValueOf(&s.spec).Elem(), path))
}

func (s *subject) changeFact(t *testing.T, name string) {
	artifact := s.facts.trained[0].artifact
	switch name {
	case "imageID":
		s.facts.imageID += "x"
	case "contents":
		s.withInput(Input{Target: "/data", Volume: "v"})
	case "unknown":
		s.facts.unknown = map[string]struct{}{"nothing": {}}
	case "step":
		s.facts.trained[0].step += "x"
	case "artifact.Volume":
		artifact.Volume += "x"
	case "artifact.Path":
		artifact.Path += "x"
	case "artifact.Digest":
		artifact.Digest += "x"
	case "artifact.Size":
		artifact.Size++
	default:
		t.Fatalf("no case for facts.%s", name)
	}
}

func (s *subject) withInput(in Input) {
	job := s.spec.Steps[0].job()
	job.Inputs = append(slices.Clone(job.Inputs), in)
}

func (s *subject) versioned() {
	s.spec.Steps[0].job().Inputs = []Input{{Target: "/in", Volume: "v", Version: "1"}}
}

// leaves are the paths of all fields below t that are not structs themselves,
// for a step of one kind. A deployment step has no hash.
func leaves(prefix string, t reflect.Type, kind Kind) []string {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []string{prefix}
	}
	var out []string
	for f := range t.Fields() {
		switch f.Type {
		case reflect.TypeFor[*deployment.Spec]():
			continue
		case reflect.TypeFor[*Training]():
			if kind != KindTraining {
				continue
			}
		case reflect.TypeFor[*Evaluation]():
			if kind != KindEvaluation {
				continue
			}
		}
		out = append(out, leaves(strings.TrimPrefix(prefix+"."+f.Name, "."), f.Type, kind)...)
	}
	return out
}

func leaf(v reflect.Value, path string) reflect.Value {
	for name := range strings.SplitSeq(path, ".") {
		switch v.Kind() {
		case reflect.Pointer:
			v = v.Elem()
		case reflect.Slice:
			v = v.Index(0)
		default:
		}
		v = v.FieldByName(name)
	}
	return v
}

// change gives a leaf another value.
func change(t *testing.T, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		change(t, v.Elem())
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf("another"), reflect.ValueOf("one"))
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.ValueOf("another")))
	default:
		t.Fatalf("change cannot change a %s; teach it", v.Type())
	}
}
