package container_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/deployment"
	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/engine/container"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/fakedocker"
)

// answering is an image whose replicas are ready and answer /infer.
func answering(ref string, infer http.HandlerFunc) fakedocker.Image {
	mux := http.NewServeMux()
	mux.Handle("/ready", fakedocker.OK)
	mux.HandleFunc("/infer", infer)
	return fakedocker.Image{Ref: ref, Behaviour: fakedocker.Behaviour{Handler: mux, Log: []string{"serving " + ref}}}
}

func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) }
}

// validationBench has a version that answers well, and those that do not.
func validationBench(t *testing.T) (*fakedocker.Engine, *container.Engine) {
	t.Helper()
	d := fakedocker.New(
		fakedocker.Busybox(probeImage),
		answering("good:1", says(`{"score": 0.97}`)),
		answering("good:2", says(`{"score": 0.98}`)),
		answering("wrong:1", says(`{"score": 0.41}`)),
		answering("broken:1", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no CUDA device", http.StatusInternalServerError)
		}),
		answering("slow:1", func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(1100 * time.Millisecond)
			fmt.Fprint(w, `{"score": 0.97}`)
		}),
		answering("html:1", says("<html>")),
	)
	t.Cleanup(d.Close)
	return d, process(t, d)
}

func validated(image string, replicas int) deployment.Spec {
	s := spec("iris", image, replicas)
	s.Validation = []deployment.Validation{
		{Path: "/infer", Body: "{}"}, // warms it up
		{
			Path: "/infer", Body: "{}", ExpectStatus: 200, Repeat: 2, MaxLatency: time.Second,
			ExpectJSON: []deployment.Expectation{{Path: "$.score", Equals: "0.97", Tolerance: 0.02}},
		},
	}
	return s
}

// faults are versions that must not serve, and what the error says of them.
var faults = map[string]struct {
	attribute string
	texts     []string
}{
	"wrong:1":  {`validation[1].expect_json["$.score"]`, []string{"Golden request 2 of 2, attempt 1 of 2, to replica ", "$.score is 0.41, and must be 0.97 ± 0.02"}},
	"broken:1": {"validation[0].expect_status", []string{"Golden request 1 of 2, to replica ", "POST :8080/infer → 500", "and must be 2xx", "The answer begins: no CUDA device"}},
	"slow:1":   {"validation[1].max_latency", []string{"and max_latency is 1s", "warms it up"}},
	"html:1":   {"validation[1].expect_json", []string{"the answer is not JSON", "The answer begins: <html>"}},
}

func checkFault(t *testing.T, err error, image string) {
	t.Helper()
	var f *deployment.Failure
	if !errors.As(err, &f) {
		t.Fatalf("no failure: %v", err)
	}
	if want := faults[image].attribute; f.Attribute != want {
		t.Errorf("it blames %s, not %s", f.Attribute, want)
	}
	for _, text := range append(faults[image].texts, "failed its validation", "serving "+image) {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("the error does not say %q:\n%s", text, err)
		}
	}
}

func TestValidation(t *testing.T) {
	for _, order := range deployment.Orders {
		for image := range faults {
			t.Run(string(order)+" "+image, func(t *testing.T) {
				t.Parallel()
				d, e := validationBench(t)
				s := validated(image, 2)
				s.Rollout.Order = order
				_, err := e.Apply(context.Background(), s)
				checkFault(t, err, image)
				if left := d.Names(docker.LabelDeployment); len(left) > 0 {
					t.Errorf("the failed create left %v", left)
				}
				s.Image = "docker.io/library/good:1"
				before := apply(t, e, s)
				s.Image = "docker.io/library/" + image
				_, err = e.Apply(context.Background(), s)
				checkFault(t, err, image)
				serves := "Revision 1 (good:1) is still serving on 2 of 2 replicas."
				if order == deployment.StopFirst { // the first of two had left already
					serves = "Revision 1 (good:1) is serving again on 2 of 2 replicas; for "
				}
				if !strings.Contains(err.Error(), serves) {
					t.Errorf("the error does not say what serves:\n%s", err)
				}
				if after := settled(t, e, "iris"); ids(after) != ids(before) {
					t.Errorf("left %s, was %s", ids(after), ids(before))
				}
				s.Image = "docker.io/library/good:2"
				if after := apply(t, e, s); ids(after) == ids(before) {
					t.Error("the good one does not serve")
				}
				remove(t, d, e, "iris")
			})
		}
	}
}

// TestValidationIsAPolicy: it changes no container, and asks none that serves.
func TestValidationIsAPolicy(t *testing.T) {
	d, e := validationBench(t)
	s := validated("wrong:1", 1)
	golden := s.Validation
	s.Validation = nil
	before := apply(t, e, s)
	s.Validation = golden
	if after := apply(t, e, s); ids(after) != ids(before) || len(after.Spec.Validation) != 2 {
		t.Errorf("%s, recorded %+v", ids(after), after.Spec.Validation)
	}
	s.Replicas = 2 // the new one is asked
	_, err := e.Apply(context.Background(), s)
	checkFault(t, err, "wrong:1")
	if after := settled(t, e, "iris"); ids(after) != ids(before) {
		t.Errorf("left %s, was %s", ids(after), ids(before))
	}
	remove(t, d, e, "iris")
}

// TestValidationOfOneOfTwo: of two new replicas of which one fails, none stays,
// also where the other has nothing against it but that it was not asked.
func TestValidationOfOneOfTwo(t *testing.T) {
	var asked atomic.Int32
	d := fakedocker.New(fakedocker.Busybox(probeImage), answering("fickle:1", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 3 {
			w.WriteHeader(http.StatusTeapot)
		}
	}))
	t.Cleanup(d.Close)
	e := process(t, d)
	s := spec("iris", "fickle:1", 2)
	s.Validation = []deployment.Validation{{Path: "/infer"}}
	before := apply(t, e, s)
	for _, name := range []string{"iris", "iris.2"} {
		if err := d.Operator().Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Apply(context.Background(), s); err == nil || !strings.Contains(err.Error(), "→ 418") {
		t.Fatal(err)
	}
	if left := d.Containers(); len(left) > 1 { // the session
		t.Errorf("unasked replicas serve: %v", d.Names(docker.LabelDeployment))
	}
	if after := apply(t, e, s); len(after.Replicas) != 2 || ids(after) == ids(before) {
		t.Errorf("mended to %s", ids(after))
	}
}

// TestValidationBodies: what is sent, and what a record keeps of it.
func TestValidationBodies(t *testing.T) {
	var got atomic.Int64
	d := fakedocker.New(fakedocker.Busybox(probeImage), answering("reads:1", func(_ http.ResponseWriter, r *http.Request) {
		got.Store(r.ContentLength)
	}))
	t.Cleanup(d.Close)
	e := process(t, d)
	s := spec("iris", "reads:1", 1)
	body := strings.Repeat("x", deployment.MaxRecordedBody+1)
	s.Validation = []deployment.Validation{{Path: "/infer", Body: body}}
	status := apply(t, e, s)
	if recorded := status.Spec.Validation[0]; got.Load() != int64(len(body)) || recorded.Body != "" || recorded.BodyDigest != deployment.DigestOf(body) {
		t.Errorf("got %d bytes, recorded %+v", got.Load(), recorded)
	}
	volumes := len(d.Volumes())
	d.ResetCalls()
	apply(t, e, s)
	if len(d.Volumes()) != volumes || d.Count("CreateVolume") > 0 {
		t.Error("the same body is recorded again")
	}
	s.Replicas, s.Validation = 2, status.Spec.Validation // as whoever has only the record would ask
	var f *deployment.Failure
	if _, err := e.Apply(context.Background(), s); !errors.As(err, &f) || f.Attribute != "validation[0].body" || !strings.Contains(err.Error(), "only its digest") {
		t.Errorf("a body that is not known: %v", err)
	}
}

// TestValidationOfASecret: what an answer gives away is hidden in the error.
func TestValidationOfASecret(t *testing.T) {
	d := fakedocker.New(fakedocker.Busybox(probeImage), answering("leaks:1", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, strings.Repeat("-", 190)+"hunter22-hunter22", http.StatusInternalServerError)
	}))
	t.Cleanup(d.Close)
	s := spec("iris", "leaks:1", 1)
	s.Validation = []deployment.Validation{{Path: "/infer"}}
	s.Secrets = deployment.Secrets{Keys: []string{"TOKEN"}, Values: map[string]string{"TOKEN": "hunter22-hunter22"}}
	_, err := process(t, d).Apply(context.Background(), s)
	if err == nil || strings.Contains(err.Error(), "hunter") || !strings.Contains(err.Error(), "500") {
		t.Error(err)
	}
}
