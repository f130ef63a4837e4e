package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// requirement is a program, or a file by its absolute path, and the Debian package that brings it.
type requirement struct{ program, debian string }

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

// install installs what is missing of needs, on Debian and its relatives; elsewhere it says what to install by hand.
func (m Manager) install(ctx context.Context, needs []requirement) error {
	var missing []string
	for _, need := range needs {
		if !need.met() {
			missing = append(missing, need.debian)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	list := strings.Join(missing, " ")
	if program("apt-get") == "" || !canBeRoot() {
		return &step.Fault{
			Missing: "This needs the programs of the packages " + list + ", and they cannot be installed here (no apt-get, or neither root nor sudo)",
			Remedy:  "Install them by hand, or start a Docker engine yourself and set DOCKER_HOST, then run the same command again.",
		}
	}
	step.Say("Installing %s with apt-get …", list)
	// A failed update is not fatal: one unreachable third-party source must not stop us when the lists we need are there.
	updateErr := m.UpdatePackageLists(ctx)
	if err := m.aptGet(ctx, append([]string{"install", "--no-install-recommends"}, missing...)...); err != nil {
		if updateErr != nil {
			err = updateErr
		}
		return &step.Fault{
			Missing: "apt-get cannot install " + list,
			Remedy:  "Check the machine's package sources and network, or install them by hand, then run the same command again.",
			Err:     err,
		}
	}
	return nil
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
