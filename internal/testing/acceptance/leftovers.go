package acceptance

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// settleTime is how long a provider in this process may take to end its session,
// and to remove the network, after its last change. One in its own process takes
// them along.
const settleTime = 8 * time.Second

// object is something on the engine that belongs to a scope.
type object struct {
	kind, name, id string
	own            bool // the test's, not the provider's
	lingers        bool // it may go by itself in a moment
	remove         func(context.Context) error
}

// end removes the test's own objects and then reports, and removes, all others.
func (s *Scope) end() {
	s.t.Helper()
	ctx, cancel := cleanupContext()
	defer cancel()
	defer s.removeImages(ctx)
	deadline := time.Now().Add(settleTime)
	for {
		objects, err := s.objects(ctx)
		if err != nil {
			s.t.Errorf("Looking for leftovers: %v", err)
			return
		}
		for _, o := range objects {
			if o.own {
				s.report(o.remove(ctx))
			}
		}
		left := leftovers(objects)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) || slices.ContainsFunc(left, func(o object) bool { return !o.lingers }) {
			s.clear(ctx, left)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// removeImages comes last: an image goes when no container has it.
func (s *Scope) removeImages(ctx context.Context) {
	s.t.Helper()
	for _, id := range s.images {
		s.report(s.Client.RemoveImage(ctx, id))
	}
}

// clear removes leftovers. In a test that has failed already they are only logged.
func (s *Scope) clear(ctx context.Context, left []object) {
	s.t.Helper()
	names := make([]string, 0, len(left))
	for _, o := range left {
		err := o.remove(ctx)
		s.report(err)
		if !errors.Is(err, errMiscounted) {
			names = append(names, o.kind+" "+o.name)
		}
	}
	if len(names) == 0 {
		return
	}
	text := "The test left behind: " + strings.Join(names, ", ")
	if s.t.Failed() {
		s.t.Log(text)
		return
	}
	s.t.Error(text)
}

func (s *Scope) report(err error) {
	s.t.Helper()
	switch {
	case errors.Is(err, errMiscounted):
		s.t.Log(err)
	case err != nil:
		s.t.Errorf("Cleaning up: %v", err)
	}
}

func leftovers(objects []object) []object {
	var out []object
	for _, o := range objects {
		if !o.own {
			out = append(out, o)
		}
	}
	return out
}

// Leftovers lists what is on the engine now of this test, without what the
// test itself made: one line each, kind and name.
func (s *Scope) Leftovers() []string {
	s.t.Helper()
	objects, err := s.objects(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	out := []string{}
	for _, o := range leftovers(objects) {
		out = append(out, o.kind+" "+o.name)
	}
	return out
}

// objects are all of the scope's, in the order in which they can be removed.
func (s *Scope) objects(ctx context.Context) ([]object, error) {
	networks, err := s.networks(ctx)
	if err != nil {
		return nil, err
	}
	onThem := map[string]bool{} // session containers have no name of the test's
	for _, n := range networks {
		full, err := s.Client.InspectNetwork(ctx, n.id)
		if err != nil {
			continue // gone meanwhile
		}
		for id := range full.Containers {
			onThem[id] = true
		}
	}
	containers, err := s.Client.ListContainers(ctx, nil)
	if err != nil {
		return nil, err
	}
	var out []object
	for _, c := range containers {
		if onThem[c.ID] || s.owns(c.Name, c.Labels) {
			out = append(out, object{
				kind: "container", name: c.Name, own: c.Labels[labelScope] == s.Prefix,
				lingers: c.Labels[docker.LabelKind] == docker.KindSession,
				remove:  func(ctx context.Context) error { return s.Client.RemoveContainer(ctx, c.ID) },
			})
		}
	}
	volumes, err := s.Client.ListVolumes(ctx, nil)
	if err != nil {
		return nil, err
	}
	for _, v := range volumes {
		if s.owns(v.Name, v.Labels) {
			out = append(out, object{
				kind: "volume", name: v.Name, own: v.Labels[labelScope] == s.Prefix,
				remove: func(ctx context.Context) error { return s.Client.RemoveVolume(ctx, v.Name) },
			})
		}
	}
	sort.SliceStable(out, func(i, j int) bool { return out[i].kind < out[j].kind })
	return append(out, networks...), nil
}

func (s *Scope) networks(ctx context.Context) ([]object, error) {
	list, err := s.Client.ListNetworks(ctx, nil)
	if err != nil {
		return nil, err
	}
	var out []object
	for _, n := range list {
		if s.owns(n.Name, n.Labels) {
			out = append(out, object{
				kind: "network", name: n.Name, id: n.ID, own: n.Labels[labelScope] == s.Prefix, lingers: true,
				remove: func(ctx context.Context) error { return s.removeNetwork(ctx, n) },
			})
		}
	}
	return out, nil
}

// errMiscounted is the fault of an engine: 20.10 loses count of endpoints under
// load, and never lets go of such a network again.
var errMiscounted = errors.New("the engine does not let go of a network that nothing is on")

func (s *Scope) removeNetwork(ctx context.Context, n docker.Network) error {
	err := s.Client.RemoveNetwork(ctx, n.ID)
	if full, lookErr := s.Client.InspectNetwork(ctx, n.ID); err != nil && lookErr == nil && len(full.Containers) == 0 {
		return fmt.Errorf("%w (%s): %w", errMiscounted, n.Name, err)
	}
	return err
}

// owns reports whether an object is of this test: by its name, also that of a
// record (mlops.NAME.1), by what it belongs to, or by its mark.
func (s *Scope) owns(name string, labels map[string]string) bool {
	return strings.HasPrefix(strings.TrimPrefix(name, "mlops."), s.Prefix) ||
		strings.HasPrefix(labels[docker.LabelDeployment], s.Prefix) ||
		strings.HasPrefix(labels[docker.LabelWorkflow], s.Prefix) ||
		strings.HasPrefix(labels[docker.LabelEndpoint], s.Prefix) || labels[labelScope] == s.Prefix
}

// tarOf is a tar with one file.
func tarOf(name, content string) (io.Reader, error) {
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
	if err == nil {
		_, err = io.WriteString(w, content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		return nil, fmt.Errorf("archiving %s: %w", name, err)
	}
	return &buffer, nil
}
