package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
)

// figures are what the proxy has counted until now. One exec.
func (p proxy) figures(ctx context.Context) (endpoint.Figures, error) {
	out, err := p.run(ctx, figuresScript)
	if err != nil {
		return endpoint.Figures{}, err
	}
	return parseFigures(out)
}

// figureColumns are what of the statistics figures are made of, beside what makes a server.
var figureColumns = append([]string{
	"stot", "lbtot", "wredis", "req_tot", "rate", "hrsp_4xx", "hrsp_5xx", "cli_abrt", "srv_abrt", "rtime", "rtime_max",
}, serverColumns...)

// counting is what one worker has counted.
type counting struct {
	old     bool
	reloads int           // that came after it
	uptime  time.Duration // to the second
	table   statTable
	again   []statTable // of backends alone
}

// parseFigures reads what figuresScript prints.
func parseFigures(out string) (endpoint.Figures, error) {
	clock, rest, _ := strings.Cut(out, "\n")
	now, err := strconv.ParseInt(clock, 10, 64)
	if err != nil {
		return endpoint.Figures{}, fmt.Errorf("the gateway's clock says %.40q", clock)
	}
	var all []counting
	for _, part := range strings.Split(rest, workerMark)[1:] {
		c, err := parseCounting(part)
		switch {
		case err == nil:
			all = append(all, c)
		case !c.old: // one that has been replaced may have gone since it was listed
			return endpoint.Figures{}, err
		}
	}
	slices.SortStableFunc(all, func(a, b counting) int { return cmp.Compare(a.reloads, b.reloads) })
	if len(all) == 0 || all[0].old {
		return endpoint.Figures{}, errors.New("the proxy has no worker that serves")
	}
	return summed(time.Unix(now, 0), all)
}

const (
	workerMark = "# worker " // begins what a script prints of one worker
	againMark  = "# again"   // is between its tables
)

// uptimeRE is how long a worker runs, in the words of the proxy.
var uptimeRE = regexp.MustCompile(`^([0-9]{1,6})d([0-9]{1,2})h([0-9]{1,2})m([0-9]{1,2})s$`)

// parseCounting reads "PID AGE RELOADS UPTIME" and the table below. With an error
// it still says whether the worker is old.
func parseCounting(part string) (counting, error) {
	head, table, _ := strings.Cut(part, "\n")
	words := strings.Fields(head)
	if len(words) != 4 {
		return counting{}, fmt.Errorf("the proxy describes a worker as %.80q", head)
	}
	c := counting{old: words[1] == "old"}
	var err error
	if c.reloads, err = strconv.Atoi(words[2]); err != nil {
		return c, fmt.Errorf("the proxy says of a worker that %.40q reloads came after it", words[2])
	}
	parts := uptimeRE.FindStringSubmatch(words[3])
	if parts == nil {
		return c, fmt.Errorf("the proxy says of a worker that it runs for %.40q", words[3])
	}
	for i, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		n, _ := strconv.Atoi(parts[i+1]) // digits
		c.uptime += time.Duration(n) * unit
	}
	texts := strings.Split(table, "\n"+againMark+"\n")
	if c.table, err = parseTable(strings.TrimSpace(texts[0]), figureColumns...); err != nil {
		return c, err
	}
	c.again, err = unansweredTables(texts[1:])
	return c, err
}

// summed are the figures of workers, the current one first.
func summed(now time.Time, all []counting) (endpoint.Figures, error) {
	f := endpoint.Figures{Processes: len(all)}
	sums := map[string]*deploymentSum{}
	for i, c := range all {
		// What a worker has counted is left out where one is gone that came after
		// it: the counters have no gap. What it has in flight is in flight.
		counts := c.reloads == all[0].reloads+i
		if counts {
			f.Period = max(f.Period, c.uptime)
		}
		silent, _, err := bounded(append(c.again, c.table))
		if err != nil {
			return endpoint.Figures{}, err
		}
		err = c.table.each(func(r *statRow) {
			name := r.text("pxname")
			if !deployment.ValidName(name) {
				return // the proxy's own, or the backend in which requests go to the next worker
			}
			if sums[name] == nil {
				sums[name] = &deploymentSum{count: endpoint.DeploymentCount{Deployment: name}, known: map[string]bool{}}
			}
			sums[name].add(r, silent[name], counts, i == 0)
		})
		if err != nil {
			return endpoint.Figures{}, err
		}
	}
	f.Since = now.Add(-f.Period)
	for _, s := range sums {
		f.Deployments = append(f.Deployments, s.result())
	}
	slices.SortFunc(f.Deployments, func(a, b endpoint.DeploymentCount) int { return strings.Compare(a.Deployment, b.Deployment) })
	return f, nil
}

// deploymentSum adds up the rows of a backend and of its servers, of all workers.
type deploymentSum struct {
	count endpoint.DeploymentCount
	known map[string]bool // addresses: whether a server with it is up

	attempts, balanced, redispatched uint64
	latencies, answers               uint64 // ms times answers, and answers
}

// latencyWindow is over how many answers of a server the proxy averages.
const latencyWindow = 1024

func (s *deploymentSum) add(r *statRow, silent uint64, counts, current bool) {
	if r.text("svname") == "BACKEND" {
		s.count.InFlight += r.small("scur")
		if counts {
			s.addBackend(r, silent)
		}
		return
	}
	if server := serverOf(r); current && server.ip != "" {
		s.known[server.ip] = s.known[server.ip] || server.up()
	}
	if counts {
		s.addServer(r)
	}
}

// addBackend adds a backend's part. Requests that were left without an answer are
// among its server's aborts from some version on (in 3.0 all, in 2.6 none that is
// closed in order): what is counted there is not counted again.
func (s *deploymentSum) addBackend(r *statRow, silent uint64) {
	s.count.Requests += r.number("stot")
	s.count.ClientErrors += r.number("hrsp_4xx")
	s.count.ServerErrors += r.number("hrsp_5xx")
	s.count.Aborted += r.number("cli_abrt")
	s.count.Cut += max(r.number("srv_abrt"), silent)
	s.count.Rate += r.number("rate")
	s.balanced += r.number("lbtot")
	s.redispatched += r.number("wredis")
}

// addServer adds a server's part. Its average is over what it answered; that of
// the backend has the answers in it, at no time at all, which the proxy made itself.
func (s *deploymentSum) addServer(r *statRow) {
	s.attempts += r.number("stot")
	s.count.Answered += r.number("req_tot")
	answers := min(r.number("req_tot"), latencyWindow)
	s.answers += answers
	s.latencies += answers * r.number("rtime")
	s.count.LongestLatency = max(s.count.LongestLatency, milliseconds(r.number("rtime_max")))
}

func milliseconds(n uint64) time.Duration {
	return time.Duration(min(n, math.MaxUint32)) * time.Millisecond
}

func (s *deploymentSum) result() endpoint.DeploymentCount {
	c := s.count
	// A request is balanced once, and once more with each redispatch. The proxy's
	// own counter of retries has some of them twice.
	if first := s.balanced - min(s.balanced, s.redispatched); s.attempts > first {
		c.Retries = s.attempts - first
	}
	if s.answers > 0 {
		c.Latency = milliseconds(s.latencies / s.answers)
	}
	for _, up := range s.known {
		c.Servers++
		if up {
			c.Up++
		}
	}
	return c
}
