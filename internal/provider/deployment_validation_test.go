package provider

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// scoring is an image that is ready at once and answers /infer with text, after a while.
func scoring(ref, text string, after time.Duration) fakedocker.Image {
	mux := http.NewServeMux()
	mux.Handle("/", fakedocker.OK)
	mux.HandleFunc("/infer", func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(after)
		fmt.Fprint(w, text)
	})
	return fakedocker.Image{Ref: ref, Behaviour: fakedocker.Serving(mux, 0)}
}

func scored(more object) object {
	return with(iris, with(object{"validation": []any{
		object{"path": "/infer", "body": strings.Repeat("x", deployment.MaxRecordedBody+1), "max_latency": "200ms", "expect_json": object{"$.score": object{"equals": "0.97", "tolerance": 0.02}}},
	}}, more))
}

// TestDeploymentValidation: a bad version fails at the expectation that it
// misses, the old one serves on, and the next plan shows the change again.
func TestDeploymentValidation(t *testing.T) {
	h := newHost(t, nil, scoring("good:1", `{"score": 0.97}`, 0), scoring("good:2", `{"score": 0.98}`, 0),
		scoring("wrong:1", `{"score": 0.41}`, 0), scoring("slow:1", `{"score": 0.97}`, 250*time.Millisecond), scoring("text:1", "<html>", 0))
	config := scored(object{"image": "good:1", "replicas": 2})
	w := h.create(config)
	h.planIsEmpty(w, config)
	before := processes(h)
	for image, want := range map[string][2]string{
		"wrong:1": {`validation[0].expect_json["$.score"]: error: `, "$.score is 0.41, and must be 0.97 ± 0.02"},
		"slow:1":  {"validation[0].max_latency: error: ", "max_latency is 200ms"},
		"text:1":  {"validation[0].expect_json: error: ", "not JSON"},
	} {
		p := h.plan(w, with(config, object{"image": image}))
		after, diagnostics := h.apply(p)
		if len(diagnostics) != 1 || !strings.HasPrefix(diagnostics[0], want[0]) || !strings.Contains(diagnostics[0], want[1]) || !strings.Contains(diagnostics[0], "still serving on 2 of 2") {
			t.Errorf("%s: %q", image, diagnostics)
		}
		if !after.state.Equal(w.state) || fmt.Sprint(processes(h)) != fmt.Sprint(before) {
			t.Errorf("%s: state %s, containers %v, before %v", image, h.brief(after), processes(h), before)
		}
		if after = h.refresh(after); !slices.Equal(h.changed(h.plan(after, with(config, object{"image": image}))), h.changed(p)) {
			t.Errorf("%s: the next plan is another one", image)
		}
		h.planIsEmpty(after, config)
	}
	w = h.change(w, with(config, object{"image": "good:2"}))
	if diagnostics := h.destroy(w); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
}

// TestDeploymentValidationImported: a large body is in the record as a digest,
// which stands in the state for the body that has it: the plan is empty, a
// rollout sends the body, and another body is a change that touches nothing.
func TestDeploymentValidationImported(t *testing.T) {
	h := newHost(t, nil, scoring("good:1", `{"score": 0.97}`, 0), scoring("good:2", `{"score": 0.98}`, 0))
	config := scored(object{"image": "good:1"})
	h.create(config)
	w, diagnostics := h.imported("pyt-iris")
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	body := strings.Repeat("x", deployment.MaxRecordedBody+1)
	if state := fmt.Sprint(h.attribute(w, "validation")); strings.Contains(state, "xxx") || !strings.Contains(state, deployment.DigestOf(body)) {
		t.Errorf("the state has %s", state)
	}
	h.planIsEmpty(w, config)
	rolled := with(config, object{"image": "good:2"})
	w = h.change(w, rolled)
	h.planIsEmpty(w, rolled)
	before := processes(h)
	other := with(rolled, object{"validation": []any{golden(object{"path": "/infer", "body": body + "x", "expect_json": nil})}})
	if got := h.changed(h.plan(w, other)); !slices.Equal(got, []string{"validation"}) {
		t.Errorf("another body changes %v", got)
	}
	w = h.change(w, other)
	h.planIsEmpty(w, other)
	if fmt.Sprint(processes(h)) != fmt.Sprint(before) {
		t.Errorf("containers %v, before %v", processes(h), before)
	}
}

// TestDeploymentKeepFailed: what is kept is in no attribute but drift, and goes
// with the next apply, be it a destroy.
func TestDeploymentKeepFailed(t *testing.T) {
	h := newHost(t, nil, serving("iris-serve:1"), crashing("iris-serve:2"))
	config := with(iris, object{"replicas": 2, "rollout": object{"keep_failed": true}})
	bad := with(config, object{"image": "iris-serve:2"})
	failed := func(prior world) world {
		t.Helper()
		after, diagnostics := h.apply(h.plan(prior, bad))
		if !hasErrors(diagnostics) || !strings.Contains(diagnostics[0], "is kept, stopped, as container pyt-iris.failed") {
			t.Fatalf("%q", diagnostics)
		}
		if c := h.engine.Containers()["pyt-iris.failed"]; c.ID == "" || c.State.Running {
			t.Errorf("it is %+v", c.State)
		}
		return after
	}
	w := failed(h.absent())
	if !w.tainted {
		t.Errorf("the failed create left %s", h.brief(w))
	}
	h.nextCommand()
	if diagnostics := h.destroy(h.refresh(w)); len(diagnostics) > 0 {
		t.Error(diagnostics)
	}
	if left := h.engine.Names(docker.LabelDeployment); len(left) > 0 {
		t.Fatalf("left behind: %v", left)
	}

	w = h.create(config)
	before := processes(h)
	w = h.refresh(failed(w))
	if drift := fmt.Sprint(h.attribute(w, "drift")); drift != "[Container pyt-iris.failed is kept from a change that failed.]" {
		t.Errorf("drift %s", drift)
	}
	if got := h.changed(h.plan(w, config)); !slices.Equal(got, []string{"drift"}) {
		t.Errorf("the plan that takes it away changes %v", got)
	}
	w = h.change(w, config)
	h.planIsEmpty(w, config)
	if fmt.Sprint(processes(h)) != fmt.Sprint(before) {
		t.Errorf("containers %v, before %v", processes(h), before)
	}
}
