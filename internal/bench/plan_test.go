package bench

import (
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/faultproxy"
)

const (
	// planned is how many deployments a plan is measured with.
	planned = 100
	// distance is the round trip to an engine that is far away.
	distance = 20 * time.Millisecond
)

// BenchmarkPlan100 is a `terraform plan` of 100 deployments that finds nothing to do: against one of as many
// terraform_data, which is what Terraform itself takes; with an engine that is far away; and what memory the provider
// takes for it at its peak.
func BenchmarkPlan100(b *testing.B) {
	client := connect(b)
	w := deployments(b, planned)
	own := newWorkspace(b, "terraform_data", map[string]string{"number": strconv.Itoa(planned)})
	proxy := faultproxy.Start(b, client.Endpoint.Host, faultproxy.RoundTrip(distance))
	far := w.with("DOCKER_HOST=" + proxy.Host)
	w.apply(b)
	own.apply(b)

	var near, floor, distant series
	var peak int64
	for b.Loop() {
		for range *rounds {
			near = append(near, w.emptyPlan(b))
			floor = append(floor, own.emptyPlan(b))
			distant = append(distant, far.emptyPlan(b))
			peak = max(peak, peakMemory(b, w.command("plan", "-detailed-exitcode")))
		}
	}
	compare(b, "plan", near, floor)
	b.Logf("plan with %s added: %s s, round by round", distance, distant)
	b.ReportMetric(distant.median().Seconds(), "plan_far_s")
	b.ReportMetric(float64(peak)/(1<<20), "provider_peak_MiB")
}

// BenchmarkBinary is the size of the provider as it is released.
func BenchmarkBinary(b *testing.B) {
	info, err := os.Stat(programs(b).provider)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() { // there is nothing to repeat: the size is a fact
	}
	b.ReportMetric(float64(info.Size())/1e6, "MB")
}
