package soak

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"slices"
	"testing"
)

// platform is a processor architecture: its name in images, its number in
// executables, and the code that ends a process there with exit code 0.
type platform struct {
	arch    string
	machine elf.Machine
	exit    []byte
}

var (
	amd64 = platform{"amd64", elf.EM_X86_64, []byte{0xb8, 60, 0, 0, 0, 0x31, 0xff, 0x0f, 0x05}}
	arm64 = platform{"arm64", elf.EM_AARCH64, []byte{0xa8, 0x0b, 0x80, 0xd2, 0x00, 0x00, 0x80, 0xd2, 0x01, 0x00, 0x00, 0xd4}}
)

// other is the platform that the engine's processor is not of.
func (b *badBed) other() platform {
	info, err := b.Client.Info(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	if info.Arch == "aarch64" {
		return amd64
	}
	return arm64
}

// executable is a program that the platform can run, and no other.
func (p platform) executable(t *testing.T) []byte {
	t.Helper()
	const base, headers = 0x400000, 64 + 56 // where it is loaded; both headers
	size := uint64(headers + len(p.exit))
	var b bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(p.machine), Version: uint32(elf.EV_CURRENT),
			Entry: base + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		},
		elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 0x1000,
		},
		p.exit,
	} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// saved is an image as `docker save` writes it, whose one program is for the
// platform, and which says that it is for claims.
func (p platform) saved(t *testing.T, ref, claims string) []byte {
	t.Helper()
	layer := archive(t, entry{"serve", p.executable(t)})
	sum := sha256.Sum256(layer)
	document := func(v any) []byte {
		content, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	return archive(t,
		entry{"config.json", document(map[string]any{
			"architecture": claims, "os": "linux", "config": map[string]any{"Entrypoint": []string{"/serve"}},
			"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{"sha256:" + hex.EncodeToString(sum[:])}},
			"history": []any{map[string]any{"created_by": ref}},
		})},
		entry{"layer.tar", layer},
		entry{"manifest.json", document([]any{map[string]any{"Config": "config.json", "RepoTags": []string{ref}, "Layers": []string{"layer.tar"}}})},
	)
}

type entry struct {
	name    string
	content []byte
}

func archive(t *testing.T, entries ...entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		if err := w.WriteHeader(&tar.Header{Name: e.name, Mode: 0o755, Size: int64(len(e.content)), Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.content); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// load gives the engine an image of the platform for the time of the test; its reference.
func (b *badBed) load(name string, p platform, claims string) string {
	b.t.Helper()
	ref := b.Prefix + name + ":2.4"
	if slices.Contains(b.images, ref) {
		return ref
	}
	if err := b.Client.LoadImage(b.t.Context(), bytes.NewReader(p.saved(b.t, ref, claims))); err != nil {
		b.t.Fatal(err)
	}
	b.images = append(b.images, ref)
	return ref
}
