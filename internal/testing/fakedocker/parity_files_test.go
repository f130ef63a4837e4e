package fakedocker_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// constant is the time of files in archives here: what a container changes gets
// another one.
var constant = time.Unix(1_000_000_000, 0)

// packed is a tar of headers; a regular file has its own name as content.
func packed(headers ...tar.Header) io.Reader {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, h := range headers {
		h.ModTime = constant
		if h.Typeflag == tar.TypeReg {
			h.Size = int64(len(h.Name))
		}
		_ = w.WriteHeader(&h) // into memory
		if h.Typeflag == tar.TypeReg {
			_, _ = w.Write([]byte(h.Name))
		}
	}
	_ = w.Close()
	return &out
}

func plain(name string) tar.Header { return tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644} }

func folder(name string) tar.Header {
	return tar.Header{Name: name + "/", Typeflag: tar.TypeDir, Mode: 0o755}
}

func link(name, to string) tar.Header {
	return tar.Header{Name: name, Typeflag: tar.TypeSymlink, Linkname: to, Mode: 0o777}
}

// door makes a volume and a container through which it is filled.
func (s *stage) door(volume string) (id string) {
	s.did("create volume", s.CreateVolume(s.t.Context(), s.prefix+volume, s.labels()))
	return s.container("door-"+volume, "run", with(func(h *docker.HostConfig) { h.Binds = []string{s.prefix + volume + ":/data/volume"} }))
}

func (s *stage) copyTo(id, folder string, archive io.Reader) {
	s.did("copy to "+folder, s.CopyTo(s.t.Context(), id, folder, archive))
}

// stat notes what a path is.
func (s *stage) stat(id, name string) {
	f, err := s.StatPath(s.t.Context(), id, name)
	if err != nil {
		s.did("stat "+name, err)
		return
	}
	size := f.Size
	if f.Mode.IsDir() {
		size = -1 // file systems differ
	}
	s.note("stat %s: %s %s %d untouched=%t link=%s", name, f.Name, f.Mode, size, f.ModTime.Equal(constant), f.LinkTarget)
}

// archive notes what a copy has in it, by name.
func (s *stage) archive(id, name string) {
	stream, err := s.CopyFrom(s.t.Context(), id, name)
	s.did("copy from "+name, err)
	if err != nil {
		return
	}
	defer func() { _ = stream.Close() }()
	lines := []string{}
	for r := tar.NewReader(stream); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		must(s.t, err)
		content, err := io.ReadAll(r)
		must(s.t, err)
		lines = append(lines, strings.Join([]string{h.Name, h.FileInfo().Mode().String(), h.Linkname, string(content)}, " "))
	}
	sort.Strings(lines)
	for _, line := range lines {
		s.note("  %s", line)
	}
}

func playFiles(s *stage) {
	ctx := s.t.Context()
	door := s.door("one")
	s.copyTo(door, "/data/volume", packed(folder("."), folder("sub"), folder("sub/empty"), plain("a"), plain("sub/b"), tar.Header{Name: "run", Typeflag: tar.TypeReg, Mode: 0o755}))
	for _, name := range []string{"/data/volume", "/data/volume/", "/data/volume/a", "/data/volume/run", "/data/volume/sub", "/data/volume/sub/b", "/data/volume/none", "/data", "/none"} {
		s.stat(door, name)
	}
	s.copyTo(door, "/data/volume", packed(plain("c")))
	s.stat(door, "/data/volume")                                                                       // it was touched
	s.copyTo(door, "/data/volume", packed(tar.Header{Name: "./", Typeflag: tar.TypeDir, Mode: 0o700})) // the folder itself is left alone
	s.stat(door, "/data/volume")
	s.copyTo(door, "/data", packed(tar.Header{Name: "volume/", Typeflag: tar.TypeDir, Mode: 0o700})) // unless it is named from above
	s.stat(door, "/data/volume")
	s.copyTo(door, "/data/volume", packed(plain("sub"))) // a file in the place of a folder
	s.stat(door, "/data/volume/sub")
	s.copyTo(door, "/data/volume", packed(folder("a"), plain("a/d"))) // and the other way round
	s.copyTo(door, "/data/volume", packed(plain("deep/er/e")))
	s.copyTo(door, "/data/volume/none", packed(plain("a")))
	s.copyTo(door, "/data/volume/c", packed(plain("a")))
	s.copyTo(s.prefix+"none", "/", packed(plain("a")))
	s.archive(door, "/data/volume")
	s.archive(door, "/data/volume/.")
	s.archive(door, "/data/volume/a")
	s.archive(door, "/data/volume/c")
	s.archive(door, "/data/volume/none")

	// The files are the volume's, not the container's.
	second := s.container("second", "run", with(func(h *docker.HostConfig) { h.Binds = []string{s.prefix + "one:/elsewhere"} }))
	s.archive(second, "/elsewhere")
	users, err := s.VolumeUsers(ctx, s.prefix+"one")
	s.did("users", err)
	for _, u := range users {
		s.note("%s %s", u.Name, u.State)
	}
	s.did("remove a used volume", s.RemoveVolume(ctx, s.prefix+"one"))
	for _, id := range []string{door, second} {
		s.did("remove", s.RemoveContainer(ctx, id))
	}
	v, err := s.InspectVolume(ctx, s.prefix+"one")
	s.did("inspect volume "+v.Name, err)
	s.did("remove volume", s.RemoveVolume(ctx, s.prefix+"one"))
	_, err = s.InspectVolume(ctx, s.prefix+"one")
	s.did("inspect volume", err)
	users, err = s.VolumeUsers(ctx, s.prefix+"one")
	s.did("users", err)
	s.note("%d", len(users))
	s.archive(s.door("one"), "/data/volume") // empty again: the old name has nothing to do with it
}

func playLinks(s *stage) {
	door := s.door("links")
	s.copyTo(door, "/data/volume", packed(folder("sub"), plain("a"), link("relative", "a"), link("sub/up", "../a"), link("absolute", "/data/volume/a"), link("dangling", "none")))
	for _, name := range []string{"relative", "sub/up", "absolute", "dangling"} {
		s.stat(door, path.Join("/data/volume", name))
	}
	s.archive(door, "/data/volume")
	s.copyTo(door, "/data/volume", packed(plain("relative"))) // replaces the link, not what it leads to
	s.archive(door, "/data/volume")
}

// errCut is the end of an archive that was cut.
var errCut = errors.New("cut")

func playCutArchive(s *stage) {
	door := s.door("cut")
	s.copyTo(door, "/data/volume", packed(plain("a"), plain("b")))
	whole, err := io.ReadAll(packed(tar.Header{Name: "c", Typeflag: tar.TypeReg, Mode: 0o600}, plain("a"), plain("d")))
	must(s.t, err)
	const upToD = 4 * 512
	err = s.CopyTo(s.t.Context(), door, "/data/volume", io.MultiReader(bytes.NewReader(whole[:upToD]), failing{}))
	s.note("cut: %t", errors.Is(err, errCut))
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if _, err := s.StatPath(s.t.Context(), door, "/data/volume/c"); err == nil {
			break // the engine unpacks on its own after the cut
		}
	}
	time.Sleep(50 * time.Millisecond)
	s.archive(door, "/data/volume")
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }

// playEnds waits for ends, and for what was said until then.
func playEnds(s *stage) {
	ctx := s.t.Context()
	begin := time.Now()
	for _, program := range []string{"exit", "run"} {
		id := s.container(program, program)
		code, err := s.WaitContainer(ctx, id)
		s.did("wait before the start", err)
		s.note("%d", code)
		s.start(id)
		if program == "run" {
			go func() { _ = s.StopContainer(ctx, id, 5*time.Second) }()
		}
		var out bytes.Buffer
		s.did("follow", s.FollowLogs(ctx, id, &out))
		code, err = s.WaitContainer(ctx, id)
		s.did("wait", err)
		s.note("%d %q", code, out.String())
		events, err := s.PastEvents(ctx, id, begin, time.Now())
		s.did("past events", err)
		for _, e := range events {
			s.note("%s %s", e.Action, e.Labels["exitCode"])
		}
	}
	_, err := s.WaitContainer(ctx, s.prefix+"none")
	s.did("wait for none", err)
	s.did("follow none", s.FollowLogs(ctx, s.prefix+"none", io.Discard))
	_, err = s.PastEvents(ctx, s.prefix+"none", begin, time.Now())
	s.did("past events of none", err)
}
