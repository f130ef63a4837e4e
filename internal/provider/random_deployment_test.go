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
	d.oneOf("restart_policy", []any{nil, "always"}, []any{"no"}, []any{"unless-stopped"}, []any{"on-failure", "on-failure:0"}, []any{"on-failure:3"})
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
				s.oneOf("options", []any{nil, object{}}, []any{object{"max-size": "10m"}}, []any{object{"max-size": "1m", "max-file": "3"}})
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
		s.maybe("cap_add", []any{[]any{}, nil}, []any{[]any{"NET_ADMIN", "SYS_PTRACE"}, []any{"cap_sys_ptrace", "CAP_NET_ADMIN"}})
		s.maybe("cap_drop", []any{[]any{"ALL"}, []any{"all"}}, []any{[]any{"CHOWN"}, []any{"CAP_CHOWN"}}, []any{[]any{"MKNOD", "chown"}})
		s.maybe("seccomp", []any{"unconfined"}, []any{`{"defaultAction":"SCMP_ACT_ALLOW"}`, "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n"})
		s.maybe("apparmor", []any{"unconfined"})
	})
}

// serving draws how a replica is asked: readiness, check and golden requests.
func (d *deploymentDraw) serving() {
	kind := rapid.SampledFrom([]string{"path", "path", "path", "tcp", "https", "grpc", "none"}).Draw(d.t, "kind of readiness")
	d.protocol = map[string]string{"https": "https", "grpc": "grpc"}[kind]
	if d.protocol == "" {
		d.protocol = "http"
	}
	d.env = d.in.speaking[d.protocol]
	if d.env == nil && d.runs { // nobody would ever be ready
		kind, d.protocol, d.env = "path", "http", d.in.speaking["http"]
	}
	if d.port = d.chance(3, "port") || kind == "none"; d.port {
		d.put("port", 8080)
	}
	if kind != "none" {
		d.group("readiness", func(s *speller) { d.readiness(s, kind) })
	}
	checked := d.chance(4, "health check")
	if checked {
		d.group("health_check", d.healthCheck)
	}
	if (kind != "none" || checked) && d.protocol != "grpc" && d.chance(3, "validation") {
		d.list("validation", 3, true, func(s *speller, _ int) { d.golden(s) })
	}
	d.environment()
	d.ports()
	if d.chance(4, "networks") {
		d.textSet("networks", d.in.networks...)
	}
}

func (d *deploymentDraw) readiness(s *speller, kind string) {
	if !d.port || s.chance(3, "its own port") {
		s.put("port", 8080)
	}
	switch kind {
	case "tcp":
		s.put("tcp", true)
		s.put("grpc", nil, false)
	case "grpc":
		s.put("grpc", true)
		s.put("tcp", nil, false)
		s.maybe("grpc_service", []any{"model"})
	default:
		s.oneOf("path", []any{"/v2/health/ready"}, []any{"/v2/health/ready?full=1&x=%20"})
		s.put("tcp", nil, false)
		if kind == "https" {
			s.put("scheme", "https")
		} else {
			s.put("scheme", nil, "http")
		}
		s.maybe("headers", []any{object{"X-Probe": "1"}}, []any{object{"Host": "iris", "accept": "text/plain; q=1"}})
		s.maybe("expect_status", []any{200})
	}
	s.oneOf("interval", []any{"10ms"}, []any{"50ms", "0.05s"}, []any{"20ms", "0.02s", "20000us"})
	s.maybe("startup_timeout", []any{"1m", "60s", "1m0s"}, []any{"5m", nil})
	s.maybe("min_healthy_time", []any{"0s", nil}, []any{"30ms", "0.03s"})
}

func (d *deploymentDraw) healthCheck(s *speller) {
	program := rapid.SampledFrom(d.in.programs).Draw(s.t, "program")
	if !d.runs {
		s.oneOf("command", []any{[]any{"NONE"}}, []any{[]any{"CMD-SHELL", "curl -f localhost || exit 1"}}, []any{[]any{"CMD", program, ""}})
	} else {
		s.oneOf("command", []any{[]any{"CMD", program}}, []any{[]any{"NONE"}})
	}
	s.oneOf("interval", d.in.checkEvery...)
	s.maybe("timeout", []any{"3s", "3000ms"}, []any{"30s"})
	s.maybe("start_period", []any{"1m", "60s"}, []any{"0s", nil})
	s.maybe("retries", []any{3}, []any{5})
}

func (d *deploymentDraw) golden(s *speller) {
	for name, value := range rapid.SampledFrom(d.in.golden).Draw(s.t, "request") {
		s.put(name, value)
	}
	if d.protocol == "https" {
		s.put("scheme", "https")
	} else {
		s.put("scheme", nil, "http")
	}
	if !d.port || s.chance(3, "its own port") {
		s.put("port", 8080)
	}
	s.maybe("headers", []any{object{"X-Golden": "1"}}, []any{object{}, nil})
	s.maybe("expect_status", []any{200})
	s.maybe("max_latency", []any{"1m", "60s"})
	s.maybe("repeat", []any{1, nil}, []any{2})
}

func (d *deploymentDraw) environment() {
	env := object{}
	for _, key := range []string{"LOG_LEVEL", "a.b", "HTTP_X"} {
		if d.chance(3, "env "+key) {
			env[key] = texts.Draw(d.t, "env "+key)
		}
	}
	for name, value := range d.env {
		env[name] = value
	}
	if len(env) > 0 || d.chance(3, "env") {
		d.put("env", env)
	}
	if d.chance(4, "env_wo") {
		secrets := object{"HF_TOKEN": texts.Draw(d.t, "token")}
		if d.chance(2, "another secret") {
			secrets["KEY"] = ""
		}
		d.put("env_wo", secrets)
		d.maybe("env_wo_version", []any{"1"}, []any{"2026-11"})
	}
}

func (d *deploymentDraw) ports() {
	if !d.chance(3, "ports") {
		return
	}
	d.list("ports", 2, false, func(s *speller, i int) {
		s.put("container_port", 8080+i)
		if d.replicas <= 1 && s.chance(2, "host_port") {
			s.put("host_port", d.in.hostPort())
		}
		s.oneOf("host_ip", []any{nil, "127.0.0.1"}, []any{"0.0.0.0"})
		s.oneOf("protocol", []any{nil, "tcp"}, []any{"udp"})
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
