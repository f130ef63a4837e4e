package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

const (
	// gatewayImage is the image of the gateways of endpoints in the tests and the demo.
	gatewayImage = imagePrefix + "haproxy" + imageTag
	// gatewaySource is the registry's image that it is made of where Debian's package cannot be had.
	gatewaySource = "haproxy:lts-alpine"
)

// buildGateway builds the image of HAProxy out of Debian's package, the shared libraries that it needs and a static
// busybox, and nothing else; for an engine on another architecture, or on a machine without Debian's packages, out of
// the registry's image.
func buildGateway(ctx context.Context, w workspace, client *docker.Client, arch string) error {
	image := newBuildContext()
	busybox, err := staticBusybox(ctx, w, arch)
	var files map[string]string
	if err == nil {
		files, err = gatewayFiles(ctx, w)
	}
	if err != nil {
		if err := image.file("Dockerfile", 0o644, []byte("FROM "+gatewaySource+"\n")); err != nil {
			return err
		}
		if pullErr := image.build(ctx, client, gatewayImage); pullErr != nil {
			return &step.Fault{
				Missing: "There is no HAProxy for the gateways' image: neither Debian's package (" + err.Error() + ") nor one from a registry",
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
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
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
	return image.build(ctx, client, gatewayImage)
}

// gatewayDockerfile: a user of its own, as the official image has.
const gatewayDockerfile = "FROM scratch\nCOPY root /\nENV PATH=/usr/sbin:/usr/bin:/bin\nSTOPSIGNAL SIGUSR1\nUSER 99:99\nCMD [\"haproxy\"]\n"

// gatewayFiles gives HAProxy, its dynamic loader and the libraries that it needs: path in the image to path here.
func gatewayFiles(ctx context.Context, w workspace) (map[string]string, error) {
	unpacked := w.dev("haproxy")
	program := filepath.Join(unpacked, "usr", "sbin", "haproxy")
	if _, err := os.Stat(program); err != nil {
		if err := downloadGateway(ctx, w, unpacked); err != nil {
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

// downloadGateway unpacks Debian's package and the libraries that it depends on into a folder. Nothing is installed.
func downloadGateway(ctx context.Context, w workspace, into string) error {
	for _, program := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return err
		}
	}
	packages, err := gatewayPackages(ctx)
	if err != nil {
		if err := w.engines().UpdatePackageLists(ctx); err != nil {
			return err
		}
		if packages, err = gatewayPackages(ctx); err != nil {
			return err
		}
	}
	partial := into + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		return err
	}
	step.Say("Downloading haproxy for the gateways' image …")
	download := step.Command(ctx, "apt-get", append([]string{"-q", "download"}, packages...)...)
	download.Dir = partial
	if err := step.Logged(download, w.log("haproxy")); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(partial, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range found {
		if err := step.Logged(step.Command(ctx, "dpkg-deb", "-x", deb, partial), w.log("haproxy")); err != nil {
			return err
		}
	}
	return os.Rename(partial, into) // complete only under its final name
}

// gatewayPackages are haproxy and the packages of libraries that it depends on, however far.
func gatewayPackages(ctx context.Context) ([]string, error) {
	out, err := step.Output(step.Command(ctx, "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances", "haproxy"))
	if err != nil {
		return nil, err
	}
	packages := []string{"haproxy"}
	for line := range strings.Lines(out) {
		// What it depends on is indented, what is virtual in brackets.
		if name := strings.TrimRight(line, "\n"); (strings.HasPrefix(name, "lib") || strings.HasPrefix(name, "zlib")) && !strings.Contains(name, ":") {
			packages = append(packages, name)
		}
	}
	if len(packages) < 2 {
		return nil, fmt.Errorf("the list of packages knows no haproxy")
	}
	return packages, nil
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
