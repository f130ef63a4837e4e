package container

import (
	"context"
	"fmt"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// notExecutable is what a kernel, and so every engine, says of a program that it
// cannot run.
const notExecutable = "exec format error"

// explainPlatform adds what the log of a replica that exited cannot say: that
// its program is not one for this engine. Where the engine emulates other
// platforms, a foreign one is only worth knowing.
func (c *change) explainPlatform(ctx context.Context, f *deployment.Failure) {
	if len(f.Replicas) == 0 {
		return
	}
	r := f.Replicas[0]
	info, err := c.engine.docker.Info(ctx)
	refused := strings.Contains(strings.Join(r.Logs, "\n")+f.What, notExecutable)
	if err != nil || !r.Exited && !refused {
		return
	}
	host, image := hostPlatform(info), c.image.OS+"/"+c.image.Arch
	foreign := c.image.Arch != "" && image != host
	switch {
	case foreign:
		f.What += fmt.Sprintf("\nIts image is built for %s, and the engine's host is %s.", image, host)
	case refused:
		f.What += fmt.Sprintf("\nIts program cannot be executed on the engine's host, which is %s: it is built for another platform, or a script whose first line names no interpreter.", host)
	}
	if refused {
		f.Attribute, f.Advice = "image", fmt.Sprintf("Use an image that is built for %s, and apply again.", host)
	}
}

// hostPlatform is an engine's platform in the words of images.
func hostPlatform(info docker.Info) string {
	arch := info.Arch
	if known, ok := map[string]string{"x86_64": "amd64", "aarch64": "arm64", "armv7l": "arm", "i686": "386"}[arch]; ok {
		arch = known
	}
	return info.OSType + "/" + arch
}
