package fakedocker_test

import (
	"context"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
)

func playNetworks(s *stage) {
	ctx := s.t.Context()
	network := s.network("net")
	id := s.container("one", "run", s.on(network))
	s.look(id)
	s.start(id)
	s.look(id)
	n, err := s.InspectNetwork(ctx, network)
	s.did("inspect", err)
	s.note("  %s %s internal=%t holds %q", n.Name, n.Driver, n.Internal, n.Containers[id])
	s.did("remove in use", s.RemoveNetwork(ctx, network))
	second := s.network("second")
	s.did("connect", s.ConnectNetwork(ctx, second, id, []string{"alias"}))
	s.did("connect again", s.ConnectNetwork(ctx, second, id, []string{"alias"}))
	s.look(id)
	s.stop(id, 5*time.Second)
	s.look(id)
	s.did("remove under a stopped container", s.RemoveNetwork(ctx, second))
	s.start(id)
	s.look(id)
	s.did("remove again", s.RemoveNetwork(ctx, second))
	s.did("connect to none", s.ConnectNetwork(ctx, second, id, nil))
	_, err = s.InspectNetwork(ctx, second)
	s.did("inspect of none", err)
	s.network("net")
	_, err = s.InspectNetwork(ctx, s.prefix+"net")
	s.did("inspect by a name", err)
	list, err := s.ListNetworks(ctx, s.labels())
	s.did("list", err)
	for _, n := range list {
		s.note("  %s %d labels, containers known: %t", n.Name, len(n.Labels), n.Containers != nil)
	}
	s.container("lost", "run", s.on(s.prefix+"absent"))
	s.start(s.prefix + "lost")
	s.look(s.prefix + "lost")
}

func playEvents(s *stage) {
	ctx, cancel := context.WithTimeout(s.t.Context(), 30*time.Second)
	defer cancel()
	events, errs := s.Events(ctx, s.labels())
	time.Sleep(100 * time.Millisecond)
	id := s.container("one", "run")
	s.start(id)
	s.did("rename", s.RenameContainer(ctx, id, s.prefix+"two"))
	s.did("update", s.UpdateContainer(ctx, id, deployment.Limits{PidsLimit: 20}, false))
	time.Sleep(300 * time.Millisecond) // until the script has set its trap
	s.stop(id, 5*time.Second)
	s.start(id)
	s.did("remove", s.RemoveContainer(ctx, id))
	for {
		select {
		case err := <-errs:
			s.did("stream", err)
			return
		case event := <-events:
			s.note("  %s own=%t name=%s code=%s", event.Action, event.ID == id, event.Labels["name"], event.Labels["exitCode"])
			if event.Action != "destroy" {
				continue
			}
		}
		cancel()
		_, open := <-events
		_, more := <-errs
		s.note("  closed: %t %t", !open, !more)
		return
	}
}
