package gateway

import (
	"errors"
	"net"
	"strings"
)

// worker is one process of the proxy: the current one, or one that a reload has
// replaced and that finishes what it has.
type worker struct {
	pid     string
	old     bool
	servers []server
}

// server is a slot of a backend, as a worker sees it.
type server struct {
	backend, name string
	status        string // UP, DOWN, DRAIN, MAINT (resolution)…
	weight        int    // 0 until a check has passed
	ip            string // "" for a slot without address
	inFlight      int    // requests
}

// up reports whether it gets requests.
func (s server) up() bool { return strings.HasPrefix(s.status, "UP") && s.weight > 0 }

// drained reports whether new requests are kept from it until somebody says otherwise.
func (s server) drained() bool { return strings.HasPrefix(s.status, "DRAIN") }

// path is the server in the words of the proxy's command line. Both parts come
// from our own configuration.
func (s server) path() string { return s.backend + "/" + s.name }

// parseWorkers reads the answers of all workers to "show stat".
func parseWorkers(out string) ([]worker, error) {
	var workers []worker
	for _, part := range strings.Split(out, workerMark)[1:] {
		head, table, _ := strings.Cut(part, "\n")
		pid, age, _ := strings.Cut(strings.TrimSpace(head), " ")
		w := worker{pid: pid, old: age == "old"}
		table = strings.TrimSpace(table)
		if table == "" && w.old {
			continue // it has just gone
		}
		servers, err := parseServers(table)
		if err != nil {
			if w.old {
				continue
			}
			return nil, err
		}
		w.servers = servers
		workers = append(workers, w)
	}
	if len(workers) == 0 {
		return nil, errors.New("the proxy has no workers")
	}
	return workers, nil
}

// serverColumns are what of the statistics a server is made of.
var serverColumns = []string{"pxname", "svname", "status", "weight", "scur", "addr"}

func parseServers(text string) ([]server, error) {
	table, err := parseTable(text, serverColumns...)
	if err != nil {
		return nil, err
	}
	var servers []server
	err = table.each(func(r *statRow) { servers = append(servers, serverOf(r)) })
	return servers, err
}

func serverOf(r *statRow) server {
	s := server{
		backend: r.text("pxname"), name: r.text("svname"), status: r.text("status"), ip: r.text("addr"),
		inFlight: r.small("scur"), weight: r.small("weight"),
	}
	if host, _, err := net.SplitHostPort(s.ip); err == nil {
		s.ip = host
	}
	return s
}

// flight is something in flight.
type flight struct {
	worker, id string
	server     string // as in server.path
}

// parseSessions reads the answers of all workers to "show sess": a line for each
// session, "0x7f12: proto=tcpv4 … be=iris srv=s1 …".
func parseSessions(out string) []flight {
	var flights []flight
	for _, part := range strings.Split(out, workerMark)[1:] {
		head, list, _ := strings.Cut(part, "\n")
		pid, _, _ := strings.Cut(strings.TrimSpace(head), " ")
		for line := range strings.Lines(list) {
			id, rest, found := strings.Cut(strings.TrimSpace(line), ": ")
			if !found || !strings.HasPrefix(id, "0x") {
				continue
			}
			fields := map[string]string{}
			for _, field := range strings.Fields(rest) {
				name, value, _ := strings.Cut(field, "=")
				fields[name] = value
			}
			flights = append(flights, flight{worker: pid, id: id, server: fields["be"] + "/" + fields["srv"]})
		}
	}
	return flights
}

// parseLook reads what lookScript prints: the files, and the maps of the current
// worker as the files would have them.
func parseLook(out string) (have, running files) {
	have, running = files{}, files{}
	for _, part := range strings.Split(out, "==> ")[1:] {
		name, content, _ := strings.Cut(part, " <==\n")
		if file, ok := strings.CutPrefix(name, "running "); ok {
			running[file] = mapText(content)
		} else if isCertificate(name) {
			have[name], _, _ = strings.Cut(content, " ")
		} else {
			have[name] = content
		}
	}
	return have, running
}

// mapText is what a worker lists of a map, without the addresses that begin its lines.
func mapText(list string) string {
	var b strings.Builder
	for line := range strings.Lines(list) {
		if _, entry, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			b.WriteString(entry + "\n")
		}
	}
	return b.String()
}
