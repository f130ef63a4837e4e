package provider_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

// TestAccExampleEndpointCanary applies the example and does what its README
// proposes, while a client that forgives nothing sends requests.
func TestAccExampleEndpointCanary(t *testing.T) {
	a := newAccTest(t)
	a.provider = []string{fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage())}
	folder := filepath.Join(examplesFolder, "endpoint-canary")
	config := a.exampleFile(folder, "main.tf") + a.exampleFile(folder, "variables.tf")
	for _, replaced := range []string{`(?s)terraform \{.*?\n\}\n`, `provider "mlops" \{\}\n`} { // what a test brings along itself
		if !regexp.MustCompile(replaced).MatchString(config) {
			t.Fatalf("the example has no %s", replaced)
		}
		config = regexp.MustCompile(replaced).ReplaceAllString(config, "")
	}
	w := acceptance.NewWorkspace(t, a.ProviderConfig(a.provider...)+config)
	port := acceptance.FreePort(t)
	w.Env = append(w.Env, "TF_VAR_name="+a.name(), "TF_VAR_image="+acceptance.ProbeImage(), "TF_VAR_host_port="+strconv.Itoa(port))
	weights := func(value map[string]int) {
		t.Helper()
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		w.Env = append(w.Env, "TF_VAR_weights="+string(text)) // the last one counts
		w.Apply()
		a.planIsEmpty(w)
	}
	w.Init()
	// Deployments first, so that the endpoint comes before what runs already.
	w.Apply("-target=mlops_deployment.iris")
	v1, v2 := a.name()+"-v1", a.name()+"-v2"
	before := a.facts(v1, v2)
	w.Apply()
	a.planIsEmpty(w)

	// The example's servers let nine connections wait: no more than they can take on a machine that does other things too.
	run := load.Start(load.Options{Address: fmt.Sprintf("127.0.0.1:%d", port), Path: "/", Kept: 50, New: 50, OnlyGet: true})
	time.Sleep(time.Second)
	weights(map[string]int{"v1": 50, "v2": 50})
	if after := a.facts(v1, v2); len(after) != 2 || after[v1] != before[v1] || after[v2] != before[v2] {
		t.Errorf("deployments were touched: %+v, before %+v", after, before)
	}
	weights(map[string]int{"v2": 100}) // a deployment and its traffic entry, in one edit
	weights(map[string]int{"v2": 70, "v3": 30})
	time.Sleep(time.Second)
	result := run.Stop()
	t.Log(result)
	for _, f := range result.First {
		t.Logf("from %s to %s: %s", f.Began.Format("05.000"), f.Ended.Format("05.000"), f.Why)
	}
	if result.Failed > 0 || result.Answers["v1"] == 0 || result.Answers["v2"] == 0 || result.Answers["v3"] == 0 {
		t.Error("requests failed, or a version never answered")
	}

	// By name, into a configuration that has nothing yet.
	other := acceptance.NewWorkspace(t, a.ProviderConfig(a.provider...)+config)
	other.Env = w.Env
	other.Init()
	if result := other.Run("import", "-input=false", "-no-color", "mlops_endpoint.iris", a.name()); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	if plan, result := other.Plan(); plan.Changes()["mlops_endpoint.iris"] != "" {
		t.Errorf("the plan after the import is %v\n%s", plan.Changes(), result.Output())
	}
	other.Run("state", "rm", "mlops_endpoint.iris")

	kept := a.facts(v2)
	w.Apply("-destroy", "-target=mlops_endpoint.iris")
	if after := a.facts(v2); after[v2] != kept[v2] {
		t.Errorf("removing the endpoint touched %+v, before %+v", after, kept)
	}
	w.Destroy()
	a.nothingIsLeft()
}
