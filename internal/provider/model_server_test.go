package provider

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

const modelType = "mlops_model"

// newModelHost is a host that is spoken to about models.
func newModelHost(t *testing.T, provider object) *host {
	t.Helper()
	return newHost(t, provider, serving("iris-serve:1")).of(modelType)
}

// files writes the files of a source into a new folder; a name that ends in /
// is an empty folder.
func files(t *testing.T, content map[string]string) (folder string) {
	t.Helper()
	folder = t.TempDir()
	for name, text := range content {
		at := filepath.Join(folder, name)
		if strings.HasSuffix(name, "/") {
			mkdir(t, at)
			continue
		}
		mkdir(t, filepath.Dir(at))
		write(t, at, text)
	}
	return folder
}

func mkdir(t *testing.T, folder string) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// weights is a source that is one file; its path.
func weights(t *testing.T, text string) string {
	t.Helper()
	return filepath.Join(files(t, map[string]string{"iris.bin": text}), "iris.bin")
}

// validateResource is what "terraform validate" says of a resource.
func (h *host) validateResource(config object) []string {
	h.t.Helper()
	resp, err := h.ValidateResourceConfig(context.Background(), &tfprotov6.ValidateResourceConfigRequest{
		TypeName: h.typeName, Config: h.wire(configValue(h.ty, config)),
		ClientCapabilities: &tfprotov6.ValidateResourceConfigClientCapabilities{WriteOnlyAttributesAllowed: true},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return diagnosticTexts(resp.Diagnostics)
}

// isAt reports whether one of the diagnostics is an error at a path.
func isAt(diagnostics []string, at string) bool {
	for _, text := range diagnostics {
		if strings.HasPrefix(text, at+": error: ") {
			return true
		}
	}
	return false
}
