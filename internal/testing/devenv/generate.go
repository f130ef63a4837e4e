package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/seed-mlops/terraform-provider-mlops/internal/testing/devenv/step"
)

// runGenerate writes the pages in docs/.
func runGenerate(ctx context.Context, w workspace, _ []string) error {
	program, err := terraform(ctx, w)
	if err != nil {
		return err
	}
	config, err := mirror(ctx, w)
	if err != nil {
		return err
	}
	return generate(ctx, w, setUp{terraform: program, cliConfig: config}, "docs")
}

// checkGenerated generates the pages into another folder and compares: docs/ is checked as it is, committed or not.
func checkGenerated(ctx context.Context, w workspace, s setUp) error {
	const scratch = ".dev/docs"
	if err := os.RemoveAll(w.path(scratch)); err != nil {
		return err
	}
	if err := generate(ctx, w, s, scratch); err != nil {
		return err
	}
	want, err := readTree(w.path(scratch))
	if err != nil {
		return err
	}
	have, err := readTree(w.path("docs"))
	if err != nil {
		return err
	}
	var differ []string
	all := maps.Clone(want)
	maps.Copy(all, have)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !bytes.Equal(want[name], have[name]) {
			differ = append(differ, "docs/"+name)
		}
	}
	if len(differ) > 0 {
		return &step.Fault{Missing: "These pages are not what the schema gives: " + strings.Join(differ, ", "), Remedy: "Run `make generate` and commit the result."}
	}
	return nil
}

// generate renders the pages into a folder of the work tree. The schema is asked of Terraform or OpenTofu, whichever is
// there, and handed to tfplugindocs under the name that it looks for.
func generate(ctx context.Context, w workspace, s setUp, into string) error {
	schema, err := providerSchema(ctx, w, s)
	if err != nil {
		return err
	}
	path, err := buildTool(ctx, w, "tfplugindocs")
	if err != nil {
		return err
	}
	cmd := step.Command(ctx, path, "generate", "--provider-name=mlops", "--rendered-provider-name=MLOps", "--providers-schema="+schema, "--rendered-website-dir="+into)
	cmd.Dir = w.root
	return step.Logged(cmd, w.log("tfplugindocs"))
}

// providerSchema gives the path of the provider's schema as JSON.
func providerSchema(ctx context.Context, w workspace, s setUp) (string, error) {
	dir := w.dev("schema")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	main := fmt.Sprintf("terraform {\n  required_providers {\n    mlops = { source = %q }\n  }\n}\n", providerSource)
	if err := os.WriteFile(filepath.Join(dir, "main.tf"), []byte(main), 0o644); err != nil {
		return "", err
	}
	// A lock file would pin an earlier build of the same version.
	if err := os.RemoveAll(filepath.Join(dir, ".terraform.lock.hcl")); err != nil {
		return "", err
	}
	initialise := step.Command(ctx, s.terraform, "init", "-input=false", "-no-color")
	initialise.Dir, initialise.Env = dir, s.environ()
	if err := step.Logged(initialise, w.log("schema-init")); err != nil {
		return "", err
	}
	show := step.Command(ctx, s.terraform, "providers", "schema", "-json")
	show.Dir, show.Env = dir, s.environ()
	out, err := step.Output(show)
	if err != nil {
		return "", err
	}
	var schemas struct {
		FormatVersion string                     `json:"format_version"`
		Providers     map[string]json.RawMessage `json:"provider_schemas"`
	}
	if err := json.Unmarshal([]byte(out), &schemas); err != nil {
		return "", err
	}
	for name, schema := range schemas.Providers {
		delete(schemas.Providers, name)
		schemas.Providers[filepath.Base(name)] = schema
	}
	content, err := json.Marshal(schemas)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "schema.json")
	return path, os.WriteFile(path, content, 0o644)
}

// readTree reads all files below a folder, by their paths in it; none when there is no folder.
func readTree(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	if _, err := os.Stat(root); err != nil {
		return files, nil //nolint:nilerr // no folder, no files
	}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		files[name], err = os.ReadFile(path)
		return err
	})
	return files, err
}
