package artifact

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// shell runs a script in a container that mounts a volume at /v, and leaves the
// container: it goes with the test.
func shell(t *testing.T, client *docker.Client, volume, script string) (id string) {
	t.Helper()
	req := docker.CreateRequest{
		Name:       "artifact-test-" + strings.ToLower(rand.Text()[:8]),
		Config:     &docker.ContainerConfig{Image: probeImage, Entrypoint: []string{"sh", "-ec", script}},
		HostConfig: &docker.HostConfig{NetworkMode: "none"},
	}
	if volume != "" {
		req.HostConfig.Mounts = []docker.Mount{{Type: "volume", Source: volume, Target: "/v"}}
	}
	id, err := client.CreateContainer(t.Context(), req)
	must(t, err)
	t.Cleanup(func() { _ = client.RemoveContainer(background(), id) })
	must(t, client.StartContainer(t.Context(), id))
	code, err := client.WaitContainer(t.Context(), id)
	must(t, err)
	if code != 0 {
		lines, _ := client.ContainerLogs(t.Context(), id, 20)
		t.Fatalf("%s: exit code %d: %q", script, code, lines)
	}
	return id
}

// What a container does to an artifact is seen and made whole, while it mounts it.
func TestAccMend(t *testing.T) {
	p, client := realEngine(t)
	root := tree(t, files)
	// The large one is looked at, the small one is read.
	for name, tt := range map[string]struct {
		size    int64
		scripts []string
	}{
		"small": {1 << 10, []string{"echo 9876543210 >/v/weights.bin; chmod 600 /v/run.sh", "mkdir -p /v/sub/a/b && touch /v/sub/a/b/c", "rm /v/sub/latest && ln -s nowhere /v/sub/latest"}},
		"large": {32 << 20, []string{"touch /v/weights.bin", "rm /v/sub/config.json", "touch /v/more", "rmdir /v/empty && touch /v/empty", "rm /v/" + manifestName}},
	} {
		random(t, filepath.Join(root, "big.bin"), tt.size)
		src := scan(t, root)
		dispose(t, p, src.Digest)
		a, err := p.Upload(t.Context(), src, Upload{})
		must(t, err)
		for _, script := range tt.scripts {
			user := shell(t, client, a.Volume, script)
			problems, err := p.Check(t.Context(), a)
			if err != nil || len(problems) == 0 {
				t.Errorf("%s: %s: %q, %v", name, script, problems, err)
			}
			if _, err := p.Upload(t.Context(), src, Upload{}); err != nil {
				t.Errorf("%s: mending after %s: %v", name, script, err)
			}
			problems, err = p.Check(t.Context(), a)
			if err != nil || len(problems) > 0 {
				t.Errorf("%s: mended after %s: %q, %v", name, script, problems, err)
			}
			must(t, client.RemoveContainer(t.Context(), user))
		}
		must(t, p.Verify(t.Context(), a))
	}
}

func TestAccCapture(t *testing.T) {
	p, client := realEngine(t)
	salt := rand.Text()
	job := shell(t, client, "", `mkdir -p /output/sub /output/empty && cd /output
echo '{"accuracy":1}' >metrics.json; echo `+salt+` >model.bin; ln model.bin sub/same.bin; ln -s ../model.bin sub/link; chmod 700 model.bin; head -c 20000000 /dev/urandom >sub/big; chown 7:7 sub/big`)
	a, err := p.Capture(t.Context(), job, "/output", []string{"metrics.json"}, "model.bin")
	must(t, err)
	dispose(t, p, a.Digest)
	again, err := p.Capture(t.Context(), job, "/output", []string{"metrics.json"}, "model.bin")
	if err != nil || again != a || a.Path != "model.bin" {
		t.Errorf("captured %+v, then %+v, %v", a, again, err)
	}
	problems, err := p.Check(t.Context(), a)
	if err != nil || len(problems) > 0 {
		t.Errorf("just captured: %q, %v", problems, err)
	}
	must(t, p.Verify(t.Context(), a))
	shell(t, client, a.Volume, `cd /v && test ! -e metrics.json && test -d empty && grep -q `+salt+` sub/same.bin && test -x model.bin && test "$(cat sub/link)" = `+salt+` && test $(stat -c %u:%a sub/big) = 0:644`)

	_, err = p.Capture(t.Context(), job, "/output", nil, "other.bin")
	if err == nil || err.Error() != `folder /output has no "other.bin", which model_file names` {
		t.Errorf("a model that is not there: %v", err)
	}
	bad := shell(t, client, "", `mkdir /output && ln -s /etc/passwd /output/l && touch /output/a`)
	if _, err := p.Capture(t.Context(), bad, "/output", nil, ""); err == nil || !strings.Contains(err.Error(), "is absolute") {
		t.Errorf("a link that leads out: %v", err)
	}
	if _, err := p.Capture(t.Context(), bad, "/none", nil, ""); err == nil {
		t.Error("a folder that is not there was captured")
	}
}

func TestAccContentOf(t *testing.T) {
	p, client := realEngine(t)
	volume := "artifact-test-" + strings.ToLower(rand.Text()[:8])
	must(t, client.CreateVolume(t.Context(), volume, nil))
	t.Cleanup(func() { _ = client.RemoveVolume(background(), volume) })
	of := func(volume, host string) string {
		t.Helper()
		digest, err := p.ContentOf(t.Context(), volume, host)
		must(t, err)
		return digest
	}
	change := func(script string) { must(t, client.RemoveContainer(t.Context(), shell(t, client, volume, script))) }
	change("echo a >/v/a; mkfifo /v/p")
	first := of(volume, "")
	if again := of(volume, ""); again != first {
		t.Errorf("the same volume is %s, then %s", first, again)
	}
	change("echo b >/v/a")
	if of(volume, "") == first {
		t.Error("other content has the same digest")
	}
	change("echo a >/v/a")
	if of(volume, "") != first {
		t.Error("the same content has another digest")
	}
	if _, err := p.ContentOf(t.Context(), volume+"x", ""); err == nil {
		t.Error("a volume that is not there has a digest")
	}
	if list, err := client.ListVolumes(t.Context(), nil); err != nil || contains(list, volume+"x") {
		t.Errorf("it was made by looking: %v", err)
	}
	folder, file := of("", "/etc"), of("", "/etc/hostname")
	if folder == file || of("", "/etc/hostname") != file {
		t.Error("host paths are not told apart")
	}
	if _, err := p.ContentOf(t.Context(), "", "/no/such/folder"); err == nil || !strings.Contains(err.Error(), "/no/such/folder") {
		t.Errorf("a host path that is not there: %v", err)
	}
	if err := client.RemoveVolume(t.Context(), volume); err != nil {
		t.Errorf("something still mounts the volume: %v", err)
	}
}

func contains(list []docker.Volume, name string) bool {
	for _, v := range list {
		if v.Name == name {
			return true
		}
	}
	return false
}

// Processes that store and look at the same at once take nothing from one another.
func TestAccAtOnce(t *testing.T) {
	one, client := realEngine(t)
	root := tree(t, files)
	random(t, filepath.Join(root, "big.bin"), 8<<20)
	src := scan(t, root)
	dispose(t, one, src.Digest)
	var all sync.WaitGroup
	for range 3 {
		p := newProcess(client, probeImage, "artifact-test-"+strings.ToLower(rand.Text()[:8]), Config{Version: "1"})
		all.Go(func() {
			defer p.sessions.Close()
			if _, err := p.Upload(t.Context(), src, Upload{}); err != nil {
				t.Error(err)
			}
			for range 5 {
				if problems, err := p.Check(t.Context(), src.artifact("")); err != nil || len(problems) > 0 {
					t.Errorf("%q, %v", problems, err)
				}
			}
		})
	}
	all.Wait()
	if left, err := client.VolumeUsers(t.Context(), src.artifact("").Volume); err != nil || len(left) > 0 {
		t.Errorf("left behind %v, %v", left, err)
	}
}
