package load

import (
	"net/http"
	"slices"
	"sync"
	"time"
)

// Watch asks a server the same again and again, each time over a connection of
// its own and whether or not the last question was answered, and knows for how
// long there was no answer.
type Watch struct {
	opt  Options
	stop chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex
	answers []watched
	ended   time.Time // zero: it goes on
}

type watched struct {
	at   time.Time // when it was complete
	text string    // body
}

// StartWatch asks for a path, once in every interval, at an address, over TLS if
// wanted and with headers: nothing else counts of the options. Stop ends it.
func StartWatch(opt Options, every time.Duration) *Watch {
	w := &Watch{opt: opt, stop: make(chan struct{})}
	w.done.Go(func() {
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-w.stop:
				return
			case <-ticks.C:
				w.done.Go(w.ask)
			}
		}
	})
	return w
}

// Stop ends the questions, and waits for the answers that are outstanding.
func (w *Watch) Stop() {
	close(w.stop)
	w.done.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = time.Now()
}

func (w *Watch) ask() {
	c, err := dial(w.opt.Address, w.opt.TLS)
	if err != nil {
		return // no answer: that is what a gap is made of
	}
	defer c.close()
	text, err := c.ask(Request{Method: http.MethodGet, Path: w.opt.Path, Header: w.opt.Header}, false)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answers = append(w.answers, watched{time.Now(), text})
}

// Gap is the longest time since then without an answer that counts, and how
// many of those there were. The time after the last of them is part of it.
func (w *Watch) Gap(since time.Time, counts func(answer string) bool) (longest time.Duration, answers int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := since
	for _, a := range slices.SortedFunc(slices.Values(w.answers), func(a, b watched) int { return a.at.Compare(b.at) }) {
		if a.at.Before(since) || !counts(a.text) {
			continue
		}
		longest, last, answers = max(longest, a.at.Sub(last)), a.at, answers+1
	}
	until := w.ended
	if until.IsZero() {
		until = time.Now()
	}
	return max(longest, until.Sub(last)), answers
}
