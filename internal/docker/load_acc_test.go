package docker

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"testing"
)

// TestAccLoadImage: an image of another platform keeps saying so.
func TestAccLoadImage(t *testing.T) {
	acceptance(t)
	c, ctx := testEngine(t), t.Context()
	ref := uniqueName(t) + ":1"
	defer func() { _ = c.RemoveImage(ctx, ref) }()
	layer, err := io.ReadAll(tarOf(t, map[string]string{"a": ref}))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(layer)
	saved := tarOf(t, map[string]string{
		"layer.tar":     string(layer),
		"config.json":   fmt.Sprintf(`{"architecture":"s390x","os":"linux","config":{"Entrypoint":["/a"]},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{}]}`, hex.EncodeToString(sum[:])),
		"manifest.json": fmt.Sprintf(`[{"Config":"config.json","RepoTags":[%q],"Layers":["layer.tar"]}]`, ref),
	})
	if err := c.LoadImage(ctx, saved); err != nil {
		t.Fatal(err)
	}
	if image, err := c.InspectImage(ctx, ref); err != nil || image.Arch != "s390x" || image.Config.Entrypoint[0] != "/a" {
		t.Errorf("loaded %+v, %v", image, err)
	}
	if err := c.LoadImage(ctx, strings.NewReader("no tar")); err == nil {
		t.Error("loaded what is no tar")
	}
}
