package daemon

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// trixieRequirements are what the bootstrap and the namespaces need; the engine comes with the bootstrapped system.
var trixieRequirements = []requirement{
	{"debootstrap", "debootstrap"}, {"/usr/share/keyrings/debian-archive-keyring.gpg", "debian-archive-keyring"}, {"ip", "iproute2"},
}

// inSystem enters the system in folder $1 and runs the remaining arguments there; $2 is the engine's own folder. The
// system is bound onto itself first, to be a mount that can become the root. It must become the root of the namespace:
// after a mere chroot, `docker exec` would join a container's namespace at the machine's own root, outside of the
// container. The mounts are private and vanish with the engine.
const inSystem = `set -e
system=$1 place=$2
shift 2
ip link set lo up
echo 1 > /proc/sys/net/ipv4/ip_forward
mount --bind "$system" "$system"
mount -t proc proc "$system/proc"
mount -t sysfs sysfs "$system/sys"
mount --rbind /sys/fs/cgroup "$system/sys/fs/cgroup"
mount --rbind /dev "$system/dev"
mount -t tmpfs tmpfs "$system/run"
mkdir -p "$system$place"
mount --bind "$place" "$system$place"
cd "$system"
pivot_root . .
umount --lazy .
cd /
exec "$@"`

// startTrixie starts the engine of Debian trixie out of a bootstrapped system.
func (m Manager) startTrixie(ctx context.Context) (Engine, error) {
	if err := m.install(ctx, trixieRequirements); err != nil {
		return Engine{}, err
	}
	system, err := m.bootstrap(ctx)
	if err != nil {
		return Engine{}, err
	}
	place := m.place(Trixie)
	argv := []string{"unshare", "--mount", "--net", "--propagation", "private", "sh", "-c", inSystem, "engine", system, string(place)}
	return m.start(ctx, Trixie, nil, append(argv, place.isolatedArgs()...))
}

// bootstrap gives the folder of the system; it makes it on the first call, which takes a minute or two. The system is
// complete only under its final name.
func (m Manager) bootstrap(ctx context.Context) (string, error) {
	system := filepath.Join(m.Cache, "trixie")
	if _, err := os.Stat(system); !errors.Is(err, fs.ErrNotExist) {
		return system, err
	}
	step.Say("Bootstrapping Debian trixie into %s (once, one to two minutes) …", system)
	partial := system + ".partial"
	if _, err := step.Output(asRoot(ctx, "rm", "-rf", "--one-file-system", partial)); err != nil {
		return "", err
	}
	if err := os.MkdirAll(m.Cache, 0o755); err != nil {
		return "", err
	}
	cmd := asRoot(ctx, "debootstrap", "--variant=minbase", "--include=ca-certificates,docker.io,iptables,procps", "trixie", partial)
	if err := step.Logged(cmd, filepath.Join(m.Dir, "debootstrap.log")); err != nil {
		return "", &step.Fault{
			Missing: "Debian trixie cannot be bootstrapped",
			Remedy:  "Check that Debian's package mirror can be reached and that " + m.Cache + " has 1 GB free and allows devices (no nodev).",
			Err:     err,
		}
	}
	_, err := step.Output(asRoot(ctx, "mv", partial, system))
	return system, err
}

// RemoveCache deletes the bootstrapped systems. No engine may be running out of them.
func (m Manager) RemoveCache(ctx context.Context) error {
	if _, err := os.Stat(m.Cache); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	_, err := step.Output(asRoot(ctx, "rm", "-rf", "--one-file-system", m.Cache))
	return err
}
