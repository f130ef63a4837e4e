package daemon

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// requirement is a program, or a file by its absolute path, and the Debian package that brings it; of several, parted
// by a bar, the first that this release of Debian or Ubuntu has.
type requirement struct{ program, debian string }

// testRequirements are what the acceptance tests run against for real: ssh:// hosts, whose engine is reached through
// the docker program there.
var testRequirements = []requirement{
	{"ssh", "openssh-client"}, {"sshd", "openssh-server"}, {"docker", "docker-cli|docker.io"},
}

func (r requirement) met() bool {
	if filepath.IsAbs(r.program) {
		_, err := os.Stat(r.program)
		return err == nil
	}
	return program(r.program) != ""
}

// engineRequirements are what a Docker engine needs on a bare Debian or Ubuntu; ps is what it lists a container's
// processes with.
var engineRequirements = []requirement{{"dockerd", "docker.io"}, {"iptables", "iptables"}, {"ip", "iproute2"}, {"ps", "procps"}}

// InstallTestPrograms installs what the acceptance tests need beside an engine. A server that a package would start is
// kept from starting: the tests bring up their own, for themselves.
func (m Manager) InstallTestPrograms(ctx context.Context) error {
	if program("sshd") == "" && program("systemctl") != "" && canBeRoot() {
		if _, err := os.Stat("/run/systemd/system"); err == nil {
			step.Say("Masking the ssh service, which the package openssh-server would start …")
			if _, err := step.Output(asRoot(ctx, "systemctl", "mask", "ssh.service", "ssh.socket")); err != nil {
				return err
			}
		}
	}
	return m.install(ctx, testRequirements)
}

// install installs what is missing of needs, on Debian and its relatives; elsewhere it says what to install by hand.
func (m Manager) install(ctx context.Context, needs []requirement) error {
	missing := slices.DeleteFunc(slices.Clone(needs), requirement.met)
	if len(missing) == 0 {
		return nil
	}
	var programs []string
	for _, need := range missing {
		programs = append(programs, need.program)
	}
	list := strings.Join(programs, ", ")
	if program("apt-get") == "" || !canBeRoot() {
		return &step.Fault{
			Missing: "This needs " + list + ", and they cannot be installed here (no apt-get, or neither root nor sudo)",
			Remedy:  "Install them by hand (instead of an engine, DOCKER_HOST can name one elsewhere), then run the same command again.",
		}
	}
	step.Say("Installing %s with apt-get …", list)
	// A failed update is not fatal: one unreachable third-party source must not stop us when the lists we need are there.
	updateErr := m.UpdatePackageLists(ctx)
	argv := []string{"install", "--no-install-recommends"}
	for _, need := range missing {
		argv = append(argv, need.pkg(ctx))
	}
	if err := m.aptGet(ctx, argv...); err != nil {
		return &step.Fault{
			Missing: "apt-get cannot install what brings " + list,
			Remedy:  "Check the machine's package sources and network, or install them by hand, then run the same command again.",
			Err:     cmp.Or(updateErr, err),
		}
	}
	return nil
}

// pkg is the package to install.
func (r requirement) pkg(ctx context.Context) string {
	names := strings.Split(r.debian, "|")
	for _, name := range names {
		if out, err := step.Output(step.Command(ctx, "apt-cache", "show", name)); err == nil && out != "" {
			return name
		}
	}
	return names[len(names)-1]
}

// UpdatePackageLists fetches Debian's or Ubuntu's lists of packages; it needs root or sudo.
func (m Manager) UpdatePackageLists(ctx context.Context) error {
	if !canBeRoot() {
		return errors.New("the lists of packages are missing, and fetching them needs root or sudo")
	}
	return m.aptGet(ctx, "update")
}

func (m Manager) aptGet(ctx context.Context, args ...string) error {
	argv := append([]string{"DEBIAN_FRONTEND=noninteractive", "apt-get", "-q", "-y", "-o", "DPkg::Lock::Timeout=300"}, args...)
	return step.Logged(asRoot(ctx, "env", argv...), filepath.Join(m.Dir, "apt-get.log"))
}
