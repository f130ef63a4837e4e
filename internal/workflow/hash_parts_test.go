package workflow

import (
	"encoding/json"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// TestHashOfInputs: what counts of an input depends on its source.
func TestHashOfInputs(t *testing.T) {
	f := facts{
		imageID: "sha256:i", contents: map[string]string{"/in": "sha256:c"},
		trained: []trained{{"one", &deployment.Artifact{Digest: "sha256:1", Path: "m"}}, {"two", &deployment.Artifact{Digest: "sha256:2"}}},
	}
	other := f
	other.contents = map[string]string{"/in": "sha256:other"}
	hash := func(f facts, in ...Input) string {
		step := training("t")
		step.Training.Inputs = in
		return Hash(parts(workflow(step), step, f))
	}
	volume, host := Input{Target: "/in", Volume: "v"}, Input{Target: "/in", HostPath: "/v"}
	versioned := func(in Input, version string) Input { in.Version = version; return in }
	for name, tt := range map[string]struct {
		a, b string
		same bool
	}{
		"a volume and a host path of one content": {hash(f, volume), hash(f, host), true},
		"another content":                         {hash(f, volume), hash(other, volume), false},
		"another content under one version":       {hash(f, versioned(volume, "1")), hash(other, versioned(volume, "1")), true},
		"another version":                         {hash(f, versioned(volume, "1")), hash(f, versioned(volume, "2")), false},
		"one version of two volumes":              {hash(f, versioned(volume, "1")), hash(f, versioned(Input{Target: "/in", Volume: "w"}, "1")), false},
		"one version of a volume and a host path": {hash(f, versioned(Input{Target: "/in", Volume: "/v"}, "1")), hash(f, versioned(host, "1")), false},
		"two steps":               {hash(f, Input{Target: "/in", Step: "one"}), hash(f, Input{Target: "/in", Step: "two"}), false},
		"a step and its artifact": {hash(f, Input{Target: "/in", Step: "two"}), hash(f, Input{Target: "/in", Artifact: f.trained[1].artifact}), true},
		"inputs at other targets, in another order": {hash(f, volume, Input{Target: "/b", Step: "one"}), hash(f, Input{Target: "/b", Step: "one"}, volume), true},
	} {
		if (tt.a == tt.b) != tt.same {
			t.Errorf("%s: same hash: %t", name, tt.a == tt.b)
		}
	}
}

// TestHashTellsApart: texts that could run into one another do not.
func TestHashTellsApart(t *testing.T) {
	seen := map[string]string{}
	for name, change := range map[string]func(*Job){
		"nothing":             func(*Job) {},
		"a command":           func(j *Job) { j.Command = []string{"a", "b"} },
		"one word":            func(j *Job) { j.Command = []string{"a b"} },
		"an entrypoint":       func(j *Job) { j.Entrypoint = []string{"a", "b"} },
		"an empty word":       func(j *Job) { j.Command = []string{""} },
		"two empty words":     func(j *Job) { j.Command = []string{"", ""} },
		"an empty variable":   func(j *Job) { j.Env = map[string]string{"A": ""} },
		"a variable":          func(j *Job) { j.Env = map[string]string{"A": "B"} },
		"another variable":    func(j *Job) { j.Env = map[string]string{"A=B": ""} },
		"a secret":            func(j *Job) { j.Secrets.Keys = []string{"A"} },
		"two secrets":         func(j *Job) { j.Secrets.Keys = []string{"A", "B"} },
		"a version":           func(j *Job) { j.Secrets.Version = "1" },
		"a secret's version":  func(j *Job) { j.Secrets = deployment.Secrets{Keys: []string{"A"}, Version: "1"} },
		"a working directory": func(j *Job) { j.WorkingDir = "a" },
		"a user":              func(j *Job) { j.User = "a" },
	} {
		step := training("t")
		change(&step.Training.Job)
		hash := Hash(parts(workflow(step), step, facts{imageID: "i"}))
		if other, ok := seen[hash]; ok {
			t.Errorf("%s and %s have one hash", name, other)
		}
		seen[hash] = name
	}
	for name, job := range map[string]Job{
		"the default output":     {Image: "x", Output: DefaultOutput},
		"secrets' order":         {Image: "x", Secrets: deployment.Secrets{Keys: []string{"B", "A"}}},
		"nil and empty commands": {Image: "x", Command: []string{}},
	} {
		plain := Job{Image: "x"}
		if name == "secrets' order" {
			plain.Secrets.Keys = []string{"A", "B"}
		}
		a, b := Step{Training: &Training{Job: job}}, Step{Training: &Training{Job: plain}}
		if Hash(parts(Spec{}, a, facts{})) != Hash(parts(Spec{}, b, facts{})) {
			t.Errorf("%s: changes the hash", name)
		}
	}
}

// TestPartsHoldNoValues: parts are kept and shown.
func TestPartsHoldNoValues(t *testing.T) {
	encoded, err := json.Marshal(full(KindTraining).parts())
	if err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"trainer:1", "sha256:", `"1"`, "model.bin"} {
		if strings.Contains(string(encoded), value) {
			t.Errorf("%s is in %s", value, encoded)
		}
	}
}

// TestGoldenHashes: a new version of the provider trains nobody's models again.
func TestGoldenHashes(t *testing.T) {
	minimal := Step{Training: &Training{Job: Job{Image: "x"}}}
	got := map[string]string{
		"training":            full(KindTraining).hash(),
		"evaluation":          full(KindEvaluation).hash(),
		"minimal training":    Hash(parts(Spec{}, minimal, facts{imageID: "sha256:i"})),
		"minimal evaluation":  Hash(parts(Spec{}, Step{Evaluation: &Evaluation{}}, facts{imageID: "sha256:i"})),
		"after a failed step": Hash(parts(Spec{}, minimal, facts{imageID: "sha256:i", trained: []trained{{step: "a"}}})),
	}
	const file = "testdata/hashes.json"
	if flag.Lookup("update").Value.String() == "true" {
		encoded, err := json.MarshalIndent(got, "", "\t")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(encoded, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var golden map[string]string
	if err := json.Unmarshal(content, &golden); err != nil {
		t.Fatal(err)
	}
	for name, want := range golden {
		if got[name] != want {
			t.Errorf("%s: %s, was %s", name, got[name], want)
		}
	}
	if len(golden) != len(got) {
		t.Errorf("%d golden hashes of %d", len(golden), len(got))
	}
}
