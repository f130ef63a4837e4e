package provider

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// storedState is as much of a state file as matters here.
type storedState struct {
	Resources []storedResource `json:"resources"`
}

type storedResource struct {
	Mode      string           `json:"mode"`
	Type      string           `json:"type"`
	Name      string           `json:"name"`
	Instances []storedInstance `json:"instances"`
}

type storedInstance struct {
	SchemaVersion int64           `json:"schema_version"`
	Attributes    json.RawMessage `json:"attributes"`
	Private       []byte          `json:"private"`
}

// storedEngine is what an engine holds of deployments.
type storedEngine struct {
	Networks   []storedNetwork   `json:"networks"`
	Containers []storedContainer `json:"containers"`
	Volumes    []storedVolume    `json:"volumes"`
}

type storedNetwork struct {
	ID     string            `json:"id"`
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
}

type storedContainer struct {
	ID         string                  `json:"id"`
	Name       string                  `json:"name"`
	Status     string                  `json:"status"`
	ImageID    string                  `json:"image_id"`
	Config     *docker.ContainerConfig `json:"config"`
	HostConfig *docker.HostConfig      `json:"host_config"`
	Networks   []string                `json:"networks"` // names
}

type storedVolume struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// storedOn reads an engine, with names for what is random.
func storedOn(engine *fakedocker.Engine) storedEngine {
	fixed := func(labels map[string]string) map[string]string {
		for key, name := range map[string]string{docker.LabelSession: "mlops.session.gone", docker.LabelUID: "uid"} {
			if labels[key] != "" {
				labels[key] = name
			}
		}
		return labels
	}
	var out storedEngine
	for _, n := range engine.Networks() {
		out.Networks = append(out.Networks, storedNetwork{ID: n.ID, Name: n.Name, Labels: n.Labels})
	}
	all := engine.Containers()
	for _, name := range sortedKeys(all) {
		c := all[name]
		if c.Config.Labels[docker.LabelKind] == docker.KindSession {
			continue
		}
		fixed(c.Config.Labels)
		out.Containers = append(out.Containers, storedContainer{
			ID: c.ID, Name: name, Status: c.State.Status, ImageID: c.ImageID, Config: c.Config, HostConfig: c.HostConfig, Networks: sortedKeys(c.Networks),
		})
	}
	volumes := engine.Volumes()
	for _, name := range sortedKeys(volumes) {
		if labels := volumes[name].Labels; labels[docker.LabelKind] != "" {
			out.Volumes = append(out.Volumes, storedVolume{Name: name, Labels: fixed(labels)})
		}
	}
	return out
}

// fixedLife is private state with the life that storedOn writes into records.
func fixedLife(t *testing.T, private []byte) []byte {
	t.Helper()
	var facts map[string][]byte
	if err := json.Unmarshal(private, &facts); err != nil {
		t.Fatal(err)
	}
	facts[lifeKey] = []byte(`"uid"`)
	out, err := json.Marshal(facts)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// fixedIDs gives everything an ID that depends on its name alone; the engine's
// own depend on what was made first.
func fixedIDs(engine *fakedocker.Engine) *strings.Replacer {
	var pairs []string
	fix := func(id, kind, name string) {
		sum := sha256.Sum256([]byte(kind + " " + name))
		pairs = append(pairs, id, hex.EncodeToString(sum[:]))
	}
	for _, n := range engine.Networks() {
		fix(n.ID, "network", n.Name)
	}
	for name, c := range engine.Containers() {
		fix(c.ID, "container", name)
		fix(strings.TrimPrefix(c.ImageID, "sha256:"), "image", c.Config.Image)
	}
	return strings.NewReplacer(pairs...)
}

// restore makes an engine hold what a fixture says, with IDs of its own, and
// returns the state file with those.
func restore(t *testing.T, folder string) (*host, storedState) {
	t.Helper()
	h := storingHost(t)
	var stored storedEngine
	readJSON(t, filepath.Join(folder, "engine.json"), &stored)
	ids := map[string]string{} // from those of the fixture
	for _, n := range stored.Networks {
		ids[n.ID] = h.engine.Operator().CreateNetwork(docker.NetworkRequest{Name: n.Name, Labels: n.Labels})
	}
	image, err := h.engine.InspectImage(t.Context(), "iris-serve:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range stored.Containers {
		ids[c.ImageID], ids[c.ID] = image.ID, h.restoreContainer(c, ids)
	}
	var pairs []string
	for was, is := range ids {
		pairs = append(pairs, was, is)
	}
	renamed := strings.NewReplacer(pairs...)
	for _, v := range stored.Volumes {
		labels := map[string]string{}
		for key, value := range v.Labels {
			labels[key] = renamed.Replace(value)
		}
		if err := h.engine.CreateVolume(t.Context(), v.Name, labels); err != nil {
			t.Fatal(err)
		}
	}
	var state storedState
	readJSON(t, filepath.Join(folder, "terraform.tfstate"), &state)
	for i := range state.Resources {
		one := &state.Resources[i].Instances[0]
		one.Attributes = json.RawMessage(renamed.Replace(string(one.Attributes)))
	}
	return h, state
}

// restoreContainer makes a container anew, in the state in which it was; its ID.
func (h *host) restoreContainer(c storedContainer, ids map[string]string) string {
	h.t.Helper()
	if id, ok := ids[string(c.HostConfig.NetworkMode)]; ok {
		c.HostConfig.NetworkMode = docker.NetworkMode(id)
	}
	attach := map[string]*docker.EndpointSettings{}
	for _, n := range h.engine.Networks() {
		if slices.Contains(c.Networks, n.Name) {
			attach[n.ID] = &docker.EndpointSettings{}
		}
	}
	operator := h.engine.Operator()
	id, err := operator.Create(docker.CreateRequest{
		Name: c.Name, Config: c.Config, HostConfig: c.HostConfig, Networks: &docker.NetworkingConfig{EndpointsConfig: attach},
	})
	if err == nil && c.Status != "created" {
		err = operator.Start(id)
	}
	if err == nil && c.Status == "exited" {
		err = operator.Stop(id, time.Second)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return id
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(content, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func writeJSON(t *testing.T, path string, from any, fixed *strings.Replacer) {
	t.Helper()
	content, err := json.MarshalIndent(from, "", "  ")
	if err == nil {
		err = os.WriteFile(path, []byte(fixed.Replace(string(content))+"\n"), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}
