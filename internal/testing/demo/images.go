package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// program is one of the demo's own: a static binary in an image of nothing else.
type program struct {
	name  string // folder under examples/demo, and file name in its bin folder
	image string
}

func (n names) programs() []program {
	return []program{{name: "trainer", image: n.trainer}, {name: "server", image: n.server}}
}

// buildImages builds the programs here, for the engine's CPU, and sends each with its Dockerfile to the engine. Images
// from scratch need no registry.
func (d demo) buildImages(ctx context.Context) error {
	info, err := d.engine.Info(ctx)
	if err != nil {
		return err
	}
	target, err := targetOf(info.OSType, info.Arch)
	if err != nil {
		return err
	}
	step.Say("Building the images of the trainer and the server (linux/%s, from scratch: no registry needed)", target.arch)
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range d.programs() {
		group.Go(func() error { return d.buildImage(ctx, p, target) })
	}
	return group.Wait()
}

func (d demo) buildImage(ctx context.Context, p program, target target) error {
	folder := filepath.Join(d.root, "examples", "demo")
	binary := path.Join("bin", p.name)
	build := step.Command(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./"+p.name)
	build.Dir = folder
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+target.arch, "GOARM="+target.arm)
	if err := step.Logged(build, filepath.Join(d.root, ".dev", "log", "demo-build-"+p.name+".log")); err != nil {
		return &step.Fault{Missing: "examples/demo/" + p.name + " cannot be built", Remedy: "Correct what the compiler says.", Err: err}
	}
	dockerfile := path.Join(p.name, "Dockerfile")
	buildContext, err := archive(folder, []string{dockerfile, binary})
	if err != nil {
		return err
	}
	if err := d.engine.BuildImage(ctx, buildContext, dockerfile, []string{p.image}, d.labels()); err != nil {
		return fmt.Errorf("building the image %s: %w", p.image, err)
	}
	return nil
}

// target is a kind of machine in Go's words.
type target struct{ arch, arm string }

// targetOf translates what an engine says of its machine, which is Go's word or uname's.
func targetOf(osType, arch string) (target, error) {
	if osType != "linux" {
		return target{}, &step.Fault{
			Missing: fmt.Sprintf("The engine runs %s containers, and the demo's images are for Linux", osType),
			Remedy:  "Switch the engine to Linux containers, or choose another with DOCKER_HOST or DOCKER_CONTEXT.",
		}
	}
	switch arch {
	case "x86_64", "amd64":
		return target{arch: "amd64"}, nil
	case "aarch64", "arm64":
		return target{arch: "arm64"}, nil
	case "armv7l", "armhf", "arm":
		return target{arch: "arm", arm: "7"}, nil
	case "armv6l":
		return target{arch: "arm", arm: "6"}, nil
	case "i386", "i686", "386":
		return target{arch: "386"}, nil
	case "ppc64le", "s390x", "riscv64", "loong64":
		return target{arch: arch}, nil
	case "loongarch64":
		return target{arch: "loong64"}, nil
	}
	return target{}, &step.Fault{
		Missing: fmt.Sprintf("The engine's CPU is %q, for which the demo does not know Go's word", arch),
		Remedy:  "Choose another engine with DOCKER_HOST or DOCKER_CONTEXT.",
	}
}

// archive packs files as a build context. It leaves out times and owners: equal files make equal images, and an image
// that stays the same is no reason for a rollout.
func archive(folder string, files []string) (io.Reader, error) {
	var packed bytes.Buffer
	writer := tar.NewWriter(&packed)
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		mode := int64(0o644)
		if path.Dir(name) == "bin" {
			mode = 0o755
		}
		if err := writer.WriteHeader(&tar.Header{Name: name, Mode: mode, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := writer.Write(content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return &packed, nil
}
