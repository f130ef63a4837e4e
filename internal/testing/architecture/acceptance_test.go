package architecture

import (
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
	err := filepath.WalkDir("../../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && strings.Trim(entry.Name(), "./") != "":
			return filepath.SkipDir
		case !strings.HasSuffix(path, ".go"):
			return nil
		}
		source, err := os.ReadFile(path)
		if err == nil && comparesAcceptance.Match(source) {
			t.Errorf("%s compares TF_ACC with a value; ask whether it is set", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
