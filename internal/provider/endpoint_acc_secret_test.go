package provider_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
	"github.com/seed-mlops/terraform-provider-mlops/internal/endpoint"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/certificate"
)

// edition is a certificate with its private key, and an API key.
type edition struct{ certificate, privateKey, apiKey string }

func newEdition(t *testing.T, apiKey string) edition {
	t.Helper()
	public, private := certificate.Issue(t, "front")
	return edition{public, private, apiKey}
}

// secrets are the texts that are looked for: the API key, and of the private key
// the lines that have something secret. What follows them is the public key,
// which the certificate has, too.
func (e edition) secrets() []string {
	return append(strings.Split(e.privateKey, "\n")[1:3], e.apiKey)
}

func (e edition) variables() []string {
	return []string{"TF_VAR_certificate=" + e.certificate, "TF_VAR_private_key=" + e.privateKey, "TF_VAR_api_key=" + e.apiKey}
}

// secretFront is an endpoint with secrets, and what was seen of its gateway.
type secretFront struct {
	*accTest
	w       *acceptance.Workspace
	port    int
	secrets []string // all that there ever were
}

// TestAccEndpointSecret: API keys and the private key of a certificate reach the
// gateway, the private key as a file, the API keys as hashes, and nothing else,
// through a create, an exchange, further changes and a destroy, each with a saved
// plan and with logs at level TRACE. Who has the key of the day is answered.
func TestAccEndpointSecret(t *testing.T) {
	a := newAccTest(t)
	a.provider = []string{fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage())}
	f := &secretFront{accTest: a, port: acceptance.FreePort(t)}
	a.locals["port"], a.locals["redirect"] = strconv.Itoa(f.port), strconv.Itoa(acceptance.FreePort(t))
	first, second := newEdition(t, "canary-of-team-a-9b1de7c04f"), newEdition(t, "canary-of-team-a-35e8802da6")
	f.secrets = slices.Concat(first.secrets(), second.secrets())
	f.w = a.workspace("create")

	mixed := first
	mixed.privateKey = second.privateKey
	f.w.Env = append(f.w.Env, mixed.variables()...)
	if refused := f.w.Run("plan", "-input=false", "-no-color"); refused.ExitCode == 0 || !strings.Contains(refused.Stderr, "private key cannot be used") {
		t.Errorf("the plan with another certificate's key:\n%s", refused.Output())
	} else {
		a.hasNone("the error", refused.Output(), f.secrets)
	}
	f.applies("create", first)
	f.answers(first, second.apiKey, http.StatusUnauthorized)
	f.answers(first, "", http.StatusUnauthorized)
	f.applies("exchange", second)
	f.answers(second, first.apiKey, http.StatusUnauthorized)
	f.applies("other", second) // another gateway, which the one before gives the private key to
	f.applies("shift", second)

	imported := a.workspace("shift")
	imported.Env = append(imported.Env, second.variables()...)
	if result := imported.Run("import", "-input=false", "-no-color", "mlops_endpoint.front", a.name()); result.ExitCode != 0 {
		t.Fatal(result.Output())
	}
	a.hasNone("state after an import", imported.State(), f.secrets)
	imported.Run("state", "rm", "mlops_endpoint.front")

	destroyed := f.w.Destroy()
	a.hasNone("output of the destroy", destroyed.Output(), f.secrets)
	a.hasNone("state after the destroy", f.w.State(), f.secrets)
	a.hasNone("backup of the state", read(t, filepath.Join(f.w.Dir, "terraform.tfstate.backup")), f.secrets)
	a.hasNoneInLogs(f.secrets, f.w.Dir, imported.Dir)
	a.nothingIsLeft()
}

// applies a step by a saved plan, and looks for secrets wherever somebody could
// read them, also while it is being done.
func (f *secretFront) applies(step string, e edition) {
	f.Helper()
	f.use(f.w, step)
	f.w.Env = append(f.w.Env, e.variables()...) // the last ones count
	plan, planned := f.w.Plan()
	if plan.Changes()["mlops_endpoint.front"] == "" {
		f.Fatalf("%s plans %v", step, plan.Changes())
	}
	seen := f.watchProcesses()
	applied := f.w.Run("apply", "-input=false", "-no-color", "plan.out")
	processes := seen()
	if applied.ExitCode != 0 {
		f.Fatal(applied.Output())
	}
	f.planIsEmpty(f.w)

	gateway := endpoint.GatewayName(f.name())
	inspected, err := json.Marshal(f.Inspect(gateway))
	if err != nil {
		f.Fatal(err)
	}
	files, err := f.inside(gateway, "cat /mlops/*.cfg /mlops/*.map /mlops/*.state /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2> /dev/null")
	if err != nil || !strings.Contains(files, "haproxy") {
		f.Fatalf("%v, the gateway shows %q", err, files)
	}
	for where, text := range map[string]string{
		"plan JSON": plan.JSON, "saved plan": unzipped(f.T, filepath.Join(f.w.Dir, "plan.out")), "output": planned.Output() + applied.Output(),
		"state": f.w.State(), "records": f.records(), "inspect": string(inspected), "processes": processes, "files of the gateway": files,
		"log of the gateway": f.log(gateway), "log of a deployment": f.log(f.name() + "-v1"),
	} {
		f.hasNone(step+": "+where, text, f.secrets)
	}
	// Where they are, and what else the log tells.
	key, err := f.inside(gateway, "cat /mlops/tls-*.pem")
	if err != nil || !strings.Contains(key, e.secrets()[0]) || !strings.Contains(files, strings.ToUpper(endpoint.HashKey(e.apiKey))) {
		f.Errorf("%s: %v, the gateway has not got the secrets", step, err)
	}
	f.answers(e, e.apiKey, http.StatusOK)
	if log := f.log(gateway); !strings.Contains(log, `"team-a"`) {
		f.Errorf("%s: the access log does not name the key: %s", step, log)
	} else {
		f.hasNone(step+": log of the gateway after requests", log, f.secrets)
	}
}

// answers with a status, over TLS with the certificate of an edition, to whoever
// says a key, either way; "" says none.
func (f *secretFront) answers(e edition, key string, want int) {
	f.Helper()
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(e.certificate))
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	for header, value := range map[string]string{"Authorization": "Bearer " + key, "X-API-Key": key} {
		req, err := http.NewRequestWithContext(f.Context(), http.MethodGet, fmt.Sprintf("https://127.0.0.1:%d/version", f.port), http.NoBody)
		if err != nil {
			f.Fatal(err)
		}
		if key != "" {
			req.Header.Set(header, value)
		}
		answer, err := client.Do(req)
		if err != nil {
			f.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != want {
			f.Errorf("with the key %q in %s the answer is %d, want %d", key, header, answer.StatusCode, want)
		}
	}
}

// watchProcesses looks at the command lines in the gateway again and again, for
// programs that run for a moment, until it is asked for what it saw.
func (f *secretFront) watchProcesses() (seen func() string) {
	var all strings.Builder
	var watching sync.WaitGroup
	stop := make(chan struct{})
	watching.Go(func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Millisecond):
			}
			text, _ := f.inside(endpoint.GatewayName(f.name()), "cat /proc/[0-9]*/cmdline 2> /dev/null") // there may be none as yet
			all.WriteString(text)
		}
	})
	return func() string {
		close(stop)
		watching.Wait()
		if !strings.Contains(all.String(), "haproxy") {
			f.Error("no process of the gateway was seen")
		}
		return all.String()
	}
}

func (f *secretFront) inside(container, script string) (string, error) {
	got, err := f.Client.Exec(f.Context(), container, docker.ExecRequest{Cmd: []string{"sh", "-c", script}})
	return got.Stdout, err
}

// records are the labels of the endpoint's records.
func (f *secretFront) records() string {
	f.Helper()
	list, err := f.Client.ListVolumes(f.Context(), map[string]string{docker.LabelEndpoint: f.name()})
	if err != nil || len(list) == 0 {
		f.Fatalf("%d records, %v", len(list), err)
	}
	return fmt.Sprint(list)
}

func (f *secretFront) log(container string) string {
	f.Helper()
	lines, err := f.Client.ContainerLogs(f.Context(), container, 10_000)
	if err != nil {
		f.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
