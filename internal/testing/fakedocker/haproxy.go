package fakedocker

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// HAProxy is an image of a proxy as far as a gateway's programs speak to it: it
// has backends and maps by its files, servers by the networks' names, and sends
// no requests. Each start begins with the files.
func HAProxy(ref string) Image { return HAProxyUnder(ref, Traffic{}) }

// HAProxyUnder is the same, whose proxies say that they have that traffic.
func HAProxyUnder(ref string, traffic Traffic) Image {
	return Image{
		Ref: ref, Config: &docker.ContainerConfig{Cmd: []string{"haproxy"}},
		Vary: func(s Start) Behaviour {
			p := &haproxy{maps: map[string]string{}, slots: map[string][]string{}, drained: map[string]bool{}, pid: 8, start: s.Attempt, traffic: traffic}
			return Behaviour{Exec: p.run}
		},
	}
}

// haproxy is one running proxy.
type haproxy struct {
	loaded  bool
	maps    map[string]string   // of the worker
	slots   map[string][]string // of a server template: addresses by slot, "" for a free one
	drained map[string]bool     // by backend/server
	pid     int                 // of the worker: another after each reload
	start   int                 // of its container
	traffic Traffic
	ended   int // requests that the worker has told of
}

var haproxyMaps = []string{"split.map", "fallback.map", "names.map", "keys.map"}

// run answers one of the gateway's scripts, which begin with their names.
func (p *haproxy) run(in Inside, req docker.ExecRequest) docker.ExecResult {
	if len(req.Cmd) != 3 || req.Cmd[0] != "sh" {
		return docker.ExecResult{ExitCode: 127, Stderr: "not a script of a gateway"}
	}
	if !p.loaded {
		p.load(in)
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(req.Cmd[2], "# "), "\n")
	switch name {
	case "ready":
		return docker.ExecResult{}
	case "look":
		return docker.ExecResult{Stdout: p.look(in)}
	case "ask":
		return docker.ExecResult{Stdout: p.statistics(in)}
	case "figures":
		return docker.ExecResult{Stdout: p.figures(in)}
	case "tell":
		for line := range strings.Lines(string(req.Stdin)) {
			p.tell(strings.Fields(line))
		}
		return docker.ExecResult{}
	case "requests":
		return docker.ExecResult{Stdout: p.requests()}
	case "forget":
		for _, name := range strings.Fields(string(req.Stdin)) {
			in.Remove("/mlops/" + name)
		}
		return docker.ExecResult{}
	case "maps":
		result := p.replace(in, strings.Fields(string(req.Stdin))...)
		if result.ExitCode == 0 {
			result.Stdout = "# exchanged\n"
		}
		return result
	case "reload":
		p.pid, p.ended = p.pid+1, 0
		return p.replace(in, strings.Fields(string(req.Stdin))...)
	default:
		return docker.ExecResult{ExitCode: 127, Stderr: "unknown script " + name}
	}
}

func (p *haproxy) load(in Inside) {
	for _, m := range haproxyMaps {
		p.maps[m] = in.File("/mlops/" + m)
	}
	p.loaded = true
}

func (p *haproxy) replace(in Inside, files ...string) docker.ExecResult {
	for _, f := range files {
		if !in.Rename("/mlops/"+f+".new", "/mlops/"+f) {
			return docker.ExecResult{ExitCode: 2, Stderr: "no " + f + ".new"}
		}
	}
	p.load(in)
	return docker.ExecResult{}
}

func (p *haproxy) look(in Inside) string {
	var b strings.Builder
	for _, f := range append([]string{"haproxy.cfg"}, haproxyMaps...) {
		b.WriteString("==> " + f + " <==\n" + in.File("/mlops/"+f))
	}
	for _, name := range in.List("/mlops") {
		if strings.HasSuffix(name, ".pem") {
			fmt.Fprintf(&b, "==> %s <==\n%x  -\n", name, sha256.Sum256([]byte(in.File("/mlops/"+name))))
		}
	}
	for _, m := range haproxyMaps {
		b.WriteString("==> running " + m + " <==\n")
		for line := range strings.Lines(p.maps[m]) {
			b.WriteString("0x7f00 " + line)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// proxyServer is a slot of a backend, as the proxy reports it.
type proxyServer struct{ backend, name, status, address string }

// servers are those of the configuration, in its order.
func (p *haproxy) servers(in Inside) []proxyServer {
	var out []proxyServer
	for line := range strings.Lines(in.File("/mlops/haproxy.cfg")) {
		fields := strings.Fields(line)
		if len(fields) != 4 || fields[0] != "server-template" {
			continue
		}
		alias, port, _ := strings.Cut(fields[3], ":")
		backend, _, _ := strings.Cut(alias, ".")
		number, _ := strconv.Atoi(port)
		for i, ip := range p.resolve(in, alias, backend+"/"+fields[1]) {
			s := proxyServer{backend: backend, name: fmt.Sprintf("%s%d", fields[1], i+1), status: "UP", address: ip + ":" + port}
			switch {
			case ip == "":
				s.status, s.address = "MAINT (resolution)", ""
			case p.drained[backend+"/"+s.name]:
				s.status = "DRAIN"
			case in.Refuses(ip, number):
				s.status = "DOWN"
			}
			out = append(out, s)
		}
	}
	return out
}

// statistics answers "show stat -1 4 -1".
func (p *haproxy) statistics(in Inside) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# worker %d current\n# pxname,svname,scur,status,weight,addr\n", p.pid)
	for _, s := range p.servers(in) {
		fmt.Fprintf(&b, "%s,%s,0,%s,1,%s\n", s.backend, s.name, s.status, s.address)
	}
	return b.String()
}

// figures are what is counted: nothing was asked for, in the minute since it began.
func (p *haproxy) figures(in Inside) string {
	const counters = ",stot,lbtot,wredis,req_tot,rate,hrsp_4xx,hrsp_5xx,cli_abrt,srv_abrt,rtime,rtime_max"
	zeros := strings.Repeat(",0", strings.Count(counters, ","))
	var b strings.Builder
	fmt.Fprintf(&b, "%d\n# worker %d current 0 0d00h01m00s\n# pxname,svname,scur,status,weight,addr%s\n", time.Now().Unix(), p.pid, counters)
	last := ""
	for _, s := range p.servers(in) {
		if s.backend != last {
			fmt.Fprintf(&b, "%s,BACKEND,0,UP,1,%s\n", s.backend, zeros)
		}
		last = s.backend
		fmt.Fprintf(&b, "%s,%s,0,%s,1,%s%s\n", s.backend, s.name, s.status, s.address, zeros)
	}
	return b.String()
}

// resolve gives addresses slots of the template, which they keep.
func (p *haproxy) resolve(in Inside, alias, template string) []string {
	found := in.Resolve(alias)
	slots := p.slots[template]
	for i, ip := range slots {
		if !slices.Contains(found, ip) {
			slots[i] = ""
		}
	}
	for _, ip := range found {
		if slices.Contains(slots, ip) {
			continue
		}
		if i := slices.Index(slots, ""); i >= 0 {
			slots[i] = ip
		} else {
			slots = append(slots, ip)
		}
	}
	p.slots[template] = slots
	return slots
}

// tell is one command: PID set server BACKEND/SERVER state drain|ready.
func (p *haproxy) tell(words []string) {
	if len(words) == 6 && words[2] == "server" && words[4] == "state" {
		p.drained[words[3]] = words[5] == "drain"
	}
}
