package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// program is one of the demo's own: a static binary in an image of nothing else.
type program struct {
	name       string
	source     string // folder of its package in the repository
	dockerfile string // its path there; it finds the binary in the folder bin
	image      string
}

func (n names) programs() []program {
	return []program{
		{name: "trainer", source: "examples/demo/trainer", dockerfile: "examples/demo/trainer/Dockerfile", image: n.trainer},
		{name: "server", source: "examples/demo/server", dockerfile: "examples/demo/server/Dockerfile", image: n.server},
		{name: "client", source: "internal/testing/demo/client", dockerfile: "internal/testing/demo/client/client.Dockerfile", image: n.client},
	}
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
	step.Say("Building the images of the trainer, the server and a client (linux/%s, from scratch: no registry needed)", target.arch)
	group, ctx := errgroup.WithContext(ctx)
	for _, p := range d.programs() {
		group.Go(func() error { return d.buildImage(ctx, p, target) })
	}
	return group.Wait()
}

func (d demo) buildImage(ctx context.Context, p program, target target) error {
	binary := filepath.Join(d.root, ".dev", "images", "demo-"+p.name)
	build := step.Command(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, "./"+p.source)
	build.Dir = d.root
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+target.arch, "GOARM="+target.arm)
	if err := step.Logged(build, filepath.Join(d.root, ".dev", "log", "demo-build-"+p.name+".log")); err != nil {
		return &step.Fault{Missing: p.source + " cannot be built", Remedy: "Correct what the compiler says.", Err: err}
	}
	buildContext, err := archive([]packed{
		{name: "Dockerfile", from: filepath.Join(d.root, filepath.FromSlash(p.dockerfile)), mode: 0o644},
		{name: "bin/" + p.name, from: binary, mode: 0o755},
	})
	if err != nil {
		return err
	}
	if err := d.engine.BuildImage(ctx, buildContext, "Dockerfile", []string{p.image}, d.labels()); err != nil {
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

// packed is a file of a build context.
type packed struct {
	name string // in the context
	from string
	mode int64
}

// archive packs files as a build context. It leaves out times and owners: equal files make equal images, and an image
// that stays the same is no reason for a rollout.
func archive(files []packed) (io.Reader, error) {
	var buffer bytes.Buffer
	writer := tar.NewWriter(&buffer)
	for _, file := range files {
		content, err := os.ReadFile(file.from)
		if err != nil {
			return nil, err
		}
		if err := writer.WriteHeader(&tar.Header{Name: file.name, Mode: file.mode, Size: int64(len(content))}); err != nil {
			return nil, err
		}
		if _, err := writer.Write(content); err != nil {
			return nil, err
		}
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return &buffer, nil
}
