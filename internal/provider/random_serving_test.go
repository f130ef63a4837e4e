package provider

import "pgregory.net/rapid"

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
	s.maybe("timeout", []any{"3s", "3000ms"}, []any{"30s", nil})
	s.maybe("start_period", []any{"1m", "60s"}, []any{"0s", nil})
	s.maybe("retries", []any{3, nil}, []any{5})
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
	if s.chance(4, "no headers") {
		s.rewrite("headers", object{}, nil)
	} else {
		s.maybe("headers", []any{object{"X-Golden": "1"}})
	}
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
