package deployment

import "time"

// Without an interval of its own a replica is asked whether it is ready at
// times that grow with the time since it was started, so that what a change
// waits in vain stays small beside what the replica takes: this part of it.
const IntervalPart = 16

// Bounds of such an interval.
const (
	MinInterval = 100 * time.Millisecond
	MaxInterval = time.Second
)

// NextInterval is the time to the next question to a replica that was started
// so long ago.
func (r Readiness) NextInterval(since time.Duration) time.Duration {
	if r.Interval != 0 {
		return r.Interval
	}
	return min(max(since/IntervalPart, MinInterval), MaxInterval)
}
