package monitoring

import (
	"fmt"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/acceptance"
	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/load"
)

const (
	requestRate = 60 // a second
	canaryShare = 0.1
	canaryFails = 0.5
)

// bed is the example as it runs.
type bed struct {
	*testing.T
	scope      *acceptance.Scope
	name       string // of the endpoint
	workspace  *acceptance.Workspace
	prometheus prometheus
	grafana    string // its URL
	endpoint   string // host:port
}

// TestAccExampleMonitoring applies the example and makes requests of which the
// canary's fail every other time; the dashboard has to say so.
func TestAccExampleMonitoring(t *testing.T) {
	b := newBed(t)
	b.workspace.Init()
	b.workspace.Apply()
	run := load.Start(load.Options{Address: b.endpoint, Path: "/cgi-bin/predict", Kept: requestRate / 2, New: requestRate / 2, OnlyGet: true})
	time.Sleep(2 * time.Second)
	rate := rateSince(run)
	enough := time.After(window)
	if plan, result := b.workspace.Plan(); len(plan.Changes()) > 0 {
		t.Errorf("the plan is not empty: %v\n%s", plan.Changes(), result.Output())
	}
	<-enough
	b.scrapes()
	b.dashboardTells(rate())
	result := run.Stop()
	t.Log(result)
	if result.Answers["v1"] == 0 || result.Answers["v2"] == 0 || result.Total < 200 {
		t.Errorf("no traffic to speak of: %v", result)
	}
	b.grafanaIsGivenAll()
	b.workspace.Destroy()
	if left := b.scope.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// rateSince tells how many requests a second there were from now on: fewer than
// there should be, where the machine is busy.
func rateSince(run *load.Run) func() float64 {
	before, _ := run.Sofar()
	began := time.Now()
	return func() float64 {
		now, _ := run.Sofar()
		return float64(now-before) / time.Since(began).Seconds()
	}
}

func newBed(t *testing.T) *bed {
	t.Helper()
	b := &bed{T: t, scope: acceptance.New(t)}
	b.name = b.scope.Name("iris")
	text, err := os.ReadFile(filepath.Join(example, "main.tf"))
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for _, replaced := range []string{`(?s)terraform \{.*?\n\}\n`, `provider "mlops" \{\}\n`} { // what a test brings along itself
		if !regexp.MustCompile(replaced).MatchString(config) {
			t.Fatalf("the example has no %s", replaced)
		}
		config = regexp.MustCompile(replaced).ReplaceAllString(config, "")
	}
	b.workspace = acceptance.NewWorkspace(t, b.scope.ProviderConfig(fmt.Sprintf("gateway_image = %q", acceptance.GatewayImage()))+config)
	for _, file := range []string{"monitoring.tf", "variables.tf", "outputs.tf", "prometheus.yml.tftpl", "server.sh"} {
		b.copy(file)
	}
	if err := os.CopyFS(filepath.Join(b.workspace.Dir, "grafana"), os.DirFS(filepath.Join(example, "grafana"))); err != nil {
		t.Fatal(err)
	}
	b.workspace.Write("grafana/scope", b.name) // volumes are shared by content
	port := map[string]int{}
	for _, name := range []string{"host", "metrics", "prometheus", "grafana"} {
		port[name] = acceptance.FreePort(t)
		b.set(name+"_port", fmt.Sprint(port[name]))
	}
	b.endpoint = fmt.Sprintf("127.0.0.1:%d", port["host"])
	b.prometheus = prometheus{fmt.Sprintf("http://127.0.0.1:%d", port["prometheus"])}
	b.grafana = fmt.Sprintf("http://127.0.0.1:%d", port["grafana"])
	b.set("name", b.name)
	b.set("edge_network", b.scope.Network()+"-edge")
	b.set("image", acceptance.ProbeImage())
	b.set("prometheus_image", "mlops-dev/prometheus:1")
	b.set("grafana_image", b.standIn())
	b.set("scrape_interval", "1s")
	b.set("grafana_password", "correct horse")
	b.set("versions", fmt.Sprintf(`{ v1 = { weight = %g }, v2 = { weight = %g, fails = %g } }`, 100-100*canaryShare, 100*canaryShare, 100*canaryFails))
	// What was collected outlives the example, and not the test.
	b.scope.Volume("iris-prometheus")
	b.scope.Volume("iris-grafana")
	return b
}

func (b *bed) copy(name string) {
	b.Helper()
	content, err := os.ReadFile(filepath.Join(example, name))
	if err != nil {
		b.Fatal(err)
	}
	b.workspace.Write(name, string(content))
}

func (b *bed) set(variable, value string) {
	b.workspace.Env = append(b.workspace.Env, "TF_VAR_"+variable+"="+value)
}

// standIn is an image in Grafana's place: it has the files that Grafana is told
// to read, and asks what it is told is its data source.
func (b *bed) standIn() string {
	b.Helper()
	ref := b.scope.Prefix + "grafana:1"
	b.scope.BuildImage(ref, "FROM "+acceptance.ProbeImage()+`
CMD ["sh", "-c", "set -e; mkdir -p /tmp/www; cd /tmp; mkdir www/api www/cgi-bin; echo ok > www/api/health; touch /var/lib/grafana/grafana.db; ln -s $GF_PATHS_PROVISIONING www/provisioning; ln -s $GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH www/home.json; printf '#!/bin/sh\\necho; echo $SCRAPE_INTERVAL; wget -q -O - $PROMETHEUS_URL/-/ready' > www/cgi-bin/source; chmod +x www/cgi-bin/source; exec httpd -f -p 3000 -h www"]
`)
	return ref
}

// scrapes waits until Prometheus has scraped the gateway for some time.
func (b *bed) scrapes() {
	b.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := b.prometheus.ready(b.T, 8)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			b.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// series are the values of a panel by the names in its legend.
type series map[string]float64

// dashboardTells asks what each panel asks, while there are so many requests a
// second.
func (b *bed) dashboardTells(rate float64) {
	b.Helper()
	v1, v2 := b.name+"-v1", b.name+"-v2"
	about := func(value, want, tolerance float64) bool { return math.Abs(value-want) <= tolerance }
	checks := map[string]func(series) bool{
		"Gateway":               func(s series) bool { return s[""] == 1 },
		"Requests":              func(s series) bool { return about(s[""], rate, 0.4*rate) },
		"Errors":                func(s series) bool { return about(s[""], canaryShare*canaryFails, 0.04) && s[""] > 0 },
		"In flight":             func(s series) bool { return s[""] >= 0 && s[""] <= requestRate },
		"Replicas":              func(s series) bool { return s[""] == 2 },
		"Since the last reload": func(s series) bool { return s[""] > 0 && s[""] < 600 },
		"Requests by deployment": func(s series) bool {
			return len(s) == 2 && about(s[v1]+s[v2], rate, 0.4*rate) && s[v1] > s[v2] && s[v2] > 0
		},
		"Share of the requests": func(s series) bool {
			return len(s) == 2 && about(s[v2], canaryShare, 0.07) && about(s[v1]+s[v2], 1, 0.001)
		},
		"Errors by deployment":    func(s series) bool { return len(s) == 2 && about(s[v1], 0, 0.02) && about(s[v2], canaryFails, 0.35) },
		"Latency by deployment":   func(s series) bool { return len(s) == 2 && s[v1] > 0 && s[v2] > 0 && s[v1] < 5 },
		"In flight by deployment": func(s series) bool { return len(s) == 4 && s[v1]+s[v2] <= requestRate && s[v1+" waiting"] == 0 },
		"Replicas by deployment":  func(s series) bool { return len(s) == 2 && s[v1] == 1 && s[v2] == 1 },
		"Answers by status":       func(s series) bool { return s["2xx"] > s["5xx"] && s["5xx"] > 0 && s["4xx"] == 0 },
		"Trouble between gateway and replicas": func(s series) bool {
			return len(s) == 6 && s[v1+" no answer"] == 0 && s[v2+" no answer"] == 0
		},
	}
	d := readDashboard(b.T)
	for _, v := range d.Templating.List {
		if v.Name != "endpoint" {
			continue
		}
		found := regexp.MustCompile(`label_values\((.*), (\w+)\)`).FindStringSubmatch(strings.ReplaceAll(string(v.Query), `\"`, `"`))
		if found == nil {
			b.Fatalf("the endpoint is chosen by %s", v.Query)
		}
		if names := b.prometheus.values(b.T, found[1], found[2]); len(names) != 1 || names[0] != b.name {
			b.Errorf("the endpoints are %q", names)
		}
	}
	for _, p := range d.Panels {
		got := series{}
		for _, q := range p.Targets {
			for _, s := range b.prometheus.query(b.T, asked(q.Expr, b.name)) {
				got[q.named(s)] = s.value
			}
		}
		check := checks[p.Title]
		if check == nil || !check(got) {
			b.Errorf("the panel %q shows %v, at %.0f requests a second", p.Title, got, rate)
		}
		delete(checks, p.Title)
	}
	for title := range checks {
		b.Errorf("there is no panel %q", title)
	}
}

// grafanaIsGivenAll: files and addresses are where Grafana is told they are.
func (b *bed) grafanaIsGivenAll() {
	b.Helper()
	is := func(path, want string) {
		b.Helper()
		status, got, err := get(b.Context(), b.grafana+path)
		if err != nil || status != http.StatusOK || got != want {
			b.Errorf("%s: %d %q, and not %q (%v)", path, status, got, want, err)
		}
	}
	for path, file := range map[string]string{
		"/home.json": "dashboards/endpoints.json",
		"/provisioning/datasources/prometheus.yml": "provisioning/datasources/prometheus.yml",
		"/provisioning/dashboards/endpoints.yml":   "provisioning/dashboards/endpoints.yml",
	} {
		content, err := os.ReadFile(filepath.Join(example, "grafana", filepath.FromSlash(file)))
		if err != nil {
			b.Fatal(err)
		}
		is(path, string(content))
	}
	_, ready, err := get(b.Context(), b.prometheus.url+"/-/ready")
	if err != nil {
		b.Fatal(err)
	}
	is("/cgi-bin/source", "1s\n"+ready)
}
