package docker

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func tarOf(t testing.TB, files map[string]string) io.Reader {
	t.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for name, content := range files {
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o755, Size: int64(len(content))}); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &buffer
}

func TestAccBuildImage(t *testing.T) {
	acceptance(t)
	c, ctx := testEngine(t), t.Context()
	ref := uniqueName(t) + ":1"
	defer func() { _ = c.RemoveImage(ctx, ref) }()
	files := map[string]string{
		"serve":      "#!/x",
		"Dockerfile": "FROM scratch\nCOPY serve /serve\nENV A=b\nEXPOSE 80\nUSER 7\nENTRYPOINT [\"/serve\"]\nHEALTHCHECK --retries=2 CMD [\"/serve\"]\n",
		"Broken":     "FROM " + testImage + "\nRUN sh -c 'echo some output; exit 3'\n",
	}
	if err := c.BuildImage(ctx, tarOf(t, files), "Dockerfile", []string{ref}, map[string]string{"made": "here"}); err != nil {
		t.Fatal(err)
	}
	image, err := c.InspectImage(ctx, ref)
	if err != nil {
		t.Fatal(err)
	}
	config := image.Config
	if image.OS != "linux" || image.Tags[0] != ref || config.User != "7" || config.Labels["made"] != "here" || config.Entrypoint[0] != "/serve" ||
		config.Healthcheck.Retries != 2 || config.Env[len(config.Env)-1] != "A=b" || len(config.ExposedPorts) != 1 {
		t.Errorf("built %+v, config %+v", image, config)
	}
	err = c.BuildImage(ctx, tarOf(t, files), "Broken", nil, nil)
	if err == nil || !strings.Contains(err.Error(), "some output") || !strings.Contains(err.Error(), "returned a non-zero code: 3") {
		t.Errorf("broken build: %v", err)
	}
	for range 2 {
		if err := c.RemoveImage(ctx, ref); err != nil {
			t.Error(err)
		}
	}
	if _, err := c.InspectImage(ctx, ref); !errors.Is(err, deployment.ErrNotFound) {
		t.Errorf("inspected what is gone: %v", err)
	}
}

func TestAccImportImage(t *testing.T) {
	acceptance(t)
	c, ctx := testEngine(t), t.Context()
	ref := uniqueName(t) + ":1"
	defer func() { _ = c.RemoveImage(ctx, ref) }()
	if err := c.ImportImage(ctx, tarOf(t, map[string]string{"a": "b"}), ref, []string{`ENTRYPOINT ["/a"]`}); err != nil {
		t.Fatal(err)
	}
	if image, err := c.InspectImage(ctx, ref); err != nil || image.Config.Entrypoint[0] != "/a" {
		t.Errorf("imported %+v, %v", image, err)
	}
	if err := c.ImportImage(ctx, strings.NewReader("no tar"), ref, nil); err == nil {
		t.Error("imported what is no tar")
	}
}

// TestAccPullFails asks a registry that refuses the connection: the engine's own words must arrive.
func TestAccPullFails(t *testing.T) {
	acceptance(t)
	c := testEngine(t)
	for call, err := range map[string]error{
		"pull":   c.PullImage(t.Context(), "127.0.0.1:1/nothing:1", ""),
		"digest": func() error { _, err := c.RemoteDigest(t.Context(), "127.0.0.1:1/nothing:1"); return err }(),
	} {
		if err == nil || !strings.Contains(err.Error(), "connection refused") || errors.Is(err, deployment.ErrUnreachable) {
			t.Errorf("%s: %v", call, err)
		}
	}
}
