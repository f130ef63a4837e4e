package main

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/daemon"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

const (
	// imagePrefix and imageTag frame the names of the images that are built here: mlops-dev/<folder>:1.
	imagePrefix = "mlops-dev/"
	imageTag    = ":1"

	// probeImage is the image of the provider's own short-lived containers in the tests and the demo.
	probeImage = imagePrefix + "busybox" + imageTag

	// contentLabel holds the hash of what an image was built from.
	contentLabel = "mlops-dev.content"
)

// buildContext is what an image is built from: a Dockerfile and files, as a tar whose bytes depend on nothing else.
type buildContext struct {
	buffer bytes.Buffer
	tar    *tar.Writer
}

func newBuildContext() *buildContext {
	c := &buildContext{}
	c.tar = tar.NewWriter(&c.buffer)
	return c
}

func (c *buildContext) file(name string, mode int64, content []byte) error {
	header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content)), Typeflag: tar.TypeReg}
	if err := c.tar.WriteHeader(header); err != nil {
		return err
	}
	_, err := c.tar.Write(content)
	return err
}

func (c *buildContext) folder(name string) error {
	return c.tar.WriteHeader(&tar.Header{Name: name + "/", Mode: 0o755, Typeflag: tar.TypeDir})
}

func (c *buildContext) symlink(name, target string) error {
	return c.tar.WriteHeader(&tar.Header{Name: name, Linkname: target, Mode: 0o777, Typeflag: tar.TypeSymlink})
}

// build makes the image, unless the engine has it already with this very content.
func (c *buildContext) build(ctx context.Context, client *docker.Client, ref string) error {
	if err := c.tar.Close(); err != nil {
		return err
	}
	sum := sha256.Sum256(c.buffer.Bytes())
	content := hex.EncodeToString(sum[:])
	switch image, err := client.InspectImage(ctx, ref); {
	case err == nil && image.Config != nil && image.Config.Labels[contentLabel] == content:
		return nil
	case err != nil && !errors.Is(err, deployment.ErrNotFound):
		return err
	}
	step.Say("Building the image %s …", ref)
	return client.BuildImage(ctx, &c.buffer, "Dockerfile", []string{ref}, map[string]string{contentLabel: content})
}

func runImages(ctx context.Context, w workspace, _ []string) error {
	flavour, err := wantedEngine()
	if err != nil {
		return err
	}
	engine, err := engineUp(ctx, w, flavour)
	if err != nil {
		return err
	}
	return buildImages(ctx, w, engine)
}

// buildImages builds the images of the tests on the engine, without a registry: the probe image, the gateways' images, and one for every
// folder of internal/testing that has a Dockerfile.
func buildImages(ctx context.Context, w workspace, engine daemon.Engine) error {
	client, arch, err := connectBuilder(ctx, engine)
	if err != nil {
		return err
	}
	defer client.Close()
	if err := buildProbe(ctx, w, client, arch); err != nil {
		return err
	}
	for _, gateway := range gateways {
		if err := gateway.build(ctx, w, client, arch); err != nil {
			return err
		}
	}
	return filepath.WalkDir(w.path("internal", "testing"), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "Dockerfile" {
			return err
		}
		return buildServer(ctx, w, client, filepath.Dir(path), arch)
	})
}

// buildServer builds the program in dir and the image of its Dockerfile, which finds the program under the folder's
// name and the folder's other files beside it.
func buildServer(ctx context.Context, w workspace, client *docker.Client, dir, arch string) error {
	name := filepath.Base(dir)
	binary := w.dev("images", name)
	cmd := step.Command(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", binary, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if err := step.Logged(cmd, w.log("build-"+name)); err != nil {
		return err
	}
	image := newBuildContext()
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	if err := image.file(name, 0o755, content); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.IsDir() || strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		if err := image.file(entry.Name(), 0o644, content); err != nil {
			return err
		}
	}
	if err := image.build(ctx, client, imagePrefix+name+imageTag); err != nil {
		return fmt.Errorf("building the image of %s: %w", dir, err)
	}
	return nil
}

// connectBuilder is for building images on the engine: a client, to be closed, and the architecture to build for.
func connectBuilder(ctx context.Context, engine daemon.Engine) (*docker.Client, string, error) {
	client, err := docker.Connect(ctx, docker.Options{Host: engine.Host})
	if err != nil {
		return nil, "", err
	}
	arch, err := engineArch(ctx, client)
	if err != nil {
		client.Close()
		return nil, "", err
	}
	return client, arch, nil
}

// engineArch is the engine's CPU architecture in Go's words.
func engineArch(ctx context.Context, client *docker.Client) (string, error) {
	info, err := client.Info(ctx)
	if err != nil {
		return "", err
	}
	switch info.Arch {
	case "x86_64":
		return "amd64", nil
	case "aarch64":
		return "arm64", nil
	case "armv7l", "armv6l":
		return "arm", nil
	default:
		return info.Arch, nil
	}
}
