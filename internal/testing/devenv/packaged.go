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

// packaged is a server as one of Debian's packages, and the image that is made of it.
type packaged struct {
	name     string // of the package
	program  string // its path in the package
	purpose  string // what for
	suite    string // release of Debian
	unpacked string // folder below .dev

	image      string
	source     string // the registry's image of the same, where Debian's package cannot be had
	dockerfile string // it finds all files in the folder root
	applets    []string
	folders    []string // empty ones, beside root
}

// build makes the image out of the package's program, the shared libraries that it needs and a static busybox, and
// nothing else; for an engine on another architecture, or on a machine without Debian's packages, out of the registry's
// image.
func (p packaged) build(ctx context.Context, w workspace, client *docker.Client, arch string) error {
	image := newBuildContext()
	busybox, err := staticBusybox(ctx, w, arch)
	var files map[string]string
	if err == nil {
		files, err = p.files(ctx, w)
	}
	if err != nil {
		if err := image.file("Dockerfile", 0o644, []byte("FROM "+p.source+"\n")); err != nil {
			return err
		}
		if pullErr := image.build(ctx, client, p.image); pullErr != nil {
			return &step.Fault{
				Missing: fmt.Sprintf("There is no %s for %s (%s): neither Debian's package (%v) nor an image of a registry", p.name, p.purpose, p.image, err),
				Remedy:  "Give this machine access to Debian's packages, or the engine access to Docker Hub.",
				Err:     pullErr,
			}
		}
		return nil
	}
	files["bin/busybox"] = busybox
	if err := image.file("Dockerfile", 0o644, []byte(p.dockerfile)); err != nil {
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
	for _, applet := range p.applets {
		if err := image.symlink("root/bin/"+applet, "busybox"); err != nil {
			return err
		}
	}
	for _, folder := range p.folders {
		if err := image.folder(folder); err != nil {
			return err
		}
	}
	return image.build(ctx, client, p.image)
}

// files gives the program, its dynamic loader and the libraries that it needs: path in the image to path here.
func (p packaged) files(ctx context.Context, w workspace) (map[string]string, error) {
	unpacked := w.dev(p.unpacked)
	program := filepath.Join(unpacked, filepath.FromSlash(p.program))
	if _, err := os.Stat(program); err != nil {
		step.Say("Downloading %s of Debian's %s for %s …", p.name, p.suite, p.purpose)
		debian, err := openSuite(ctx, w, p.suite)
		if err != nil {
			return nil, err
		}
		if err := debian.unpack(ctx, p.name, unpacked); err != nil {
			return nil, err
		}
	}
	files := map[string]string{p.program: program}
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
