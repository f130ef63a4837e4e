package bench

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/artifact"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	engineimage "github.com/seed-mlops/terraform-provider-mlops/internal/engine/image"
	"github.com/seed-mlops/terraform-provider-mlops/internal/session"
)

// uploadSize is of the file that is uploaded: go test ./internal/bench -bench Upload -args -upload-size 1073741824
var uploadSize = flag.Int64("upload-size", 1<<30, "bytes of the file that is uploaded")

// BenchmarkUpload stores a file as an artifact, from its hash being known to its being complete, without reading it back and with, against the
// bare copy of the same file into a volume. The session, which every apply has, is there.
func BenchmarkUpload(b *testing.B) {
	client := connect(b)
	prefix := uniquePrefix()
	sessions := session.New(client, session.Config{ProbeImage: image(), Version: "bench", Hostname: "bench"},
		session.NewNetwork(client, prefix), engineimage.NewResolver(client))
	b.Cleanup(func() { _ = sessions.Close() })
	store := artifact.New(client, sessions, artifact.Config{Version: "bench"})
	path := filepath.Join(b.TempDir(), "model.bin")
	randomFile(b, path, *uploadSize)
	src, err := artifact.Scan(b.Context(), path, nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := sessions.Acquire(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { sessions.Release(context.Background(), true) })
	upload := func(verify bool) time.Duration {
		began := time.Now()
		a, err := store.Upload(b.Context(), src, artifact.Upload{Verify: verify})
		took := time.Since(began)
		if err == nil {
			err = store.Discard(b.Context(), a.Digest, nil)
		}
		if err != nil {
			b.Fatal(err)
		}
		return took
	}
	var bare, uploaded, verified series
	turns := []func(){
		func() { bare = append(bare, bareCopy(b, client, prefix, path)) },
		func() { uploaded = append(uploaded, upload(false)) },
		func() { verified = append(verified, upload(true)) },
	}
	for b.Loop() {
		for range *rounds {
			for _, turn := range turns {
				turn()
			}
			// Whoever comes after another one finds the disk busy with what that one wrote.
			turns = append(turns[1:], turns[0])
		}
	}
	compare(b, "upload", uploaded, bare)
	compare(b, "verified", verified, bare)
}

// BenchmarkUploadMemory is what memory the provider takes, at its peak, to store a large file beyond that for a file of
// one byte.
func BenchmarkUploadMemory(b *testing.B) {
	connect(b)
	small, large := filepath.Join(b.TempDir(), "small.bin"), filepath.Join(b.TempDir(), "large.bin")
	randomFile(b, small, 1)
	randomFile(b, large, *uploadSize)
	peak := func(path string, verify bool) int64 {
		prefix := uniquePrefix()
		w := newWorkspace(b, "model", map[string]string{
			"prefix": prefix, "image": image(), "source_path": path, "verify": strconv.FormatBool(verify),
		})
		w.removeAtEnd(b)
		defer w.destroy(b)
		return peakMemory(b, w.command("apply", "-auto-approve"))
	}
	var idle, busy, verified int64
	for b.Loop() {
		idle, busy, verified = peak(small, false), peak(large, false), peak(large, true)
	}
	const mib = 1 << 20
	b.ReportMetric(float64(idle)/mib, "idle_MiB")
	b.ReportMetric(float64(busy-idle)/mib, "upload_over_idle_MiB")
	b.ReportMetric(float64(verified-idle)/mib, "verified_over_idle_MiB")
}

// bareCopy is one CopyToContainer of the file into a fresh volume.
func bareCopy(b *testing.B, client *docker.Client, name, path string) time.Duration {
	b.Helper()
	ctx := b.Context()
	id, err := client.CreateContainer(ctx, docker.CreateRequest{
		Name: name, Config: &docker.ContainerConfig{Image: image(), Cmd: []string{"true"}},
		HostConfig: &docker.HostConfig{NetworkMode: "none", Mounts: []docker.Mount{{Type: "volume", Source: name, Target: "/data"}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := client.RemoveContainer(ctx, id); err != nil {
			b.Error(err)
		}
		if err := client.RemoveVolume(ctx, name); err != nil {
			b.Error(err)
		}
	}()
	file, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "model.bin", Mode: 0o644, Size: *uploadSize}); err != nil {
		b.Fatal(err)
	}
	const block = 512 // a tar is padded to blocks, and ends with two that are empty
	tail := make([]byte, (block-*uploadSize%block)%block+2*block)
	began := time.Now()
	err = client.CopyTo(ctx, id, "/data", io.MultiReader(&head, file, bytes.NewReader(tail)))
	took := time.Since(began)
	if err != nil {
		b.Fatal(err)
	}
	return took
}

func randomFile(b *testing.B, path string, size int64) {
	b.Helper()
	file, err := os.Create(path)
	if err == nil {
		_, err = io.CopyN(file, rand.Reader, size)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		b.Fatal(fmt.Errorf("making the file to upload: %w", err))
	}
}
