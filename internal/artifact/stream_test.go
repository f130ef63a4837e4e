package artifact

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// What is packed and unpacked again is what it was: any tree has the same
// listing when an engine sends it back.
func TestTarRoundTrip(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "b c", "ü", "model.safetensors", "-rf", "..x", strings.Repeat("long", 40)})
	folders, tries := t.TempDir(), 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		root := filepath.Join(folders, strconv.Itoa(tries))
		if err := os.Mkdir(root, 0o755); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 8).Draw(t, "files") {
			folder := filepath.Join(rapid.SliceOfN(names, 0, 3).Draw(t, "folder")...)
			if os.MkdirAll(filepath.Join(root, folder), 0o755) != nil {
				continue // a file is in the way
			}
			at := filepath.Join(root, folder, names.Draw(t, "name"))
			content := bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "content"), rapid.SampledFrom([]int{1, 100, 20_000}).Draw(t, "times"))
			mode := rapid.SampledFrom([]os.FileMode{0o644, 0o600, 0o755}).Draw(t, "mode")
			_ = os.WriteFile(at, content, mode) // a folder may be in the way
		}
		_ = os.WriteFile(filepath.Join(root, "last"), nil, 0o644) // so that it is not empty; a folder may be in the way
		src, err := Scan(context.Background(), root, nil)
		if errors.Is(err, errNothing) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		stream := archive(context.Background(), src.parts)
		defer stream.Close()
		entries, err := list(context.Background(), stream, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := newListing(entries); got.Digest != src.Digest || got.Size != src.Size || !slices.Equal(got.Entries, src.Entries) {
			t.Fatalf("sent %+v\ngot  %+v", src.Entries, got.Entries)
		}
		text, err := src.encode()
		if err != nil {
			t.Fatal(err)
		}
		if l, err := decodeManifest(text, src.Digest); err != nil || l.Digest != src.Digest {
			t.Fatalf("its manifest: %v", err)
		}
	})
}

// A manifest counts only when it proves its digest.
func TestManifestsThatProveNothing(t *testing.T) {
	src := scan(t, tree(t, files))
	text, err := src.encode()
	must(t, err)
	for name, broken := range map[string][]byte{
		"cut": text[:len(text)-1], "empty": nil, "of another format": bytes.Replace(text, []byte(`"format":1`), []byte(`"format":2`), 1),
		"altered": bytes.Replace(text, []byte(`"size":10`), []byte(`"size":11`), 1), "not JSON": []byte("x"),
	} {
		if _, err := decodeManifest(broken, src.Digest); !errors.Is(err, errIncomplete) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := decodeManifest(text, "sha256:another"); !errors.Is(err, errIncomplete) {
		t.Errorf("of another digest: %v", err)
	}
}

func TestPipe(t *testing.T) {
	want := strings.Repeat("0123456789", 3*blockSize/10*pipeBlocks)
	write := func(_ context.Context, w io.Writer) error {
		for rest := want; rest != ""; {
			n := min(len(rest), 77_777)
			if _, err := io.WriteString(w, rest[:n]); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	}
	p := pipeFrom(t.Context(), write)
	if got, err := io.ReadAll(iotest.HalfReader(p)); err != nil || string(got) != want {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	must(t, p.Close())

	p = pipeFrom(t.Context(), func(_ context.Context, w io.Writer) error {
		_, err := io.Copy(w, iotest.HalfReader(struct{ io.Reader }{strings.NewReader(want)}))
		return err
	})
	if got, err := io.ReadAll(p); err != nil || string(got) != want {
		t.Errorf("read from a reader: %d bytes, %v", len(got), err)
	}
	must(t, p.Close())

	failure := errors.New("disk is gone")
	p = pipeFrom(t.Context(), func(_ context.Context, w io.Writer) error {
		_, err := io.Copy(w, io.MultiReader(strings.NewReader("begin"), iotest.ErrReader(failure)))
		return err
	})
	if got, err := io.ReadAll(p); !errors.Is(err, failure) || string(got) != "begin" {
		t.Errorf("a reader that fails: %q, %v", got, err)
	}
	must(t, p.Close())
	p = pipeFrom(t.Context(), func(ctx context.Context, w io.Writer) error { return errors.Join(write(ctx, w), failure) })
	if got, err := io.ReadAll(p); !errors.Is(err, failure) || len(got) < len(want)-blockSize {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	must(t, p.Close())

	ended := make(chan error, 1)
	p = pipeFrom(t.Context(), func(ctx context.Context, w io.Writer) error {
		err := write(ctx, w)
		ended <- err
		return err
	})
	_, err := io.ReadFull(p, make([]byte, 10))
	must(t, err)
	must(t, p.Close())
	if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("the writer went on: %v", err)
	}
}

// Whoever gives up ends the reading of the source.
func TestArchiveStopsWithItsContext(t *testing.T) {
	src := scan(t, tree(t, map[string]string{"a": strings.Repeat("x", 10*blockSize)}))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	stream := archive(ctx, src.parts)
	defer stream.Close()
	if _, err := io.Copy(io.Discard, stream); !errors.Is(err, context.Canceled) {
		t.Errorf("it went on: %v", err)
	}
}
