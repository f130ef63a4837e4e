package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

const (
	// jobMark begins a line of a step, before its name.
	jobMark = "▸ "
	// lookEvery is the time between two looks for new jobs.
	lookEvery = 50 * time.Millisecond
	// lastWords is how long what jobs still say is waited for after the apply.
	lastWords = 3 * time.Second
)

// jobs shows the logs of workflows' steps while they run.
type jobs struct {
	cancel  context.CancelFunc
	running sync.WaitGroup
	done    chan struct{}

	mu      sync.Mutex
	printed strings.Builder
}

// followJobs shows what the steps of the demo's workflows print from now on: Terraform itself shows only that they ended.
func (d demo) followJobs(ctx context.Context) *jobs {
	ctx, cancel := context.WithCancel(ctx)
	j := &jobs{cancel: cancel, done: make(chan struct{})}
	before := map[string]bool{} // left by an earlier apply that failed
	of := map[string]string{docker.LabelKind: docker.KindJob}
	old, _ := d.engine.ListContainers(ctx, of) // without it an old log is shown once more
	for _, c := range old {
		before[c.ID] = true
	}
	go func() {
		defer close(j.done)
		for ctx.Err() == nil {
			found, _ := d.engine.ListContainers(ctx, of) // the apply itself says what is wrong with the engine
			for _, c := range found {
				if !before[c.ID] && c.State != "created" && slices.Contains(d.workflows(), c.Labels[docker.LabelWorkflow]) {
					before[c.ID] = true
					j.running.Go(func() { j.follow(ctx, d.engine, c) })
				}
			}
			select {
			case <-time.After(lookEvery):
			case <-ctx.Done():
			}
		}
	}()
	return j
}

func (j *jobs) follow(ctx context.Context, e engine, c docker.ContainerSummary) {
	said := &lines{each: func(line string) { j.print(jobMark + c.Labels[docker.LabelStep] + ": " + line) }}
	_ = e.FollowLogs(ctx, c.ID, said) // a container that is removed meanwhile has said all
	said.flush()
}

func (j *jobs) print(line string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	fmt.Println("    " + line)
	j.printed.WriteString(line + "\n")
}

// stop ends the following once the last words are out, and returns what was shown.
func (j *jobs) stop() string {
	out := make(chan struct{})
	go func() {
		j.running.Wait()
		close(out)
	}()
	select {
	case <-out:
	case <-time.After(lastWords):
	}
	j.cancel()
	<-j.done
	<-out
	return j.printed.String()
}
