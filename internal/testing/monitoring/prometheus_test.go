package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// prometheus is a Prometheus' API.
type prometheus struct{ url string }

// sample is a value and the labels that it has.
type sample struct {
	labels map[string]string
	value  float64
}

// query asks for the values of an expression now.
func (p prometheus) query(t *testing.T, expression string) []sample {
	t.Helper()
	var found struct {
		Result []struct {
			Metric map[string]string
			Value  [2]any // seconds, value as a text
		}
	}
	p.ask(t, "/api/v1/query", url.Values{"query": {expression}}, &found)
	var out []sample
	for _, r := range found.Result {
		text, _ := r.Value[1].(string)
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		out = append(out, sample{r.Metric, value})
	}
	return out
}

// values are the values of a label that series have.
func (p prometheus) values(t *testing.T, series, label string) []string {
	t.Helper()
	var out []string
	p.ask(t, "/api/v1/label/"+label+"/values", url.Values{"match[]": {series}}, &out)
	return out
}

// ready reports whether it has scraped all of its targets at least so often, and
// what keeps it from that.
func (p prometheus) ready(t *testing.T, scrapes int) error {
	t.Helper()
	var found struct {
		ActiveTargets []struct {
			ScrapeURL, LastError, Health string
			Labels                       map[string]string
		}
	}
	p.ask(t, "/api/v1/targets", nil, &found)
	for _, target := range found.ActiveTargets {
		if target.Health != "up" {
			return fmt.Errorf("%s is %s: %s", target.ScrapeURL, target.Health, target.LastError)
		}
		series := fmt.Sprintf(`count_over_time(up{instance=%q}[1h])`, target.Labels["instance"])
		if samples := p.query(t, series); len(samples) != 1 || samples[0].value < float64(scrapes) {
			return fmt.Errorf("%s was scraped %v times", target.ScrapeURL, samples)
		}
	}
	if len(found.ActiveTargets) == 0 {
		return fmt.Errorf("there is nothing to scrape")
	}
	return nil
}

// ask asks the API, and ends the test when that has no answer.
func (p prometheus) ask(t *testing.T, path string, values url.Values, into any) {
	t.Helper()
	status, body, err := get(t.Context(), p.url+path+"?"+values.Encode())
	if err != nil {
		t.Fatal(err)
	}
	var answer struct {
		Status, Error string
		Data          json.RawMessage
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || answer.Status != "success" {
		t.Fatalf("%s %v: %d %s %v", path, values, status, body, err)
	}
	if err := json.Unmarshal(answer.Data, into); err != nil {
		t.Fatalf("%s: %v: %s", path, err, answer.Data)
	}
}

// get gives the status and the body of an answer.
func get(ctx context.Context, at string) (int, string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// window is the range that rates are over.
const window = 6 * time.Second

// asked is a query as Grafana asks it, with its variables put in.
func asked(q, endpoint string) string {
	return strings.NewReplacer("$endpoint", endpoint, "$__rate_interval", window.String()).Replace(q)
}

// named is a series' name as the legend of a target says it.
func (q target) named(s sample) string {
	return legendRE.ReplaceAllStringFunc(q.LegendFormat, func(label string) string {
		return s.labels[strings.Trim(label, "{} ")]
	})
}

var legendRE = regexp.MustCompile(`\{\{\s*\w+\s*\}\}`)
