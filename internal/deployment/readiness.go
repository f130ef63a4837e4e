package deployment

import "time"

// IntervalPart is the part of the time since its start after which a replica is
// asked again whether it is ready, unless there is an interval of its own: what a
// change waits in vain stays small beside what the replica takes.
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
