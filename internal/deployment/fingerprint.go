package deployment

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sort"
)

// fingerprintVersion names the canonical encoding. A new attribute enters
// canonical with omitempty and a zero default, so that existing fingerprints
// stay; the golden fingerprints in testdata hold us to that.
const fingerprintVersion = "h1:"

// canonical is everything that needs a new container, and nothing else. What
// is missing here changes live (Limits) or without touching a container
// (policies: readiness, validation, rollout, pull policy, timeouts, port).
type canonical struct {
	Image          string            `json:"image"`
	Platform       string            `json:"platform,omitempty"`
	Entrypoint     []string          `json:"entrypoint,omitempty"`
	Command        []string          `json:"command,omitempty"`
	WorkingDir     string            `json:"working_dir,omitempty"`
	User           string            `json:"user,omitempty"`
	Env            map[string]string `json:"env,omitempty"`
	SecretKeys     []string          `json:"env_wo,omitempty"`
	SecretVersion  string            `json:"env_wo_version,omitempty"`
	Ports          []Port            `json:"ports,omitempty"`
	Networks       []string          `json:"networks,omitempty"`
	Mounts         []Mount           `json:"mounts,omitempty"`
	Model          *Model            `json:"model,omitempty"`
	GPUs           string            `json:"resources.gpus,omitempty"`
	ShmSize        int64             `json:"resources.shm_size,omitempty"`
	HealthCheck    *HealthCheck      `json:"health_check,omitempty"`
	Labels         map[string]string `json:"labels,omitempty"`
	Security       Security          `json:"security,omitzero"`
	Logging        *Logging          `json:"logging,omitempty"`
	StopSignal     string            `json:"stop_signal,omitempty"`
	RestartTrigger string            `json:"restart_trigger,omitempty"`
}

// Fingerprint is the hash of everything in s that needs a new container.
// Values of secrets do not enter it, only their keys and version.
func Fingerprint(s Spec) string {
	encoded, err := json.Marshal(canonicalOf(s))
	if err != nil {
		panic(err) // strings, numbers and maps of strings always encode
	}
	sum := sha256.Sum256(encoded)
	return fingerprintVersion + hex.EncodeToString(sum[:])
}

// canonicalOf normalises: order of sets, explicit defaults, nil and empty.
func canonicalOf(s Spec) canonical {
	c := canonical{
		Image: s.Image, Platform: s.Platform,
		Entrypoint: s.Entrypoint, Command: s.Command, WorkingDir: s.WorkingDir, User: s.User,
		Env: s.Env, SecretKeys: sorted(s.Secrets.Keys), SecretVersion: s.Secrets.Version,
		Networks: sorted(s.Networks),
		GPUs:     s.Resource.GPUs, ShmSize: s.Resource.ShmSize,
		HealthCheck: s.HealthCheck, Labels: s.Labels, Security: s.Security, Logging: s.Logging,
		StopSignal: s.StopSignal, RestartTrigger: s.RestartTrigger,
	}
	for _, p := range s.Ports {
		c.Ports = append(c.Ports, p.withDefaults())
	}
	slices.SortFunc(c.Ports, func(a, b Port) int {
		return cmp.Or(cmp.Compare(a.Container, b.Container), cmp.Compare(a.Protocol, b.Protocol),
			cmp.Compare(a.HostIP, b.HostIP), cmp.Compare(a.Host, b.Host))
	})
	c.Mounts = slices.Clone(s.Mounts)
	slices.SortFunc(c.Mounts, func(a, b Mount) int { return cmp.Compare(a.Target, b.Target) })
	if s.Model != nil {
		m := *s.Model
		if m.Target == "" {
			m.Target = DefaultModelTarget
		}
		c.Model = &m
	}
	c.Security.CapAdd, c.Security.CapDrop = sorted(s.Security.CapAdd), sorted(s.Security.CapDrop)
	if nnp := s.Security.NoNewPrivileges; nnp != nil && *nnp {
		c.Security.NoNewPrivileges = nil // true is the default
	}
	return c
}

func (p Port) withDefaults() Port {
	p.HostIP = cmp.Or(p.HostIP, DefaultHostIP)
	p.Protocol = cmp.Or(p.Protocol, DefaultProtocol)
	return p
}

func sorted(in []string) []string {
	if len(in) == 0 {
		return nil
	}
	out := slices.Clone(in)
	sort.Strings(out)
	return out
}

// ChangedFields names, sorted, the attributes in which a and b differ and that
// need a new container: the reasons of a rollout.
func ChangedFields(a, b Spec) []string {
	fa, fb := fields(a), fields(b)
	var out []string
	for name, va := range fa {
		if vb, ok := fb[name]; !ok || string(va) != string(vb) {
			out = append(out, name)
		}
	}
	for name := range fb {
		if _, ok := fa[name]; !ok {
			out = append(out, name)
		}
	}
	sort.Strings(out)
	return out
}

func fields(s Spec) map[string]json.RawMessage {
	encoded, err := json.Marshal(canonicalOf(s))
	if err != nil {
		panic(err) // see Fingerprint
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(encoded, &out); err != nil {
		panic(err)
	}
	return out
}
