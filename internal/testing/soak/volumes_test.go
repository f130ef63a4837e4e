package soak

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// files are SHA-256 sums by path.
type files map[string]string

// manifestFile says that a volume holds an artifact, and all of it.
const manifestFile = ".mlops-manifest.json"

// volume reads what a volume holds, as a container that mounts it would see it.
func (b *bed) volume(name string) (files, error) {
	ctx := b.t.Context()
	if there, err := b.exists(name); err != nil || !there { // the engine would make it
		return nil, fmt.Errorf("there is no volume %s: %w", name, errors.Join(err, fs.ErrNotExist))
	}
	id := b.Create(docker.CreateRequest{
		Name:       b.Name("reader"),
		Config:     &docker.ContainerConfig{Image: readerImage(), Cmd: []string{"true"}},
		HostConfig: &docker.HostConfig{NetworkMode: "none", Binds: []string{name + ":/content:ro"}},
	})
	defer func() {
		if err := b.Client.RemoveContainer(ctx, id); err != nil {
			b.t.Error(err)
		}
	}()
	stream, err := b.Client.CopyFrom(ctx, id, "/content")
	if err != nil {
		return nil, err
	}
	defer stream.Close()
	found := files{}
	for archive := tar.NewReader(stream); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if header.Typeflag == tar.TypeReg {
			sum := sha256.New()
			if _, err := io.Copy(sum, archive); err != nil {
				return nil, err
			}
			found[strings.TrimPrefix(header.Name, "content/")] = hex.EncodeToString(sum.Sum(nil))
		}
	}
}

// folder reads a folder of this machine.
func folder(path string) (files, error) {
	found := files{}
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(path, file)
		sum := sha256.Sum256(content)
		found[filepath.ToSlash(name)] = hex.EncodeToString(sum[:])
		return err
	})
	return found, err
}

// complete reports whether a volume says that it holds an artifact. If it does
// so and does not hold exactly these files, that is an error.
func (b *bed) complete(volume string, want files) (bool, error) {
	found, err := b.volume(volume)
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", volume, err)
	}
	_, says := found[manifestFile]
	delete(found, manifestFile)
	if says && !maps.Equal(found, want) {
		return true, fmt.Errorf("%s is there in part: it has %d files that are not, or not as, those of the source: %v, want %v",
			volume, len(found), found, want)
	}
	return says, nil
}

// volumes are the names of those that carry the labels.
func (b *bed) volumes(labels map[string]string) ([]string, error) {
	list, err := b.Client.ListVolumes(b.t.Context(), labels)
	names := make([]string, 0, len(list))
	for _, v := range list {
		names = append(names, v.Name)
	}
	return names, err
}

// exists reports whether there is a volume of that name.
func (b *bed) exists(volume string) (bool, error) {
	list, err := b.volumes(nil)
	return slices.Contains(list, volume), err
}
