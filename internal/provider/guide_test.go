package provider

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"

	"github.com/seed-mlops/terraform-provider-mlops/internal/docker"
)

// guide reads a guide's source.
func guide(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "templates", "guides", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// promise is a row of the guide's tables: what a change of attributes does.
type promise struct {
	attributes []string
	ways       []string // of changing them that it is about; none: all that no other row is about
	kind       string
}

var (
	quotedRE = regexp.MustCompile("`([^`]+)`")
	wayRE    = regexp.MustCompile(`\b(added|removed|raised|lowered|changed)\b`)
)

// promises are the rows below the heading of a resource.
func promises(t *testing.T, heading string) []promise {
	t.Helper()
	_, text, found := strings.Cut(guide(t, "changes.md"), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("the guide has no %s", heading)
	}
	text, _, _ = strings.Cut(text, "\n## ")
	_, table, _ := strings.Cut(text, "| attribute | a change of it |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var out []promise
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 2 {
			t.Fatalf("no row of two cells: %q", line)
		}
		p := promise{ways: wayRE.FindAllString(quotedRE.ReplaceAllString(cells[0], ""), -1)}
		for _, q := range quotedRE.FindAllStringSubmatch(cells[0], -1) {
			p.attributes = append(p.attributes, q[1])
		}
		p.kind = strings.TrimSpace(regexp.MustCompile(`[:,]`).Split(cells[1], 2)[0])
		out = append(out, p)
	}
	if len(out) == 0 {
		t.Fatalf("no table below %s", heading)
	}
	return out
}

// promised is the row about a way of changing an attribute: the one that names
// the most of its path and, of those, the one that names the way.
func promised(rows []promise, attribute, way string) *promise {
	var best *promise
	length := -1
	for i, row := range rows {
		if len(row.ways) > 0 && !slices.Contains(row.ways, way) {
			continue
		}
		for _, a := range row.attributes {
			of := attribute == a || strings.HasPrefix(attribute, a+".")
			if score := 2*len(a) + min(1, len(row.ways)); of && score > length {
				best, length = &rows[i], score
			}
		}
	}
	return best
}

// differing is a change of one attribute, and its way.
type differing struct{ attribute, way string }

// differences finds what a change of a configuration changes.
func differences(at string, from, to any) []differing {
	before, isGroup := from.(object)
	after, toGroup := to.(object)
	dictionary := at == "env" || at == "env_wo" || at == "labels" || at == "auth.keys" && len(before) != len(after)
	if (isGroup || from == nil) && (toGroup || to == nil) && (isGroup || toGroup) && !dictionary {
		var out []differing
		for _, name := range slices.Sorted(maps.Keys(with(with(object{}, before), after))) {
			out = append(out, differences(strings.TrimPrefix(at+"."+name, "."), before[name], after[name])...)
		}
		return out
	}
	size := func(v any) float64 {
		switch v := v.(type) {
		case int:
			return float64(v)
		case float64:
			return v
		case string:
			var n float64
			var unit string
			_, _ = fmt.Sscanf(v, "%g%s", &n, &unit)
			return n * map[string]float64{"": 1, "m": 1, "g": 1 << 10}[unit]
		}
		return 0
	}
	switch {
	case fmt.Sprint(from) == fmt.Sprint(to), dictionary && len(before) == 0 && len(after) == 0:
		return nil
	case from == nil, dictionary && len(before) < len(after):
		return []differing{{at, "added"}}
	case to == nil, dictionary && len(before) > len(after):
		return []differing{{at, "removed"}}
	case size(from) < size(to):
		return []differing{{at, "raised"}}
	case size(from) > size(to):
		return []differing{{at, "lowered"}}
	}
	return []differing{{at, "changed"}}
}

// kinds of changes, from what touches least to what touches most.
var kinds = []string{"nothing", "live", "a new gateway", "stop or start", "number", "rollout", "replace"}

// replicasOf are the replicas of an engine in memory, by ID.
func replicasOf(h *host) map[string]docker.Container {
	out := map[string]docker.Container{}
	for _, c := range h.engine.Containers() {
		if c.Config.Labels[docker.LabelKind] == docker.KindReplica {
			out[c.ID] = c
		}
	}
	return out
}

// happened is the kind of what has happened between two looks at the replicas.
func happened(t *testing.T, before, after map[string]docker.Container) string {
	t.Helper()
	gone, kept, kind := 0, 0, "nothing"
	for id, was := range before {
		is, stays := after[id]
		if !stays {
			gone++
			continue
		}
		kept++
		switch {
		case was.State.Pid != is.State.Pid || was.State.StartedAt != is.State.StartedAt:
			kind = "stop or start"
		case jsonText(t, was.HostConfig) != jsonText(t, is.HostConfig) && kind == "nothing":
			kind = "live"
		}
	}
	switch made := len(after) - kept; {
	case gone > 0 && made > 0:
		return "rollout"
	case gone+made > 0:
		return "number"
	}
	return kind
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rowsAreComplete: every argument of a resource is in the guide, and where its
// own documentation ends with one of the sayings, with that kind.
func rowsAreComplete(t *testing.T, rows []promise, schema *tfprotov6.Schema, sayings map[string]string) {
	t.Helper()
	documented := map[string]*tfprotov6.SchemaAttribute{}
	var walk func(prefix string, attributes []*tfprotov6.SchemaAttribute)
	walk = func(prefix string, attributes []*tfprotov6.SchemaAttribute) {
		for _, a := range attributes {
			if !a.Optional && !a.Required {
				continue
			}
			documented[prefix+a.Name] = a
			if a.NestedType != nil {
				walk(prefix+a.Name+".", a.NestedType.Attributes)
			}
		}
	}
	walk("", schema.Block.Attributes)
	for _, row := range rows {
		for _, a := range row.attributes {
			if documented[a] == nil {
				t.Errorf("the guide is about %s, which there is not", a)
			}
		}
	}
	for name, a := range documented {
		row := promised(rows, name, cmp.Or(wayOf(rows, name), "changed"))
		if row == nil {
			if a.NestedType == nil {
				t.Errorf("templates/guides/changes.md does not say what a change of %s does", name)
			}
			continue
		}
		for saying, kind := range sayings {
			if a.NestedType == nil && strings.HasSuffix(a.Description, saying) && row.kind != kind {
				t.Errorf("a change of %s: the documentation says %q, and the guide %q", name, saying, row.kind)
			}
		}
	}
}

// wayOf is a way of changing an attribute that a row is about, "" where none names any.
func wayOf(rows []promise, attribute string) string {
	for _, row := range rows {
		if slices.Contains(row.attributes, attribute) && len(row.ways) > 0 {
			return row.ways[0]
		}
	}
	return ""
}
