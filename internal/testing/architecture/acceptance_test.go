package architecture

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// comparesAcceptance finds comparisons of TF_ACC with a value.
var comparesAcceptance = regexp.MustCompile(`"TF_ACC"\)\s*[!=]=\s*"[^"]`)

// TestAcceptanceNeedsOnlyBeSet keeps acceptance tests running: `make test` sets TF_ACC to another value in every run, so
// a test that waits for a certain one would be skipped for ever.
func TestAcceptanceNeedsOnlyBeSet(t *testing.T) {
	for path, source := range goFiles(t) {
		if comparesAcceptance.Match(source) {
			t.Errorf("%s compares TF_ACC with a value; ask whether it is set", path)
		}
	}
}

// TestAcceptanceTestsAreNamed keeps acceptance tests running: `make test` runs those named TestAcc with an engine, and
// the others without.
func TestAcceptanceTestsAreNamed(t *testing.T) {
	calls := map[string]map[string]map[string]bool{} // per folder and function, what it names
	for path, source := range goFiles(t) {
		if !strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Dir(path)
		if calls[folder] == nil {
			calls[folder] = map[string]map[string]bool{}
		}
		for _, d := range file.Decls {
			if function, ok := d.(*ast.FuncDecl); ok && function.Body != nil && function.Recv == nil {
				calls[folder][function.Name.Name] = namedIn(function.Body)
			}
		}
	}
	found := 0
	for folder, functions := range calls {
		for name := range functions {
			if !strings.HasPrefix(name, "Test") || name == "TestMain" || !needsEngine(functions, name, map[string]bool{}) {
				continue
			}
			found++
			if !strings.HasPrefix(name, "TestAcc") {
				t.Errorf("%s: %s needs an engine; its name must begin with TestAcc", folder, name)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d tests are known to need an engine: this looks at the wrong place", found)
	}
}

// namedIn are the functions that code names, those of other packages with the package's name, and "skips on TF_ACC".
func namedIn(body *ast.BlockStmt) map[string]bool {
	out := map[string]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if pkg, ok := n.X.(*ast.Ident); ok {
				out[pkg.Name+"."+n.Sel.Name] = true
			}
		case *ast.Ident:
			out[n.Name] = true
		case *ast.CallExpr:
			if len(n.Args) == 1 && isLiteral(n.Args[0], `"TF_ACC"`) {
				out["asks for TF_ACC"] = true
			}
		}
		return true
	})
	return out
}

func isLiteral(e ast.Expr, text string) bool {
	literal, ok := e.(*ast.BasicLit)
	return ok && literal.Value == text
}

// needsEngine follows the functions of one folder.
func needsEngine(functions map[string]map[string]bool, name string, seen map[string]bool) bool {
	if seen[name] {
		return false
	}
	seen[name] = true
	for named := range functions[name] {
		switch named {
		case "asks for TF_ACC", "acceptance.New", "acceptance.Required", "acceptance.Engine", "resource.Test", "resource.ParallelTest":
			return true
		}
		if functions[named] != nil && needsEngine(functions, named, seen) {
			return true
		}
	}
	return false
}

// goFiles are the project's own sources, by path.
func goFiles(t *testing.T) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	err := filepath.WalkDir("../../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && strings.Trim(entry.Name(), "./") != "":
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		out[path], err = os.ReadFile(path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
