package artifact

import (
	"context"
	"crypto/rand"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const probeImage = "mlops-dev/busybox:1"

// realEngine is a process on the engine of the tests.
func realEngine(t *testing.T) (process, *docker.Client) {
	t.Helper()
	if os.Getenv("TF_ACC") == "" {
		t.Skip("TF_ACC is not set: acceptance tests run with a real engine")
	}
	client, err := docker.Connect(t.Context(), docker.Options{})
	must(t, err)
	t.Cleanup(func() { _ = client.Close() })
	network := "artifact-test-" + strings.ToLower(rand.Text()[:8])
	p := newProcess(client, probeImage, network, Config{Version: "1"})
	t.Cleanup(func() { _ = p.sessions.Close() })
	return p, client
}

// dispose removes an artifact at the end of a test.
func dispose(t *testing.T, p process, digest string) {
	t.Helper()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(background(), time.Minute)
		defer cancel()
		if err := p.Discard(ctx, digest, nil); err != nil {
			t.Error(err)
		}
	})
}

// random is a file that no other test has.
func random(t testing.TB, path string, size int64) {
	t.Helper()
	file, err := os.Create(path)
	must(t, err)
	_, err = io.CopyN(file, rand.Reader, size)
	must(t, err)
	must(t, file.Close())
}

func TestAccUpload(t *testing.T) {
	p, client := realEngine(t)
	root := tree(t, files)
	random(t, filepath.Join(root, "big.bin"), 64<<20)
	src := scan(t, root)
	dispose(t, p, src.Digest)
	told := int64(0)
	a, err := p.Upload(t.Context(), src, Upload{Verify: true, Progress: func(done, _ int64) { told = done }})
	must(t, err)
	if told == 0 {
		t.Error("nobody was told of the progress")
	}
	problems, err := p.Check(t.Context(), a)
	if err != nil || len(problems) > 0 {
		t.Errorf("just stored: %q, %v", problems, err)
	}
	must(t, p.Verify(t.Context(), a))
	digest, err := p.ContentOf(t.Context(), a.Volume, "")
	if err != nil || digest != a.Digest {
		t.Errorf("the content is %s, %v", digest, err)
	}
	must(t, p.sessions.Close())
	left, err := client.VolumeUsers(t.Context(), a.Volume)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind %v, %v", left, err)
	}
}
