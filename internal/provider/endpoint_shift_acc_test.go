package provider_test

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccEndpointShift: SIGINT in the middle of a shift brings the old weights
// back; SIGKILL leaves those that were reached, which the next plan shows, and
// the next apply goes on from there. No request fails.
func TestAccEndpointShift(t *testing.T) {
	a := newAccTest(t)
	a.provider = []string{fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage())}
	port := acceptance.FreePort(t)
	a.locals["port"] = strconv.Itoa(port)
	w := a.workspace("before")
	w.Apply()
	address := fmt.Sprintf("127.0.0.1:%d", port)
	run := load.Start(load.Options{Address: address, Kept: 20, New: 20})

	a.use(w, "after")
	update := w.Start(applyArgs...)
	a.awaitAnswer(update, address, "v2")
	a.interrupt(update)
	for range 20 {
		if version := answered(t, "http://"+address+"/version"); version != "v1" {
			t.Fatalf("after the interrupt %s answers", version)
		}
	}
	a.use(w, "before")
	w.Apply() // what there was no time for

	a.use(w, "after")
	update = w.Start(applyArgs...)
	a.awaitAnswer(update, address, "v2")
	update.Kill()
	update.Wait()
	plan, result := w.Plan("-lock-timeout=10s")
	if plan.Changes()["mlops_endpoint.front"] != "update" || !strings.Contains(result.Stdout, "= 50") {
		t.Errorf("the plan after the kill is %v\n%s", plan.Changes(), result.Output())
	}
	began := time.Now()
	w.Apply()
	if took := time.Since(began); took < 3*time.Second {
		t.Errorf("the rest of the shift was looked at for %s", took)
	}
	a.planIsEmpty(w)
	if result := run.Stop(); result.Failed > 0 || result.Answers["v1"] == 0 || result.Answers["v2"] == 0 {
		t.Errorf("requests failed, or a version never answered: %s", result)
	}
	w.Destroy()
	a.nothingIsLeft()
}

// awaitAnswer waits until a version answers, while the process runs.
func (a *accTest) awaitAnswer(p *acceptance.Process, address, version string) {
	a.Helper()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if answered(a.T, "http://"+address+"/version") == version {
			return
		}
		if !p.Running() {
			a.Fatalf("the process has ended:\n%s", p.Wait().Output())
		}
	}
	a.Fatalf("%s never answers", version)
}

// answered is the answer to a GET over a connection of its own.
func answered(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	req.Close = true
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}
