package keyed_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/keyed"
)

func TestMutexKeepsEqualKeysApart(t *testing.T) {
	var m keyed.Mutex
	var all sync.WaitGroup
	inside := map[string]*int{"a": new(int), "b": new(int)} // the race detector watches
	for i := range 100 {
		key := []string{"a", "b"}[i%2]
		all.Go(func() {
			release, err := m.Acquire(context.Background(), key)
			if err != nil {
				t.Error(err)
				return
			}
			defer release()
			if *inside[key]++; *inside[key] != 1 {
				t.Errorf("%d hold %s", *inside[key], key)
			}
			*inside[key]--
		})
	}
	all.Wait()
}

func TestMutexGivesUpWithItsContext(t *testing.T) {
	var m keyed.Mutex
	release, err := m.Acquire(context.Background(), "a")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := m.Acquire(ctx, "a"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("of a key that is held: %v", err)
	}
	release()
	if release, err = m.Acquire(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
	release()
}
