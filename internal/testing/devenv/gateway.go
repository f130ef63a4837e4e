package main

import (
	"context"
	"debug/elf"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// gatewayImage is the image of the gateways of endpoints in the tests and the demo.
const gatewayImage = imagePrefix + "haproxy" + imageTag

// gatewayRelease is an HAProxy that gateways are tested on.
type gatewayRelease struct {
	suite, image string
	source       string // the registry's image of that version, where Debian's package cannot be had
	unpacked     string // folder below .dev
}

var gatewayReleases = []gatewayRelease{
	{"bookworm", gatewayImage, "haproxy:2.6-alpine", "haproxy"},
	{"trixie", imagePrefix + "haproxy-trixie" + imageTag, "haproxy:3.0-alpine", "haproxy-trixie"},
}

// buildGateway builds an image of HAProxy out of Debian's package, the shared libraries that it needs and a static
// busybox, and nothing else; for an engine on another architecture, or on a machine without Debian's packages, out of
// the registry's image.
func buildGateway(ctx context.Context, w workspace, client *docker.Client, arch string, release gatewayRelease) error {
	image := newBuildContext()
	busybox, err := staticBusybox(ctx, w, arch)
	var files map[string]string
	if err == nil {
		files, err = gatewayFiles(ctx, w, release)
	}
	if err != nil {
		if err := image.file("Dockerfile", 0o644, []byte("FROM "+release.source+"\n")); err != nil {
			return err
		}
		if pullErr := image.build(ctx, client, release.image); pullErr != nil {
			return &step.Fault{
				Missing: "There is no HAProxy for the gateways' image " + release.image + ": neither Debian's package (" + err.Error() + ") nor one from a registry",
				Remedy:  "Give this machine access to Debian's packages, or the engine access to Docker Hub.",
				Err:     pullErr,
			}
		}
		return nil
	}
	files["bin/busybox"] = busybox
	if err := image.file("Dockerfile", 0o644, []byte(gatewayDockerfile)); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content, err := os.ReadFile(files[name])
		if err != nil {
			return err
		}
		if err := image.file("root/"+name, 0o755, content); err != nil {
			return err
		}
	}
	for _, applet := range []string{"sh", "nc", "cat", "mv", "sleep", "kill"} {
		if err := image.symlink("root/bin/"+applet, "busybox"); err != nil {
			return err
		}
	}
	return image.build(ctx, client, release.image)
}

// gatewayDockerfile: a user of its own, as the official image has.
const gatewayDockerfile = "FROM scratch\nCOPY root /\nENV PATH=/usr/sbin:/usr/bin:/bin\nSTOPSIGNAL SIGUSR1\nUSER 99:99\nCMD [\"haproxy\"]\n"

// gatewayFiles gives HAProxy, its dynamic loader and the libraries that it needs: path in the image to path here.
func gatewayFiles(ctx context.Context, w workspace, release gatewayRelease) (map[string]string, error) {
	unpacked := w.dev(release.unpacked)
	program := filepath.Join(unpacked, "usr", "sbin", "haproxy")
	if _, err := os.Stat(program); err != nil {
		step.Say("Downloading haproxy of Debian's %s for the gateways' image …", release.suite)
		debian, err := openSuite(ctx, w, release.suite)
		if err != nil {
			return nil, err
		}
		if err := debian.unpack(ctx, "haproxy", unpacked); err != nil {
			return nil, err
		}
	}
	files := map[string]string{"usr/sbin/haproxy": program}
	libraries, err := sharedLibraries(unpacked)
	if err != nil {
		return nil, err
	}
	return files, gather(files, libraries, program)
}

// sharedLibraries are the libraries below root by their names.
func sharedLibraries(root string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(entry.Name(), ".so") {
			if target, err := filepath.EvalSymlinks(path); err == nil { // some links lead out of the package
				out[entry.Name()] = target
			}
		}
		return err
	})
	return out, err
}

// gather adds the loader and the libraries of program, and those that they need, to files.
func gather(files, libraries map[string]string, program string) error {
	file, err := elf.Open(program)
	if err != nil {
		return err
	}
	defer file.Close()
	needed, err := file.ImportedLibraries()
	if err != nil {
		return err
	}
	for _, name := range needed {
		where := "usr/lib/" + name
		if strings.HasPrefix(name, "ld-linux") {
			where = interpreter(file, "lib64/"+name)
		}
		if files[where] != "" {
			continue
		}
		if files[where] = libraries[name]; files[where] == "" {
			return fmt.Errorf("no package has the library %s", name)
		}
		if err := gather(files, libraries, files[where]); err != nil {
			return err
		}
	}
	if loader := interpreter(file, ""); loader != "" && files[loader] == "" {
		files[loader] = libraries[filepath.Base(loader)]
	}
	return nil
}

// interpreter is where a program wants its dynamic loader; otherwise for a library.
func interpreter(file *elf.File, otherwise string) string {
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			content := make([]byte, p.Filesz)
			if _, err := p.ReadAt(content, 0); err == nil {
				return strings.TrimLeft(strings.TrimRight(string(content), "\x00"), "/")
			}
		}
	}
	return otherwise
}
