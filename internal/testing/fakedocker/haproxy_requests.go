package fakedocker

import (
	"fmt"
	"strings"
)

// Traffic is what the clients of a proxy ask, as far as somebody reads of it.
type Traffic struct {
	Requests int // that end between two looks at them, drawn evenly
	// Answer is how a deployment answers the n-th request of a worker: with which
	// status, after how many milliseconds.
	Answer func(deployment string, n int) (status, milliseconds int)
}

// requests answers what is asked of the requests that have ended: those since
// it was asked before.
func (p *haproxy) requests() string {
	var b strings.Builder
	const counted = "# counted\n# pxname,svname,scur,stot,req_tot\n\n" // none was left without an answer
	fmt.Fprintf(&b, "# worker %d.%d current\n%s", p.pid, p.start, counted)
	for i := range p.traffic.Requests {
		number := i * 10_000 / p.traffic.Requests
		for line := range strings.Lines(p.maps["split.map"]) {
			var from, to int
			var deployment string
			if _, err := fmt.Sscanf(line, "%d:%d %s", &from, &to, &deployment); err != nil || number < from || number > to {
				continue
			}
			status, took := p.traffic.Answer(deployment, p.ended)
			fmt.Fprintf(&b, "%d %[1]d %s %[2]s %d -- 0 0 %d %[4]d 0\n", p.ended, deployment, status, took)
			p.ended++
		}
	}
	b.WriteString(counted)
	return b.String()
}
