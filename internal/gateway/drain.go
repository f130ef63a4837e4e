package gateway

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// pollPause is between two looks at a proxy, each of which takes the engine
// about a tenth of a second by itself.
const pollPause = 20 * time.Millisecond

// idleLooks is how often in a row nothing may be in flight until that is
// believed: a request that has been given a server may not be counted yet.
const idleLooks = 2

// drain keeps new requests from the servers that match and returns when none is
// in flight on them, by the proxy's own counts, in any of its workers. Those that
// a reload has replaced get no new ones, and take no orders about servers. What
// is still in flight after patience is cut off by the proxy, so that its clients
// notice at once. told are the slots that are drained from then on, worker and path.
func (p proxy) drain(ctx context.Context, match func(server) bool, patience time.Duration) (told map[string]bool, err error) {
	deadline := time.Now().Add(patience)
	told = map[string]bool{}
	for idle := 0; idle < idleLooks; {
		workers, err := p.workers(ctx)
		if err != nil {
			return told, err
		}
		drains, busy := draining(workers, match, told)
		switch {
		case len(drains) > 0:
			idle = 0
			err = p.tell(ctx, drains...)
		case len(busy) == 0:
			idle++
		case time.Now().After(deadline):
			return told, p.cut(ctx, busy)
		default:
			idle = 0
			err = pause(ctx)
		}
		if err != nil {
			return told, err
		}
	}
	return told, nil
}

// draining are the commands that drain the servers that match, unless that was
// told, and those of them, worker and path, that have something in flight.
func draining(workers []worker, match func(server) bool, told map[string]bool) (drains []string, busy map[string]bool) {
	busy = map[string]bool{}
	for _, w := range workers {
		for _, s := range w.servers {
			if !match(s) || s.ip == "" {
				continue
			}
			key := w.pid + " " + s.path()
			if !w.old && !told[key] {
				told[key] = true
				drains = append(drains, fmt.Sprintf("%s set server %s state drain", w.pid, s.path()))
			}
			if s.inFlight > 0 {
				busy[key] = true
			}
		}
	}
	return drains, busy
}

// cut ends what is in flight on servers: worker and path of each.
func (p proxy) cut(ctx context.Context, busy map[string]bool) error {
	out, err := p.run(ctx, askScript, "show sess", "")
	if err != nil {
		return err
	}
	var cuts []string
	for _, s := range parseSessions(out) {
		if busy[s.worker+" "+s.server] {
			cuts = append(cuts, fmt.Sprintf("%s shutdown session %s", s.worker, s.id))
		}
	}
	return p.tell(ctx, cuts...)
}

// reuse lets slots that were drained take another replica, or the same one once
// it is back: a drain sticks to the slot, whether it has lost its address already
// or not. In the latter case it is down until a check has passed, so that the
// address which it still has gets nothing.
func (p proxy) reuse(ctx context.Context, drained map[string]bool, match func(server) bool) error {
	workers, err := p.workers(ctx)
	if err != nil {
		return err
	}
	var commands []string
	for _, w := range workers {
		for _, s := range w.servers {
			if w.old || !drained[w.pid+" "+s.path()] {
				continue
			}
			if match(s) {
				commands = append(commands, fmt.Sprintf("%s set server %s health down", w.pid, s.path()))
			}
			commands = append(commands, fmt.Sprintf("%s set server %s state ready", w.pid, s.path()))
		}
	}
	return p.tell(ctx, commands...)
}

// undrain lets drained servers that match have new requests again. It looks for
// them: a worker that has taken over meanwhile drains what the one before did.
func (p proxy) undrain(ctx context.Context, match func(server) bool) error {
	workers, err := p.workers(ctx)
	if err != nil {
		return err
	}
	var commands []string
	for _, w := range workers {
		for _, s := range w.servers {
			if !w.old && match(s) && s.drained() {
				commands = append(commands, fmt.Sprintf("%s set server %s state ready", w.pid, s.path()))
			}
		}
	}
	return p.tell(ctx, commands...)
}

// await returns when the current worker sends requests to every address of a
// backend, with servers whose names begin so; false when that takes longer than
// patience. A slot that is still drained from an earlier replica is opened.
func (p proxy) await(ctx context.Context, backend, servers string, ips []string, patience time.Duration) (bool, error) {
	for deadline := time.Now().Add(patience); ; {
		workers, err := p.workers(ctx)
		if err != nil {
			return false, err
		}
		up, drained := standing(workers, backend, servers)
		if !slices.ContainsFunc(ips, func(ip string) bool { return !up[ip] }) {
			return true, nil
		}
		if time.Now().After(deadline) {
			return false, nil
		}
		var opens []string
		for _, ip := range ips {
			for _, server := range drained[ip] {
				opens = append(opens, server+" state ready")
			}
		}
		if err := p.tell(ctx, opens...); err != nil {
			return false, err
		}
		if err := pause(ctx); err != nil {
			return false, err
		}
	}
}

// standing are the addresses of a backend to which the current worker sends
// requests, and those that it drains, with the beginning of commands about them.
func standing(workers []worker, backend, servers string) (up map[string]bool, drained map[string][]string) {
	up, drained = map[string]bool{}, map[string][]string{}
	for _, w := range workers {
		for _, s := range w.servers {
			if w.old || s.backend != backend || s.ip == "" || !strings.HasPrefix(s.name, servers) {
				continue
			}
			up[s.ip] = up[s.ip] || s.up()
			if s.drained() {
				drained[s.ip] = append(drained[s.ip], fmt.Sprintf("%s set server %s", w.pid, s.path()))
			}
		}
	}
	return up, drained
}

func pause(ctx context.Context) error {
	select {
	case <-time.After(pollPause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
