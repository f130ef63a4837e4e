package artifact

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestModelsThatGoTogether: of two models with one content that are deleted at
// the same moment, each finds the other still using it; the artifact must go all
// the same.
func TestModelsThatGoTogether(t *testing.T) {
	f := newFixture(t)
	source := tree(t, map[string]string{"model.txt": "weights"})
	here, there := f.process, f.another()
	for _, name := range []string{"a", "b"} {
		_, err := here.Put(t.Context(), Model{Name: name, Owner: "me", Source: source, KeepVersions: 2})
		must(t, err)
	}
	var arrived atomic.Int32
	met := make(chan struct{})
	f.SetFault(func(_ int, op string, before bool) error {
		if op == "RemoveVolume" && before {
			if arrived.Add(1) == 2 {
				close(met)
			}
			select {
			case <-met:
			case <-time.After(5 * time.Second):
			}
		}
		return nil
	})
	var both sync.WaitGroup
	for name, p := range map[string]process{"a": here, "b": there} {
		both.Go(func() {
			if _, err := p.Delete(context.Background(), name, "me"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	both.Wait()
	volumes, err := f.ListVolumes(t.Context(), nil)
	must(t, err)
	if len(volumes) > 0 {
		t.Errorf("left: %+v", volumes)
	}
}
