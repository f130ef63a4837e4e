package fakedocker_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
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
	stops := 0
	for {
		select {
		case err := <-errs:
			s.did("stream", err)
			return
		case event := <-events:
			if event.Action == "stop" { // newer engines tell it before the die
				stops++
				continue
			}
			s.note("  %s own=%t name=%s code=%s", event.Action, event.ID == id, event.Labels["name"], event.Labels["exitCode"])
			if event.Action != "destroy" {
				continue
			}
		}
		cancel()
		_, open := <-events
		_, more := <-errs
		s.note("  %d stops, closed: %t %t", stops, !open, !more)
		return
	}
}

func playSession(s *stage) {
	ctx := s.t.Context()
	network := s.network("net")
	request := docker.SessionRequest{Name: s.prefix + "session", Image: parityImage, NetworkID: network, Labels: s.labels()}
	session, err := s.StartSession(ctx, request)
	s.did("start session", err)
	if err != nil {
		return
	}
	_, err = s.StartSession(ctx, request)
	s.did("start it again", err)
	request.Name, request.Image = s.prefix+"other", "mlops-dev/absent:1"
	_, err = s.StartSession(ctx, request)
	s.did("start one of no image", err)
	s.note("  %s, found by its ID", session.Name())
	s.look(session.ContainerID())

	id := s.container("server", "serve", s.on(network))
	s.start(id)
	server, err := s.InspectContainer(ctx, id)
	s.did("inspect", err)
	ip := server.Networks[s.prefix+"net"].IPAddress
	connector := session.(interface {
		Connect(ctx context.Context, address string) error
	})
	for begin := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		err := connector.Connect(ctx, ip+":8080")
		if err == nil {
			break
		}
		if time.Since(begin) > 10*time.Second {
			s.note("the server is out of reach: %v", err)
			break
		}
	}
	s.ask(session, "server", ip+":8080")
	s.ask(session, "server by name", server.Name+":8080")
	s.ask(session, "closed port", ip+":9")
	s.ask(session, "no such host", "nobody.invalid:8080")
	s.note("  connect to a closed port: %t", errors.As(connector.Connect(ctx, ip+":9"), new(*net.OpError)))
	s.did("close", session.Close())
	s.did("close again", session.Close())
	s.look(session.ContainerID())
	_, err = session.Dial(ctx, ip+":8080")
	s.note("dial afterwards: %s", kindOf(err))
}

// ask notes what an HTTP request over the session comes to.
func (s *stage) ask(session docker.Session, what, address string) {
	conn, err := session.Dial(s.t.Context(), address)
	if err != nil {
		s.note("%s: dial fails", what)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = io.WriteString(conn, "GET / HTTP/1.0\r\n\r\n") // a failure shows when reading
	answer, err := io.ReadAll(conn)
	var failed *net.OpError
	s.note("%s: answered=%t dial error=%t", what, strings.Contains(string(answer), " 200 OK"), errors.As(err, &failed) && failed.Op == "dial")
}
