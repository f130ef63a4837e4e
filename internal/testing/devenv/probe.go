package main

import (
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// probeSource is the registry's image that the probe image is made of where no static busybox can be had.
const probeSource = "busybox:stable"

// buildProbe builds the probe image out of a static busybox of this machine or of Debian's package; for an engine on
// another architecture, or on a machine without either, out of the registry's busybox.
func buildProbe(ctx context.Context, w workspace, client *docker.Client, arch string) error {
	image := newBuildContext()
	busybox, err := staticBusybox(ctx, w, arch)
	if err != nil {
		if err := image.file("Dockerfile", 0o644, []byte("FROM "+probeSource+"\n")); err != nil {
			return err
		}
		if pullErr := image.build(ctx, client, probeImage); pullErr != nil {
			return &step.Fault{
				Missing: "There is no busybox for the probe image: neither here (" + err.Error() + ") nor from a registry",
				Remedy:  "Install a static busybox (Debian: apt-get install busybox-static), or give the engine access to Docker Hub.",
				Err:     pullErr,
			}
		}
		return nil
	}
	content, err := os.ReadFile(busybox)
	if err != nil {
		return err
	}
	applets, err := step.Output(step.Command(ctx, busybox, "--list"))
	if err != nil {
		return err
	}
	if err := image.file("Dockerfile", 0o644, []byte("FROM scratch\nCOPY bin /bin\nCMD [\"sh\"]\n")); err != nil {
		return err
	}
	if err := image.file("bin/busybox", 0o755, content); err != nil {
		return err
	}
	names := slices.DeleteFunc(strings.Fields(applets), func(name string) bool { return name == "busybox" })
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if err := image.symlink("bin/"+name, "busybox"); err != nil {
			return err
		}
	}
	return image.build(ctx, client, probeImage)
}

// staticBusybox gives the path of a busybox that runs in an empty image on the engine.
func staticBusybox(ctx context.Context, w workspace, arch string) (string, error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != arch {
		return "", fmt.Errorf("this is %s/%s, the engine's is linux/%s", runtime.GOOS, runtime.GOARCH, arch)
	}
	unpacked := w.dev("busybox")
	candidates := []string{filepath.Join(unpacked, "bin", "busybox"), filepath.Join(unpacked, "usr", "bin", "busybox")}
	if path, err := exec.LookPath("busybox"); err == nil {
		candidates = append(candidates, path)
	}
	if path := firstStatic(candidates); path != "" {
		return path, nil
	}
	if err := unpackPackage(ctx, w, "busybox-static", "the probe image", unpacked); err != nil {
		return "", err
	}
	if path := firstStatic(candidates); path != "" {
		return path, nil
	}
	return "", fmt.Errorf("the package busybox-static has no static busybox")
}

// firstStatic gives the first path that is a program which needs no dynamic loader; "" when none is.
func firstStatic(paths []string) string {
	for _, path := range paths {
		file, err := elf.Open(path)
		if err != nil {
			continue
		}
		dynamic := slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
		file.Close()
		if !dynamic {
			return path
		}
	}
	return ""
}
