package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// suite is one release of Debian, by its code name. Its packages are downloaded and unpacked here whatever release this
// machine runs: for its own as apt is configured, for another one with lists of its own in .dev, which need no rights.
type suite struct {
	name string
	w    workspace
	env  []string // of apt's programs
}

// openSuite finds out how to get a suite's packages, and fetches the lists where they are not this machine's own.
func openSuite(ctx context.Context, w workspace, name string) (suite, error) {
	s := suite{name: name, w: w}
	for _, program := range []string{"apt-get", "apt-cache", "dpkg-deb"} {
		if _, err := exec.LookPath(program); err != nil {
			return s, err
		}
	}
	if own, err := ownSuite(); err != nil || own == name {
		return s, err
	}
	mirror, err := debianMirror(ctx)
	if errors.Is(err, errNoMirror) {
		if err := w.engines().UpdatePackageLists(ctx); err != nil {
			return s, err
		}
		mirror, err = debianMirror(ctx)
	}
	if err != nil {
		return s, err
	}
	folder := w.dev("apt", name)
	for _, sub := range []string{"lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(folder, sub), 0o755); err != nil {
			return s, err
		}
	}
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
	sources, config := filepath.Join(folder, "sources.list"), filepath.Join(folder, "apt.conf")
	line := fmt.Sprintf("deb [signed-by=%s] %s %s main\n", keyring, mirror, name)
	settings := fmt.Sprintf("Dir::Etc::SourceList %q;\nDir::Etc::SourceParts \"-\";\nDir::State::Lists %q;\nDir::State::Status \"/dev/null\";\nDir::Cache %q;\nAPT::Sandbox::User \"\";\nAcquire::Languages \"none\";\n",
		sources, filepath.Join(folder, "lists"), filepath.Join(folder, "cache"))
	if err := errors.Join(os.WriteFile(sources, []byte(line), 0o644), os.WriteFile(config, []byte(settings), 0o644)); err != nil {
		return s, err
	}
	s.env = []string{"APT_CONFIG=" + config}
	return s, s.update(ctx)
}

// ownSuite is the release that this machine runs, "" when that is none of Debian's.
func ownSuite() (string, error) {
	file, err := os.Open("/etc/os-release")
	if err != nil {
		return "", err
	}
	defer file.Close()
	facts := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), "=")
		facts[name] = strings.Trim(value, `"'`)
	}
	if facts["ID"] != "debian" {
		return "", nil
	}
	return facts["VERSION_CODENAME"], nil
}

var errNoMirror = errors.New("this machine does not get its packages from Debian, or has no list of them yet")

// debianMirror is where this machine gets Debian from.
func debianMirror(ctx context.Context) (string, error) {
	out, err := step.Output(step.Command(ctx, "apt-get", "indextargets", "--format", "$(LABEL) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if mirror, ok := strings.CutPrefix(strings.TrimSpace(line), "Debian main "); ok {
			return mirror, nil
		}
	}
	return "", errNoMirror
}

// update fetches the lists.
func (s suite) update(ctx context.Context) error {
	if s.env == nil {
		return s.w.engines().UpdatePackageLists(ctx)
	}
	return step.Logged(s.command(ctx, "apt-get", "-q", "update"), s.w.log("apt-"+s.name))
}

func (s suite) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := step.Command(ctx, name, args...)
	cmd.Env = append(os.Environ(), s.env...)
	return cmd
}

// unpack downloads a package and the libraries that it depends on, however far, and unpacks them into a folder.
// Nothing is installed.
func (s suite) unpack(ctx context.Context, name, into string) error {
	packages, err := s.libraries(ctx, name)
	if err != nil {
		if err := s.update(ctx); err != nil {
			return err
		}
		if packages, err = s.libraries(ctx, name); err != nil {
			return err
		}
	}
	partial := into + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.MkdirAll(partial, 0o755)); err != nil {
		return err
	}
	log := s.w.log(filepath.Base(into))
	download := s.command(ctx, "apt-get", append([]string{"-q", "download"}, packages...)...)
	download.Dir = partial
	if err := step.Logged(download, log); err != nil {
		return err
	}
	found, err := filepath.Glob(filepath.Join(partial, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range found {
		if err := step.Logged(step.Command(ctx, "dpkg-deb", "-x", deb, partial), log); err != nil {
			return err
		}
	}
	return os.Rename(partial, into) // complete only under its final name
}

// libraries are a package and the packages of libraries that it depends on, however far.
func (s suite) libraries(ctx context.Context, name string) ([]string, error) {
	out, err := step.Output(s.command(ctx, "apt-cache", "depends", "--recurse", "--no-recommends", "--no-suggests", "--no-conflicts",
		"--no-breaks", "--no-replaces", "--no-enhances", name))
	if err != nil {
		return nil, err
	}
	packages := []string{name}
	for line := range strings.Lines(out) {
		// What it depends on is indented, what is virtual in brackets.
		found := strings.TrimRight(line, "\n")
		shared := strings.HasPrefix(found, "lib") && !strings.HasPrefix(found, "libjs-") || strings.HasPrefix(found, "zlib") // those of JavaScript are a page's
		if shared && !strings.Contains(found, ":") {
			packages = append(packages, found)
		}
	}
	if slices.Sort(packages); len(packages) < 2 {
		return nil, fmt.Errorf("the list of Debian's %s knows no %s", s.name, name)
	}
	return slices.Compact(packages), nil
}
