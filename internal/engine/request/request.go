// Package request says in the engine's words what replicas and jobs ask of a
// container in the same way: environment, model, limits, hardening.
package request

import (
	"cmp"
	"maps"
	"path"
	"sort"
	"strconv"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// EnvModelPath tells a process where its model is.
const EnvModelPath = "MODEL_PATH"

// Image is the reference as "docker ps" should show it.
func Image(ref string) string { return deployment.FamiliarImage(ref) }

// Environment is sorted, so that equal specs make equal containers. A
// MODEL_PATH of the user's own is left alone.
func Environment(env map[string]string, secrets deployment.Secrets, model *deployment.Model) []string {
	all := maps.Clone(env)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, secrets.Values)
	if p := ModelPath(model); p != "" {
		if _, set := all[EnvModelPath]; !set {
			all[EnvModelPath] = p
		}
	}
	out := make([]string, 0, len(all))
	for k, v := range all {
		out = append(out, k+"="+v)
	}
	sort.Strings(out)
	return out
}

// ModelPath is where a process finds its model inside the container, "" when
// it has none.
func ModelPath(m *deployment.Model) string {
	if m == nil {
		return ""
	}
	target := cmp.Or(m.Target, deployment.DefaultModelTarget)
	if m.HostPath != "" {
		return target
	}
	return path.Join(target, m.Path)
}

// ModelMount mounts the model, read-only.
func ModelMount(m deployment.Model) docker.Mount {
	mount := docker.Mount{
		Type: docker.MountType(deployment.MountVolume), Source: m.Volume,
		Target: cmp.Or(m.Target, deployment.DefaultModelTarget), ReadOnly: true,
	}
	if m.HostPath != "" {
		mount.Type, mount.Source = docker.MountType(deployment.MountBind), m.HostPath
	}
	return mount
}

// SecurityOptions are the hardening options that the engine takes as text.
func SecurityOptions(s deployment.Security) []string {
	var out []string
	if s.NoNewPrivileges == nil || *s.NoNewPrivileges {
		out = append(out, "no-new-privileges:true")
	}
	if s.Seccomp != "" {
		out = append(out, "seccomp="+s.Seccomp)
	}
	if s.AppArmor != "" {
		out = append(out, "apparmor="+s.AppArmor)
	}
	return out
}

// Resources asks for CPU as quota and period and for swap equal to memory, so
// that every limit is a limit and stays changeable while the container runs.
func Resources(r deployment.Resources) docker.Resources {
	out := docker.Resources{
		CPUPeriod: r.CPUPeriod(), CPUQuota: r.CPUQuota(),
		Memory: r.Memory, MemorySwap: r.Memory, MemoryReservation: r.MemoryReservation,
	}
	if r.PidsLimit > 0 {
		out.PidsLimit = &r.PidsLimit
	}
	switch {
	case r.GPUs == "":
	case r.GPUs == "all":
		out.DeviceRequests = []docker.DeviceRequest{{Count: -1, Capabilities: [][]string{{"gpu"}}}}
	case strings.HasPrefix(r.GPUs, "device="):
		ids := strings.Split(strings.TrimPrefix(r.GPUs, "device="), ",")
		out.DeviceRequests = []docker.DeviceRequest{{DeviceIDs: ids, Capabilities: [][]string{{"gpu"}}}}
	default:
		n, _ := strconv.Atoi(r.GPUs) // validated where the user wrote it
		out.DeviceRequests = []docker.DeviceRequest{{Count: n, Capabilities: [][]string{{"gpu"}}}}
	}
	return out
}
