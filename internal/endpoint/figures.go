package endpoint

import "time"

// Figures are what a gateway has counted, read from its proxy at one moment.
//
// Counters are those of the proxy's processes, and a reload replaces the process:
// the new one counts from zero, and the one before it is asked for as long as it
// finishes what it has. Since and the counters belong together: they count all
// requests from then on, and when a process that was replaced ends, Since moves
// on and the counters fall by what it had counted.
type Figures struct {
	Since       time.Time         // when the counting began, to the second, by the engine's clock
	Period      time.Duration     // how long ago that was
	Processes   int               // of the proxy; more than one while those that were replaced finish what they have
	Deployments []DeploymentCount // those that the proxy knows, by name
}

// DeploymentCount is what is counted of one deployment behind an endpoint. A
// request counts where it was sent in the end: at the fallback, not at the
// deployment that it drew, and once, also when it was tried again or given from
// one process of the proxy to the next. What the gateway answers by itself
// before a deployment is chosen (401, 404) counts nowhere.
type DeploymentCount struct {
	Deployment string

	Servers  int // replicas that the gateway has the address of
	Up       int // those of them that it sends requests to
	InFlight int // requests that are not finished, at this moment, in all processes

	Requests     uint64 // since Figures.Since, those in flight among them
	Answered     uint64 // by a replica, whole or in part; what Latency is of
	ClientErrors uint64 // answers with 4xx
	ServerErrors uint64 // answers with 5xx: the deployment's own, and the gateway's where no replica answered (502, 503, 504)
	Cut          uint64 // answers that a replica did not finish, whatever their status, or did not begin, where its client was not told either
	Aborted      uint64 // requests whose client left while request or answer was on its way
	Retries      uint64 // further attempts of the gateway, on the same replica or another
	Rate         uint64 // requests in the last second

	// Latency is from the connection to a replica until its answer begins, the
	// upload of the request included: an average over about the last 1024 answers
	// of each replica, newer ones counting more, and the longest since
	// Figures.Since; to the millisecond, 0 before any. The proxy keeps no
	// percentiles, and its times for whole answers have the pauses of clients in
	// them that keep their connections.
	Latency, LongestLatency time.Duration
}

// Errors are the requests that the deployment failed: answers with 5xx, and
// those that were cut. One that was both counts twice.
func (c DeploymentCount) Errors() uint64 { return c.ServerErrors + c.Cut }

// Of is what is counted of a deployment; false when the proxy does not know it.
func (f Figures) Of(deployment string) (DeploymentCount, bool) {
	for _, c := range f.Deployments {
		if c.Deployment == deployment {
			return c, true
		}
	}
	return DeploymentCount{}, false
}

// Requests are those of all deployments since Figures.Since.
func (f Figures) Requests() (sum uint64) {
	for _, c := range f.Deployments {
		sum += c.Requests
	}
	return sum
}
