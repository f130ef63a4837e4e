package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is the folder of the example.
const example = "../../../examples/monitoring"

// dashboard is what of a dashboard of Grafana's is looked at.
type dashboard struct {
	ID            any
	UID           any
	Title         string
	SchemaVersion int
	Templating    struct{ List []variable }
	Panels        []panel
}

// variable is a choice above the dashboard.
type variable struct {
	Name, Type string
	Datasource *datasource
	Query      json.RawMessage // of a data source's choice its kind, else an object
}

type datasource struct{ Type, UID string }

// panel is one picture.
type panel struct {
	ID          int
	Title, Type string
	Description string
	Datasource  datasource
	GridPos     struct{ H, W, X, Y int }
	Targets     []target
	FieldConfig struct{ Defaults struct{ Unit string } }
}

// target is a query of a panel.
type target struct {
	RefID, Expr, LegendFormat string
	Datasource                datasource
	Instant, Range            bool
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(example, "grafana", "dashboards", "endpoints.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	if len(d.Panels) < 6 {
		t.Fatalf("only %d panels: this looks at the wrong thing", len(d.Panels))
	}
	return d
}

// TestDashboard: the dashboard is one that every Grafana can be given, whatever
// it calls its data source.
func TestDashboard(t *testing.T) {
	d := readDashboard(t)
	if d.ID != nil || d.UID != nil {
		t.Errorf("it has the ID %v and the UID %v: a Grafana gives its own", d.ID, d.UID)
	}
	if d.Title == "" || d.SchemaVersion == 0 {
		t.Errorf("title %q, version %d of the schema", d.Title, d.SchemaVersion)
	}
	variables := map[string]variable{}
	for _, v := range d.Templating.List {
		variables[v.Name] = v
	}
	source, chosen := variables["datasource"], datasource{Type: "prometheus", UID: "${datasource}"}
	if source.Type != "datasource" || string(source.Query) != `"prometheus"` {
		t.Errorf("the data source is chosen by %+v", source)
	}
	if at := variables["endpoint"].Datasource; at == nil || *at != chosen {
		t.Errorf("the endpoint is chosen by %+v", variables["endpoint"])
	}
	used := regexp.MustCompile(`\$\{?(\w+)`)
	ids, covered := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if p.ID < 1 || ids[p.ID] != "" {
			t.Errorf("%q has the ID %d, as %q", p.Title, p.ID, ids[p.ID])
		}
		ids[p.ID] = p.Title
		if p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || (p.Type != "stat" && p.Type != "timeseries") {
			t.Errorf("%q, a %s, has no description or no unit", p.Title, p.Type)
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if x < 0 || x > 23 || covered[[2]int{x, y}] != "" {
					t.Fatalf("%q lies over %q, or beside the page", p.Title, covered[[2]int{x, y}])
				}
				covered[[2]int{x, y}] = p.Title
			}
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			if q.RefID == "" || refs[q.RefID] || q.Datasource != chosen || p.Datasource != chosen || q.Instant == q.Range {
				t.Errorf("%q: %+v", p.Title, q)
			}
			refs[q.RefID] = true
			if !strings.Contains(q.Expr, `endpoint="$endpoint"`) {
				t.Errorf("%q is not about the chosen endpoint: %s", p.Title, q.Expr)
			}
			for _, name := range used.FindAllStringSubmatch(q.Expr, -1) {
				if name[1] != "endpoint" && name[1] != "__rate_interval" {
					t.Errorf("%q: nothing gives %s", p.Title, name[0])
				}
			}
		}
		if len(p.Targets) == 0 {
			t.Errorf("%q asks nothing", p.Title)
		}
	}
}
