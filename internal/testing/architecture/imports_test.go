// Package architecture checks on the import graph that dependencies point downwards only, as DESIGN.md says.
package architecture

import (
	"go/build"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const module = "github.com/seed-mlops/terraform-provider-mlops"

// rule says who may import what. A pattern is an import path; it stands for the packages below it, too.
type rule struct {
	name string
	// importers are the packages that the rule binds, seldom those that it does not.
	importers, except []string
	// only lists all that they may import; forbidden what they may not.
	only, forbidden []string
}

var rules = []rule{
	{
		name:      "deployment imports the standard library only",
		importers: []string{module + "/internal/deployment"},
		only:      []string{"std"},
	},
	{
		name:      "rollout imports deployment and the standard library only",
		importers: []string{module + "/internal/rollout"},
		only:      []string{"std", module + "/internal/deployment"},
	},
	{
		name:      "endpoint imports deployment and the standard library only",
		importers: []string{module + "/internal/endpoint"},
		only:      []string{"std", module + "/internal/deployment"},
	},
	{
		name:      "workflow imports deployment, jsonpath and the standard library only",
		importers: []string{module + "/internal/workflow"},
		only:      []string{"std", module + "/internal/deployment", module + "/internal/jsonpath"},
	},
	{
		name:      "jsonpath imports the standard library and the JSONPath library only",
		importers: []string{module + "/internal/jsonpath"},
		only:      []string{"std", "github.com/theory/jsonpath"},
	},
	{
		name:      "the Docker client is imported by internal/docker only",
		importers: []string{module},
		except:    []string{module + "/internal/docker"},
		forbidden: []string{"github.com/docker/docker", "github.com/moby/moby"},
	},
	{
		name:      "Terraform's libraries are imported by the provider, main and the tests' own packages only",
		importers: []string{module + "/internal", module + "/examples"},
		except:    []string{module + "/internal/provider", module + "/internal/testing", module + "/internal/bench"},
		forbidden: terraform,
	},
	{
		name:      "the provider is imported by main and the tests' own packages only",
		importers: []string{module + "/internal", module + "/examples"},
		except:    []string{module + "/internal/provider", module + "/internal/testing", module + "/internal/bench"},
		forbidden: []string{module + "/internal/provider"},
	},
	{
		name:      "the provider carries no test code",
		importers: []string{module},
		except:    []string{module + "/internal/testing", module + "/internal/bench"},
		forbidden: []string{module + "/internal/testing"},
	},
	{
		name:      "the JSONPath library is imported by jsonpath only",
		importers: []string{module},
		except:    []string{module + "/internal/jsonpath"},
		forbidden: []string{"github.com/theory/jsonpath"},
	},
	{
		name:      "the examples stand alone",
		importers: []string{module + "/examples"},
		forbidden: []string{module + "/internal"},
	},
}

// terraform are the modules of the plugin libraries.
var terraform = []string{
	"github.com/hashicorp/terraform-plugin-framework",
	"github.com/hashicorp/terraform-plugin-framework-jsontypes",
	"github.com/hashicorp/terraform-plugin-framework-timeouts",
	"github.com/hashicorp/terraform-plugin-framework-validators",
	"github.com/hashicorp/terraform-plugin-go",
	"github.com/hashicorp/terraform-plugin-log",
	"github.com/hashicorp/terraform-plugin-mux",
	"github.com/hashicorp/terraform-plugin-sdk",
	"github.com/hashicorp/terraform-plugin-testing",
}

// violations are the imports of one package that break the rule.
func (r rule) violations(importer string, imports []string) []string {
	if !within(importer, r.importers) || within(importer, r.except) {
		return nil
	}
	var found []string
	for _, path := range imports {
		forbidden := within(path, r.forbidden)
		if r.only != nil {
			forbidden = !within(path, r.only) && !within(path, r.importers)
		}
		if forbidden {
			found = append(found, path)
		}
	}
	return found
}

// within reports whether a package is one of the patterns, or lies below one. The pattern std is the standard library.
func within(path string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if pattern == "std" {
			return standard(path)
		}
		return path == pattern || strings.HasPrefix(path, pattern+"/")
	})
}

func standard(path string) bool {
	pkg, err := build.Default.Import(path, "", build.FindOnly)
	return err == nil && pkg.Goroot
}

func TestImportsPointDownwards(t *testing.T) {
	for importer, imports := range importGraph(t) {
		for _, r := range rules {
			for _, path := range r.violations(importer, imports) {
				t.Errorf("%s: %s imports %s", r.name, importer, path)
			}
		}
	}
}

// TestRulesCatch shows that every rule refuses what it is there to refuse: a rule that has lost its package is silent.
func TestRulesCatch(t *testing.T) {
	breaches := map[string][2]string{
		rules[0].name:  {module + "/internal/deployment", module + "/internal/docker"},
		rules[1].name:  {module + "/internal/rollout", "golang.org/x/sync/errgroup"},
		rules[2].name:  {module + "/internal/endpoint", module + "/internal/docker"},
		rules[3].name:  {module + "/internal/workflow", module + "/internal/docker"},
		rules[4].name:  {module + "/internal/jsonpath", module + "/internal/deployment"},
		rules[5].name:  {module + "/internal/engine/container", "github.com/docker/docker/api/types/container"},
		rules[6].name:  {module + "/internal/docker", "github.com/hashicorp/terraform-plugin-log/tflog"},
		rules[7].name:  {module + "/internal/engine/container", module + "/internal/provider"},
		rules[8].name:  {module + "/internal/provider", module + "/internal/testing/fakedocker"},
		rules[9].name:  {module + "/internal/workflow", "github.com/theory/jsonpath"},
		rules[10].name: {module + "/examples/demo/server", module + "/internal/deployment"},
	}
	for _, r := range rules {
		breach := breaches[r.name]
		if len(r.violations(breach[0], breach[1:])) != 1 {
			t.Errorf("%s: not noticed that %s imports %s", r.name, breach[0], breach[1])
		}
	}
}

// importGraph is what every package of the module imports, its tests left out.
func importGraph(t *testing.T) map[string][]string {
	t.Helper()
	cfg := &packages.Config{Mode: packages.NeedName | packages.NeedImports, Dir: "../../..", Context: t.Context()}
	loaded, err := packages.Load(cfg, "./...")
	if err != nil {
		t.Fatal(err)
	}
	graph := map[string][]string{}
	for _, pkg := range loaded {
		for path := range pkg.Imports {
			graph[pkg.PkgPath] = append(graph[pkg.PkgPath], path)
		}
		if _, ok := graph[pkg.PkgPath]; !ok {
			graph[pkg.PkgPath] = nil
		}
	}
	if _, ok := graph[module+"/internal/deployment"]; !ok {
		t.Fatalf("the graph holds no internal/deployment: %d packages", len(graph))
	}
	return graph
}
