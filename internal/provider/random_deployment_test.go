package provider

import (
	"strings"

	"pgregory.net/rapid"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

// surroundings are what random configurations of deployments can count on.
type surroundings struct {
	images     [][]any // each in its spellings
	always     [][]any // those that a registry has, too
	entrypoint [][]any
	networks   []string
	volumes    []string
	folders    []string
	users      []string
	programs   []string // that succeed in the image, for its health check
	signals    [][]any  // that end the server
	platform   string
	cpus       []any
	memory     [][]any // raising
	gpus       [][]any
	drivers    []string
	hostPort   func() int
	// golden are requests that a server answers as they expect.
	golden []object
	// speaking is the environment in which a server speaks a protocol; nil when it does not.
	speaking map[string]object
	// checkEvery bounds the wait for the first health check.
	checkEvery [][]any
}

// drawDeployment draws a valid configuration of a deployment in two spellings.
// The name comes from outside: rest of the task, after the provider's prefix.
func drawDeployment(t *rapid.T, in surroundings, prefix, task string) *speller {
	s := newSpeller(t, "")
	d := &deploymentDraw{speller: s, in: in}
	d.name(prefix, task)
	d.image()
	d.life()
	d.process()
	d.serving()
	d.storage()
	d.limits()
	d.policies()
	return s
}

type deploymentDraw struct {
	*speller
	in       surroundings
	runs     bool   // its replicas do
	replicas int    //
	protocol string // that the server speaks
	env      object // that it needs for that
	port     bool   // the deployment says which it is
}

func (d *deploymentDraw) name(prefix, task string) {
	for _, to := range []object{d.said, d.respelled} {
		if rapid.Bool().Draw(d.t, "by its task") {
			to["detection_task"] = task
		} else {
			to["name"] = prefix + strings.ReplaceAll(task, "_", "-")
		}
	}
}

func (d *deploymentDraw) image() {
	if len(d.in.always) > 0 && d.chance(5, "pulled always") {
		d.oneOf("image", d.in.always...)
		d.put("pull_policy", "always")
	} else {
		d.oneOf("image", d.in.images...)
		d.oneOf("pull_policy", []any{nil, "missing"}, []any{"never"})
	}
	if d.chance(4, "platform") {
		d.put("platform", d.in.platform)
	}
}

// life draws whether anything runs, and how often.
func (d *deploymentDraw) life() {
	d.replicas = rapid.SampledFrom([]int{1, 1, 1, 2, 3, 0}).Draw(d.t, "replicas")
	if d.replicas == 1 {
		d.put("replicas", nil, 1)
	} else {
		d.put("replicas", d.replicas)
	}
	stopped := d.chance(6, "stopped")
	if stopped {
		d.put("desired_state", "stopped")
	} else {
		d.put("desired_state", nil, "running")
	}
	d.runs = d.replicas > 0 && !stopped
	d.oneOf("restart_policy", []any{nil}, []any{"always"}, []any{"no"}, []any{"unless-stopped"}, []any{"on-failure", "on-failure:0"}, []any{"on-failure:3"})
	d.maybe("stop_signal", d.in.signals...)
	d.maybe("restart_trigger", []any{""}, []any{"1"}, []any{"2026-11-23 é"})
	d.put("adopt_existing", nil, true, false)
}

func (d *deploymentDraw) process() {
	d.maybe("entrypoint", d.in.entrypoint...)
	d.maybe("command", []any{[]any{}}, []any{[]any{"--verbose"}}, []any{[]any{"", "two words", "$X"}}, []any{[]any{"é\n\"'"}})
	d.maybe("working_dir", []any{"/app", "/app/", "//app/./"}, []any{"/"})
	user := make([][]any, len(d.in.users))
	for i, u := range d.in.users {
		user[i] = []any{u}
	}
	d.maybe("user", user...)
	if d.chance(3, "labels") {
		d.textMap("labels", "team", "org.example/é", "A b")
	}
	if d.chance(4, "logging") {
		driver := rapid.SampledFrom(d.in.drivers).Draw(d.t, "driver")
		d.group("logging", func(s *speller) {
			s.put("driver", driver)
			if driver == "json-file" || driver == "local" {
				if s.chance(4, "no options") {
					s.rewrite("options", nil, object{})
				} else {
					s.oneOf("options", []any{object{"max-size": "10m"}}, []any{object{"max-size": "1m", "max-file": "3"}})
				}
			}
		})
	}
	d.security()
}

func (d *deploymentDraw) security() {
	if !d.chance(3, "security") {
		return
	}
	d.group("security", func(s *speller) {
		s.maybe("read_only", []any{true}, []any{false, nil})
		s.maybe("no_new_privileges", []any{true}, []any{false})
		switch {
		case s.chance(3, "cap_add"):
			s.put("cap_add", []any{"NET_ADMIN", "SYS_PTRACE"}, []any{"SYS_PTRACE", "NET_ADMIN"})
		case s.chance(4, "cap_add otherwise"):
			s.rewrite("cap_add", []any{"NET_ADMIN", "SYS_PTRACE"}, []any{"cap_sys_ptrace", "CAP_NET_ADMIN"})
		case s.chance(4, "no cap_add"):
			s.rewrite("cap_add", []any{}, nil)
		}
		s.maybe("cap_drop", []any{[]any{"ALL"}}, []any{[]any{"CHOWN"}}, []any{[]any{"MKNOD", "CHOWN"}, []any{"CHOWN", "MKNOD"}})
		s.maybe("seccomp", []any{"unconfined"}, []any{`{"defaultAction":"SCMP_ACT_ALLOW"}`, "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n"})
		s.maybe("apparmor", []any{"unconfined"})
	})
}

func (d *deploymentDraw) storage() {
	if d.chance(3, "mounts") {
		d.list("mounts", 3, false, func(s *speller, i int) { d.mount(s, []string{"/data", "/scratch/a", "/é b"}[i]) })
	}
	if !d.chance(3, "model") {
		return
	}
	d.group("model", func(s *speller) {
		if s.chance(3, "of the host") {
			s.put("host_path", rapid.SampledFrom(d.in.folders).Draw(s.t, "folder"))
		} else {
			s.put("volume", rapid.SampledFrom(d.in.volumes).Draw(s.t, "volume"))
			s.maybe("path", []any{"v2/model.pt"}, []any{"a b"})
			s.maybe("digest", []any{"sha256:12"})
		}
		s.oneOf("target", []any{nil, deployment.DefaultModelTarget}, []any{"/opt/model", "/opt/model/"})
	})
}

func (d *deploymentDraw) mount(s *speller, target string) {
	s.put("target", target, target+"/", "/"+target)
	kind := rapid.SampledFrom(deployment.MountTypes).Draw(s.t, s.at+"type")
	s.put("type", string(kind))
	switch kind {
	case deployment.MountVolume:
		s.put("source", rapid.SampledFrom(d.in.volumes).Draw(s.t, s.at+"volume"))
	case deployment.MountBind:
		s.put("source", rapid.SampledFrom(d.in.folders).Draw(s.t, s.at+"folder"))
	case deployment.MountTmpfs:
		s.maybe("size", []any{"64m", "65536k", "67108864"}, []any{"1g", "1024m"})
	}
	s.oneOf("read_only", []any{true}, []any{false, nil})
}

func (d *deploymentDraw) limits() {
	if !d.chance(2, "resources") {
		return
	}
	d.group("resources", func(s *speller) {
		if s.chance(2, "cpus") {
			s.put("cpus", rapid.SampledFrom(d.in.cpus).Draw(s.t, "cpus"))
		}
		if s.chance(2, "memory") {
			reserved := rapid.IntRange(0, len(d.in.memory)-1).Draw(s.t, "reserved")
			s.put("memory", d.in.memory[rapid.IntRange(reserved, len(d.in.memory)-1).Draw(s.t, "memory")]...)
			if s.chance(2, "memory_reservation") {
				s.put("memory_reservation", d.in.memory[reserved]...)
			}
		}
		s.maybe("shm_size", []any{"128m", "131072k", "0.125g"}, []any{"64m"})
		s.maybe("pids_limit", []any{100}, []any{4096})
		if len(d.in.gpus) > 0 && s.chance(4, "gpus") {
			s.oneOf("gpus", d.in.gpus...)
		}
	})
}

func (d *deploymentDraw) policies() {
	if d.chance(2, "rollout") {
		d.group("rollout", func(s *speller) {
			s.maybe("order", []any{"start-first"}, []any{"stop-first"})
			s.maybe("max_surge", []any{1, nil}, []any{2})
			s.maybe("drain_timeout", []any{"10s", nil}, []any{"1s", "1000ms"}, []any{"1m30s", "90s"})
			if s.chance(3, "keep_failed") {
				s.put("keep_failed", true)
				s.put("auto_rollback", nil, true)
			} else {
				s.put("keep_failed", nil, false)
				s.oneOf("auto_rollback", []any{nil, true}, []any{false})
			}
		})
	}
	if d.chance(4, "timeouts") {
		d.group("timeouts", func(s *speller) {
			s.maybe("create", []any{"20m"}, []any{"1h", "60m", "1h0m0s"})
			s.maybe("read", []any{"1m", "60s"})
			s.maybe("update", []any{"30m", "0.5h"})
			s.maybe("delete", []any{"5m", "300s"})
		})
	}
}
